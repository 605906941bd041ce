/* Threads that rest until there is work: event loops, run loops, libdispatch's manager. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "locks.h"
#include "next.h"

#define HERE __builtin_frame_address(0)
#define CALLER __builtin_return_address(0)

#define RESTS(X) X(epoll_pwait) X(poll) X(ppoll)
PROBE_NEXT(RESTS, epoll_wait, probe_rests_start)

/* The thread comes to a set of descriptors: the loop to tell of, 0 none. */
static uint64_t come_to(int set, const void *caller) {
  struct probe_holder *own = probe_own_holder;
  uint64_t loop = probe_is_dispatch(caller) ? 0 : PROBE_LOOP(set);
  if (loop != own->loop) {
    probe_watch_start();
    if (own->loop) probe_record_loop(own->loop, false);
    if (loop) probe_record_loop(loop, true);
    own->loop = loop;
  }
  own->looped = probe_coarse_now;
  return loop;
}

/* A loop with so much to do that it never rests says so now and then. */
static void pass_by(int set, const void *caller) {
  struct probe_holder *own = probe_own_holder;
  if (!own || !probe_may_rest() || probe_is_dispatch(caller)) return;
  if (own->loop == PROBE_LOOP(set) && own->looped == probe_coarse_now) return;
  probe_record_rest_end(come_to(set, caller), 0);
}

PROBE_EXPORTED int epoll_wait(int set, struct epoll_event *events, int count, int timeout) {
  resolve();
  if (!probe_is_on) return next.epoll_wait(set, events, count, timeout);
  if (timeout == 0 || !probe_may_rest()) {
    pass_by(set, CALLER);
    return next.epoll_wait(set, events, count, timeout);
  }
  uint64_t loop = come_to(set, CALLER);
  probe_record_rest(loop, timeout < 0 ? UINT32_MAX : (uint32_t)timeout);
  int result = PROBE_STANDS(next.epoll_wait(set, events, count, timeout));
  int saved = errno;
  probe_record_rest_end(loop, result > 0 ? (uint32_t)result : 0);
  errno = saved;
  return result;
}

PROBE_EXPORTED int epoll_pwait(int set, struct epoll_event *events, int count, int timeout,
                               const sigset_t *mask) {
  resolve();
  if (!probe_is_on) return next.epoll_pwait(set, events, count, timeout, mask);
  if (timeout == 0 || !probe_may_rest()) {
    pass_by(set, CALLER);
    return next.epoll_pwait(set, events, count, timeout, mask);
  }
  uint64_t loop = come_to(set, CALLER);
  probe_record_rest(loop, timeout < 0 ? UINT32_MAX : (uint32_t)timeout);
  int result = PROBE_STANDS(next.epoll_pwait(set, events, count, timeout, mask));
  int saved = errno;
  probe_record_rest_end(loop, result > 0 ? (uint32_t)result : 0);
  errno = saved;
  return result;
}

/* A run loop polls its own wake-up descriptors; who polls a socket waits for the outside. */
static bool rests(const struct pollfd *descriptors, nfds_t count) {
  if (count == 0 || count > 4 || !probe_may_rest()) return false;
  for (nfds_t i = 0; i < count; i++)
    if (descriptors[i].fd >= 0 && !probe_is_internal(descriptors[i].fd)) return false;
  return true;
}

PROBE_EXPORTED int poll(struct pollfd *descriptors, nfds_t count, int timeout) {
  resolve();
  if (!probe_is_on || timeout == 0) return next.poll(descriptors, count, timeout);
  if (count && probe_task_here() && probe_is_watched(CALLER)) {
    const void *first = (const void *)(UINT64_C(1) << 58 | (uint32_t)descriptors[0].fd);
    probe_wait_begins(first, CORONER_OP_READ, timeout < 0 ? PROBE_NO_LIMIT : (uint64_t)timeout, HERE);
    int result = PROBE_STANDS(next.poll(descriptors, count, timeout));
    probe_wait_ends(first);
    return result;
  }
  if (!rests(descriptors, count)) return PROBE_STANDS(next.poll(descriptors, count, timeout));
  probe_record_rest(0, timeout < 0 ? UINT32_MAX : (uint32_t)timeout);
  int result = PROBE_STANDS(next.poll(descriptors, count, timeout));
  probe_record_rest_end(0, result > 0 ? (uint32_t)result : 0);
  return result;
}

PROBE_EXPORTED int ppoll(struct pollfd *descriptors, nfds_t count, const struct timespec *timeout,
                         const sigset_t *mask) {
  resolve();
  bool at_once = timeout && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
  if (!probe_is_on || at_once) return next.ppoll(descriptors, count, timeout, mask);
  if (!rests(descriptors, count)) return PROBE_STANDS(next.ppoll(descriptors, count, timeout, mask));
  bool is_long = !timeout || timeout->tv_sec >= 4000000;
  probe_record_rest(0, is_long ? UINT32_MAX
                            : (uint32_t)(timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000));
  int result = PROBE_STANDS(next.ppoll(descriptors, count, timeout, mask));
  probe_record_rest_end(0, result > 0 ? (uint32_t)result : 0);
  return result;
}
