/* What may come from outside of the process: descriptors that are watched, timers, signals. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "locks.h"
#include "memory.h"

#define HERE __builtin_frame_address(0)
#define CALLER __builtin_return_address(0)

typedef uint64_t dispatch_time;

static struct {
  int (*epoll_ctl)(int, int, int, struct epoll_event *);
  int (*timerfd_settime)(int, int, const struct itimerspec *, struct itimerspec *);
  void *(*source_create)(const void *, uintptr_t, uintptr_t, void *);
  void (*source_set_timer)(void *, dispatch_time, uint64_t, uint64_t);
  void (*source_cancel)(void *);
  uintptr_t (*source_handle)(void *);
  void (*after)(dispatch_time, void *, void *);
  void (*main)(void);
  const void *read, *write, *signal, *timer; /* types of sources */
  void *(*io_create)(unsigned long, int, void *, void *);
  void (*read_once)(int, size_t, void *, void *), (*write_once)(int, void *, void *, void *);
  int (*sigaction)(int, const struct sigaction *, struct sigaction *);
  void (*(*set_signal)(int, void (*)(int)))(int);
} next;

__attribute__((noinline, cold)) void probe_outside_start(void) {
  if (next.epoll_ctl) return;
  next.timerfd_settime = dlsym(RTLD_NEXT, "timerfd_settime");
  next.io_create = probe_next("dispatch_io_create", NULL);
  next.read_once = probe_next("dispatch_read", NULL);
  next.write_once = probe_next("dispatch_write", NULL);
  next.sigaction = dlsym(RTLD_NEXT, "sigaction");
  next.set_signal = dlsym(RTLD_NEXT, "signal");
  __atomic_store_n(&next.epoll_ctl, dlsym(RTLD_NEXT, "epoll_ctl"), __ATOMIC_RELEASE);
}
#define RESOLVED (__builtin_expect(!next.epoll_ctl, 0) ? probe_outside_start() : (void)0)

/* libdispatch may be loaded later than the rest is needed. */
__attribute__((noinline, cold)) static void find_dispatch(void) {
  next.source_set_timer = probe_next("dispatch_source_set_timer", NULL);
  next.source_cancel = probe_next("dispatch_source_cancel", NULL);
  next.source_handle = probe_next("dispatch_source_get_handle", NULL);
  next.after = probe_next("dispatch_after", NULL);
  next.main = probe_next("dispatch_main", NULL);
  next.read = probe_next("_dispatch_source_type_read", NULL);
  next.write = probe_next("_dispatch_source_type_write", NULL);
  next.signal = probe_next("_dispatch_source_type_signal", NULL);
  next.timer = probe_next("_dispatch_source_type_timer", NULL);
  __atomic_store_n(&next.source_create, probe_next("dispatch_source_create", NULL), __ATOMIC_RELEASE);
}
#define DISPATCH_RESOLVED (__builtin_expect(!next.source_create, 0) ? find_dispatch() : (void)0)

/* Numbers of what is no descriptor, among those of descriptors and timers. */
#define TIMER_DESCRIPTOR (UINT64_C(1) << 61)
#define DELAYED_BLOCK (UINT64_C(1) << 60)

/* Longer than this, nobody waits for a timer. */
#define LONGEST_MS (UINT64_C(24) * 3600 * 1000)

static void arm(uint64_t timer, uint64_t loop, uint64_t ms) {
  if (ms > LONGEST_MS)
    probe_record_timer(timer, loop, false, 0);
  else
    probe_record_timer(timer, loop, true, (uint32_t)ms);
}

/* The set of descriptors that each timer's descriptor is in, + 1; as far as they have small numbers. */
enum { SMALL = 4096 };
static uint32_t set_of_timer[SMALL]; /* atomic */

static uint64_t loop_of_timer(int descriptor) {
  if (descriptor < 0 || descriptor >= SMALL) return 0;
  uint32_t set = __atomic_load_n(&set_of_timer[descriptor], __ATOMIC_RELAXED);
  return set ? PROBE_LOOP(set - 1) : 0;
}

/* ---- descriptors ---- */

bool probe_is_internal(int descriptor) {
  struct stat status;
  int saved = errno;
  char path[32], target[32] = "";
  bool internal = false;
  if (fstat(descriptor, &status) == 0 && (status.st_mode & S_IFMT) == 0) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(path, target, sizeof target - 1);
    internal = length > 0 && (!strcmp(target, "anon_inode:[eventfd]") ||
                              !strcmp(target, "anon_inode:[timerfd]") ||
                              !strcmp(target, "anon_inode:[eventpoll]"));
  }
  errno = saved;
  return internal;
}

static bool listens(int descriptor) {
  int saved = errno, answer = 0;
  socklen_t size = sizeof answer;
  bool yes = getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &answer, &size) == 0 && answer;
  errno = saved;
  return yes;
}

static void note_epoll(int set, int operation, int descriptor, uint32_t events) {
  uint64_t loop = PROBE_LOOP(set);
  bool reads = operation != EPOLL_CTL_DEL && events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI);
  bool writes = operation != EPOLL_CTL_DEL && events & EPOLLOUT;
  if (operation == EPOLL_CTL_ADD && probe_is_internal(descriptor)) {
    if (descriptor < SMALL)
      __atomic_store_n(&set_of_timer[descriptor], (uint32_t)set + 1, __ATOMIC_RELAXED);
    return;
  }
  uint32_t extra = operation == EPOLL_CTL_ADD && listens(descriptor) ? CORONER_IO_LISTEN : 0;
  /* A descriptor can always fail or hang up: who watches it for nothing still hears of that. */
  if (reads || (operation != EPOLL_CTL_DEL && !writes))
    probe_record_descriptor((uint64_t)descriptor, loop, true, CORONER_IO_READ | extra);
  else if (operation != EPOLL_CTL_ADD)
    probe_record_descriptor((uint64_t)descriptor, loop, false, CORONER_IO_READ);
  if (writes)
    probe_record_descriptor((uint64_t)descriptor, loop, true, CORONER_IO_WRITE);
  else if (operation != EPOLL_CTL_ADD)
    probe_record_descriptor((uint64_t)descriptor, loop, false, CORONER_IO_WRITE);
}

PROBE_EXPORTED int epoll_ctl(int set, int operation, int descriptor, struct epoll_event *event) {
  RESOLVED;
  if (probe_is_on) probe_note_set(set);
  if (!probe_is_on || probe_has_python || !probe_is_watched(CALLER))
    return next.epoll_ctl(set, operation, descriptor, event);
  uint32_t events = event && operation != EPOLL_CTL_DEL ? event->events : 0;
  /* Before it is in force: another thread may hear of it at once. */
  if (operation != EPOLL_CTL_DEL) note_epoll(set, operation, descriptor, events);
  int result = next.epoll_ctl(set, operation, descriptor, event);
  if (operation == EPOLL_CTL_DEL && result == 0) note_epoll(set, operation, descriptor, events);
  return result;
}

/* ---- timers ---- */

PROBE_EXPORTED int timerfd_settime(int descriptor, int flags, const struct itimerspec *new,
                                   struct itimerspec *old) {
  RESOLVED;
  int result = next.timerfd_settime(descriptor, flags, new, old);
  if (!probe_is_on || result != 0 || !probe_is_watched(CALLER)) return result;
  uint64_t timer = TIMER_DESCRIPTOR | (uint64_t)descriptor, loop = loop_of_timer(descriptor);
  bool repeats = new->it_interval.tv_sec || new->it_interval.tv_nsec;
  if (!new->it_value.tv_sec && !new->it_value.tv_nsec)
    probe_record_timer(timer, loop, false, 0);
  else if (flags & TFD_TIMER_ABSTIME)
    arm(timer, loop, probe_limit(CLOCK_MONOTONIC, &new->it_value));
  else
    arm(timer, loop,
        (uint64_t)new->it_value.tv_sec * 1000 + (uint64_t)new->it_value.tv_nsec / 1000000 + 1);
  if (repeats) probe_record_descriptor(timer, loop, true, CORONER_IO_READ);
  return result;
}

PROBE_EXPORTED void dispatch_after(dispatch_time when, void *queue, void *block) {
  DISPATCH_RESOLVED;
  if (probe_is_on && probe_is_watched(CALLER)) {
    static uint64_t count;
    arm(DELAYED_BLOCK | __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED), 0,
        probe_dispatch_limit(when));
  }
  next.after(when, queue, block);
}

/* ---- dispatch sources ---- */

PROBE_EXPORTED void *dispatch_source_create(const void *type, uintptr_t handle, uintptr_t mask,
                                            void *queue) {
  DISPATCH_RESOLVED;
  void *source = next.source_create(type, handle, mask, queue);
  if (!probe_is_on || !source || !probe_is_watched(CALLER)) return source;
  struct probe_object *known = probe_object(source, true);
  if (!known) return source;
  known->permits = 0;
  if (type == next.read || type == next.write) {
    known->permits = type == next.read ? CORONER_IO_READ : CORONER_IO_WRITE;
    uint32_t extra = listens((int)handle) ? CORONER_IO_LISTEN : 0;
    probe_record_descriptor(handle, 0, true, (uint32_t)known->permits | extra);
  } else if (type == next.signal) {
    known->permits = -1;
    probe_record_signal((uint32_t)handle, true);
  }
  return source;
}

PROBE_EXPORTED void dispatch_source_set_timer(void *source, dispatch_time start, uint64_t interval,
                                              uint64_t leeway) {
  DISPATCH_RESOLVED;
  if (probe_is_on && probe_is_watched(CALLER) && !probe_looks_at_test(HERE)) {
    arm((uint64_t)(uintptr_t)source, 0, probe_dispatch_limit(start));
    /* One that repeats is like a descriptor that may always be ready. */
    bool repeats = start != UINT64_MAX && interval < UINT64_MAX / 2 && interval > 0;
    probe_record_descriptor((uint64_t)(uintptr_t)source, 0, repeats, CORONER_IO_READ);
  }
  next.source_set_timer(source, start, interval, leeway);
}

PROBE_EXPORTED void dispatch_source_cancel(void *source) {
  DISPATCH_RESOLVED;
  if (probe_is_on && next.source_handle && probe_is_watched(CALLER)) {
    struct probe_object *known = probe_object(source, false);
    uint64_t handle = next.source_handle(source);
    if (known && known->permits > 0)
      probe_record_descriptor(handle, 0, false, (uint32_t)known->permits);
    else if (known && known->permits < 0)
      probe_record_signal((uint32_t)handle, false);
    else {
      probe_record_timer((uint64_t)(uintptr_t)source, 0, false, 0);
      probe_record_descriptor((uint64_t)(uintptr_t)source, 0, false, CORONER_IO_READ);
    }
  }
  next.source_cancel(source);
}

/* ---- libdispatch's own reading and writing: when it is over is not asked ---- */

PROBE_EXPORTED void *dispatch_io_create(unsigned long type, int descriptor, void *queue, void *end) {
  RESOLVED;
  if (probe_is_on && probe_is_watched(CALLER))
    probe_record_descriptor((uint64_t)descriptor, 0, true, CORONER_IO_READ);
  return next.io_create(type, descriptor, queue, end);
}

PROBE_EXPORTED void dispatch_read(int descriptor, size_t length, void *queue, void *end) {
  RESOLVED;
  if (probe_is_on && probe_is_watched(CALLER))
    probe_record_descriptor((uint64_t)descriptor, 0, true, CORONER_IO_READ);
  next.read_once(descriptor, length, queue, end);
}

PROBE_EXPORTED void dispatch_write(int descriptor, void *data, void *queue, void *end) {
  RESOLVED;
  if (probe_is_on && probe_is_watched(CALLER))
    probe_record_descriptor((uint64_t)descriptor, 0, true, CORONER_IO_WRITE);
  next.write_once(descriptor, data, queue, end);
}

/* ---- signals ---- */

/* That one is taken away again is not told: a handler may do that, in the middle of anything. */
static void note_signal(int number, void (*handler)(int), const void *caller) {
  if (!probe_is_on || probe_has_python || handler == SIG_DFL || handler == SIG_IGN) return;
  switch (number) {
  /* What a program has done to itself. */
  case SIGSEGV: case SIGBUS: case SIGILL: case SIGFPE: case SIGABRT: case SIGTRAP: case SIGSYS: case SIGPIPE:
    return;
  default:
    if (probe_is_watched(caller)) probe_record_signal((uint32_t)number, true);
  }
}

PROBE_EXPORTED int sigaction(int number, const struct sigaction *new, struct sigaction *old) {
  RESOLVED;
  int result = next.sigaction(number, new, old);
  if (new && result == 0) note_signal(number, new->sa_handler, CALLER);
  return result;
}

PROBE_EXPORTED void (*signal(int number, void (*handler)(int)))(int) {
  RESOLVED;
  void (*before)(int) = next.set_signal(number, handler);
  if (before != SIG_ERR) note_signal(number, handler, CALLER);
  return before;
}

/* The main thread's last act: it sleeps from now on. */
PROBE_EXPORTED void dispatch_main(void) {
  DISPATCH_RESOLVED;
  if (probe_is_on) probe_record_rest(0, UINT32_MAX);
  probe_gone_thread = (uint32_t)gettid();
  next.main();
}
