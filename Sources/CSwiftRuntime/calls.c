/* Calls into the kernel that block: told where a task makes them, for others need its thread. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "locks.h"

#define HERE __builtin_frame_address(0)

static struct {
  int (*nanosleep)(const struct timespec *, struct timespec *);
  int (*clock_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);
  int (*usleep)(useconds_t);
  unsigned (*sleep)(unsigned);
  ssize_t (*read)(int, void *, size_t), (*readv)(int, const struct iovec *, int);
  ssize_t (*recv)(int, void *, size_t, int);
  ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
  ssize_t (*recvmsg)(int, struct msghdr *, int);
  int (*accept)(int, struct sockaddr *, socklen_t *), (*accept4)(int, struct sockaddr *, socklen_t *, int);
  int (*connect)(int, const struct sockaddr *, socklen_t);
  pid_t (*waitpid)(pid_t, int *, int), (*wait4)(pid_t, int *, int, struct rusage *);
  int (*waitid)(idtype_t, id_t, siginfo_t *, int);
  int (*select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
  int (*poll)(struct pollfd *, nfds_t, int);
} next;

__attribute__((noinline, cold)) void probe_calls_start(void) {
  if (next.read) return;
#define FIND(name) next.name = dlsym(RTLD_NEXT, #name)
  FIND(nanosleep);
  FIND(clock_nanosleep);
  FIND(usleep);
  FIND(sleep);
  FIND(readv);
  FIND(recv);
  FIND(recvfrom);
  FIND(recvmsg);
  FIND(accept);
  FIND(accept4);
  FIND(connect);
  FIND(waitpid);
  FIND(wait4);
  FIND(waitid);
  FIND(select);
  FIND(poll);
  __atomic_store_n(&next.read, dlsym(RTLD_NEXT, "read"), __ATOMIC_RELEASE);
}
#define RESOLVED (__builtin_expect(!next.read, 0) ? probe_calls_start() : (void)0)

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
  RESOLVED;
  if (!IS_TOLD) return PROBE_STANDS(next.nanosleep(time, rest));
  return TOLD(SLEEP, CORONER_OP_SLEEP, ms(time), next.nanosleep(time, rest));
}

PROBE_EXPORTED int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time,
                                   struct timespec *rest) {
  RESOLVED;
  if (!IS_TOLD) return PROBE_STANDS(next.clock_nanosleep(clock, flags, time, rest));
  uint64_t limit = flags & TIMER_ABSTIME ? probe_limit(clock, time) : ms(time);
  return TOLD(SLEEP, CORONER_OP_SLEEP, limit, next.clock_nanosleep(clock, flags, time, rest));
}

PROBE_EXPORTED int usleep(useconds_t time) {
  RESOLVED;
  if (!IS_TOLD) return PROBE_STANDS(next.usleep(time));
  return TOLD(SLEEP, CORONER_OP_SLEEP, (uint64_t)time / 1000 + 1, next.usleep(time));
}

PROBE_EXPORTED unsigned sleep(unsigned time) {
  RESOLVED;
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
  RESOLVED;
  READS(next.read(descriptor, buffer, size));
}

PROBE_EXPORTED ssize_t readv(int descriptor, const struct iovec *parts, int count) {
  RESOLVED;
  READS(next.readv(descriptor, parts, count));
}

PROBE_EXPORTED ssize_t recv(int descriptor, void *buffer, size_t size, int flags) {
  RESOLVED;
  READS(next.recv(descriptor, buffer, size, flags));
}

PROBE_EXPORTED ssize_t recvfrom(int descriptor, void *buffer, size_t size, int flags,
                                struct sockaddr *address, socklen_t *length) {
  RESOLVED;
  READS(next.recvfrom(descriptor, buffer, size, flags, address, length));
}

PROBE_EXPORTED ssize_t recvmsg(int descriptor, struct msghdr *message, int flags) {
  RESOLVED;
  READS(next.recvmsg(descriptor, message, flags));
}

PROBE_EXPORTED int accept(int descriptor, struct sockaddr *address, socklen_t *length) {
  RESOLVED;
  if (!IS_TOLD || !blocks(descriptor, POLLIN)) return PROBE_STANDS(next.accept(descriptor, address, length));
  return TOLD(DESCRIPTOR(descriptor), CORONER_OP_ACCEPT, PROBE_NO_LIMIT,
              next.accept(descriptor, address, length));
}

PROBE_EXPORTED int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags) {
  RESOLVED;
  if (!IS_TOLD || !blocks(descriptor, POLLIN))
    return PROBE_STANDS(next.accept4(descriptor, address, length, flags));
  return TOLD(DESCRIPTOR(descriptor), CORONER_OP_ACCEPT, PROBE_NO_LIMIT,
              next.accept4(descriptor, address, length, flags));
}

PROBE_EXPORTED int connect(int descriptor, const struct sockaddr *address, socklen_t length) {
  RESOLVED;
  if (!IS_TOLD) return PROBE_STANDS(next.connect(descriptor, address, length));
  return TOLD(DESCRIPTOR(descriptor), CORONER_OP_CONNECT, PROBE_NO_LIMIT,
              next.connect(descriptor, address, length));
}

PROBE_EXPORTED int select(int count, fd_set *read, fd_set *write, fd_set *other,
                          struct timeval *limit) {
  RESOLVED;
  bool at_once = limit && !limit->tv_sec && !limit->tv_usec;
  if (at_once || !IS_TOLD) return PROBE_STANDS(next.select(count, read, write, other, limit));
  uint64_t time = limit ? (uint64_t)limit->tv_sec * 1000 + (uint64_t)limit->tv_usec / 1000 + 1
                        : PROBE_NO_LIMIT;
  return TOLD(DESCRIPTOR(count), CORONER_OP_READ, time, next.select(count, read, write, other, limit));
}

/* ---- children ---- */

PROBE_EXPORTED pid_t waitpid(pid_t child, int *status, int options) {
  RESOLVED;
  if (options & WNOHANG || !IS_TOLD) return PROBE_STANDS(next.waitpid(child, status, options));
  return TOLD(CHILD(child), CORONER_OP_PROCESS, PROBE_NO_LIMIT, next.waitpid(child, status, options));
}

PROBE_EXPORTED pid_t wait4(pid_t child, int *status, int options, struct rusage *usage) {
  RESOLVED;
  if (options & WNOHANG || !IS_TOLD) return PROBE_STANDS(next.wait4(child, status, options, usage));
  return TOLD(CHILD(child), CORONER_OP_PROCESS, PROBE_NO_LIMIT,
              next.wait4(child, status, options, usage));
}

PROBE_EXPORTED int waitid(idtype_t type, id_t child, siginfo_t *info, int options) {
  RESOLVED;
  if (options & WNOHANG || !IS_TOLD) return PROBE_STANDS(next.waitid(type, child, info, options));
  return TOLD(CHILD(child), CORONER_OP_PROCESS, PROBE_NO_LIMIT,
              next.waitid(type, child, info, options));
}
