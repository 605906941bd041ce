/* Calls into the kernel that block: told where a task makes them, for others need its thread. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "locks.h"
#include "next.h"

#define HERE __builtin_frame_address(0)

#define CALLS(X) \
  X(nanosleep) X(clock_nanosleep) X(usleep) X(sleep) \
  X(readv) X(recv) X(recvfrom) X(recvmsg) X(accept) X(accept4) X(connect) \
  X(waitpid) X(wait4) X(waitid) X(select) X(poll)
PROBE_NEXT(CALLS, read, probe_calls_start)

/* Numbers for what is waited for, among those of objects. */
#define DESCRIPTOR(number) ((const void *)(UINT64_C(1) << 58 | (uint32_t)(number)))
#define SLEEP ((const void *)(UINT64_C(1) << 57))
#define CHILD(number) ((const void *)(UINT64_C(1) << 56 | (uint32_t)(number)))

#define IS_TOLD (probe_is_on && probe_task_here() && probe_is_watched(__builtin_return_address(0)))

#define TOLD(resource, operation, limit, call) \
  ({ \
    probe_wait_begins(resource, operation, limit, HERE); \
    __auto_type told_result = PROBE_STANDS(call); \
    probe_wait_ends(resource); \
    told_result; \
  })

/* ---- sleep ---- */

static uint64_t ms(const struct timespec *time) {
  return time ? (uint64_t)time->tv_sec * 1000 + (uint64_t)(time->tv_nsec + 999999) / 1000000 : 0;
}

PROBE_EXPORTED int nanosleep(const struct timespec *time, struct timespec *rest) {
  resolve();
  if (!IS_TOLD) return PROBE_STANDS(next.nanosleep(time, rest));
  return TOLD(SLEEP, CORONER_OP_SLEEP, ms(time), next.nanosleep(time, rest));
}

PROBE_EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                                   struct timespec *rest) {
  resolve();
  if (!IS_TOLD) return PROBE_STANDS(next.clock_nanosleep(clock, flags, time, rest));
  uint64_t limit = flags & TIMER_ABSTIME ? probe_limit(clock, time) : ms(time);
  return TOLD(SLEEP, CORONER_OP_SLEEP, limit, next.clock_nanosleep(clock, flags, time, rest));
}

PROBE_EXPORTED int usleep(useconds_t time) {
  resolve();
  if (!IS_TOLD) return PROBE_STANDS(next.usleep(time));
  return TOLD(SLEEP, CORONER_OP_SLEEP, (uint64_t)time / 1000 + 1, next.usleep(time));
}

PROBE_EXPORTED unsigned sleep(unsigned time) {
  resolve();
  if (!IS_TOLD) return PROBE_STANDS(next.sleep(time));
  return TOLD(SLEEP, CORONER_OP_SLEEP, (uint64_t)time * 1000, next.sleep(time));
}

/* ---- descriptors ---- */

/* Whether a call for it would block, as far as that can be asked. */
static bool blocks(int descriptor, short events) {
  struct pollfd one = {descriptor, events, 0};
  int saved = errno;
  bool none = next.poll(&one, 1, 0) == 0;
  errno = saved;
  return none;
}

#define READS(call) \
  if (!IS_TOLD || !blocks(descriptor, POLLIN)) return PROBE_STANDS(call); \
  return TOLD(DESCRIPTOR(descriptor), CORONER_OP_READ, PROBE_NO_LIMIT, call)

PROBE_EXPORTED ssize_t read(int descriptor, void *buffer, size_t size) {
  resolve();
  READS(next.read(descriptor, buffer, size));
}

PROBE_EXPORTED ssize_t readv(int descriptor, const struct iovec *parts, int count) {
  resolve();
  READS(next.readv(descriptor, parts, count));
}

PROBE_EXPORTED ssize_t recv(int descriptor, void *buffer, size_t size, int flags) {
  resolve();
  READS(next.recv(descriptor, buffer, size, flags));
}

PROBE_EXPORTED ssize_t recvfrom(int descriptor, void *buffer, size_t size, int flags,
                                struct sockaddr *address, socklen_t *length) {
  resolve();
  READS(next.recvfrom(descriptor, buffer, size, flags, address, length));
}

PROBE_EXPORTED ssize_t recvmsg(int descriptor, struct msghdr *message, int flags) {
  resolve();
  READS(next.recvmsg(descriptor, message, flags));
}

PROBE_EXPORTED int accept(int descriptor, struct sockaddr *address, socklen_t *length) {
  resolve();
  if (!IS_TOLD || !blocks(descriptor, POLLIN)) return PROBE_STANDS(next.accept(descriptor, address, length));
  return TOLD(DESCRIPTOR(descriptor), CORONER_OP_ACCEPT, PROBE_NO_LIMIT,
              next.accept(descriptor, address, length));
}

PROBE_EXPORTED int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags) {
  resolve();
  if (!IS_TOLD || !blocks(descriptor, POLLIN))
    return PROBE_STANDS(next.accept4(descriptor, address, length, flags));
  return TOLD(DESCRIPTOR(descriptor), CORONER_OP_ACCEPT, PROBE_NO_LIMIT,
              next.accept4(descriptor, address, length, flags));
}

PROBE_EXPORTED int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
  resolve();
  if (!IS_TOLD) return PROBE_STANDS(next.connect(descriptor, address, length));
  return TOLD(DESCRIPTOR(descriptor), CORONER_OP_CONNECT, PROBE_NO_LIMIT,
              next.connect(descriptor, address, length));
}

PROBE_EXPORTED int select(int count, fd_set *read, fd_set *write, fd_set *other,
                          struct timeval *limit) {
  resolve();
  bool at_once = limit && !limit->tv_sec && !limit->tv_usec;
  if (at_once || !IS_TOLD) return PROBE_STANDS(next.select(count, read, write, other, limit));
  uint64_t time = limit ? (uint64_t)limit->tv_sec * 1000 + (uint64_t)limit->tv_usec / 1000 + 1
                        : PROBE_NO_LIMIT;
  return TOLD(DESCRIPTOR(count), CORONER_OP_READ, time, next.select(count, read, write, other, limit));
}

/* ---- children ---- */

PROBE_EXPORTED pid_t waitpid(pid_t child, int *status, int options) {
  resolve();
  if (options & WNOHANG || !IS_TOLD) return PROBE_STANDS(next.waitpid(child, status, options));
  return TOLD(CHILD(child), CORONER_OP_PROCESS, PROBE_NO_LIMIT, next.waitpid(child, status, options));
}

PROBE_EXPORTED pid_t wait4(pid_t child, int *status, int options, struct rusage *usage) {
  resolve();
  if (options & WNOHANG || !IS_TOLD) return PROBE_STANDS(next.wait4(child, status, options, usage));
  return TOLD(CHILD(child), CORONER_OP_PROCESS, PROBE_NO_LIMIT,
              next.wait4(child, status, options, usage));
}

PROBE_EXPORTED int waitid(idtype_t type, id_t child, siginfo_t *info, int options) {
  resolve();
  if (options & WNOHANG || !IS_TOLD) return PROBE_STANDS(next.waitid(type, child, info, options));
  return TOLD(CHILD(child), CORONER_OP_PROCESS, PROBE_NO_LIMIT,
              next.waitid(type, child, info, options));
}
