/* Waits in the kernel by libc's syscall(): Synchronization.Mutex, and whatever else builds on futexes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "locks.h"

/* All arguments are passed on, however many the caller gave: reading the others does no harm. */
typedef long (*syscall_function)(long, long, long, long, long, long, long);
static syscall_function next;

__attribute__((noinline, cold)) void probe_futexes_start(void) {
  if (!next) next = (syscall_function)dlsym(RTLD_NEXT, "syscall");
}

/* A lock whose word says who has it. It is taken without a wait where this is not seen: so who waits for it says
 * who has it. */
static long lock(long *word, long operation, long value, const struct timespec *until, long f,
                 long g, const void *frame) {
  /* This operation's limit is a time of day. */
  if (!until) {
    struct timespec shortly;
    clock_gettime(CLOCK_REALTIME, &shortly);
    shortly.tv_nsec += PROBE_SHORT_NS;
    if (shortly.tv_nsec >= 1000000000) shortly.tv_nsec -= 1000000000, shortly.tv_sec++;
    long result = next(SYS_futex, (long)word, operation, value, (long)&shortly, f, g);
    if (result == 0 || errno != ETIMEDOUT) return result;
  }
  uint32_t owner = __atomic_load_n((uint32_t *)word, __ATOMIC_RELAXED) & FUTEX_TID_MASK;
  if (owner) probe_tell_holders(word, owner);
  if (probe_is_core(((const void *const *)frame)[1])) probe_record_name((uint64_t)word, "a global's initialiser");
  uint32_t stack = probe_wait_begins(word, CORONER_OP_ACQUIRE, probe_limit(CLOCK_REALTIME, until), frame);
  long result = PROBE_STANDS(next(SYS_futex, (long)word, operation, value, (long)until, f, g));
  probe_wait_ends(word);
  if (result == 0) probe_has_now(word, stack);
  return result;
}

static uint64_t limit_of(long command, long operation, const struct timespec *until) {
  if (!until) return PROBE_NO_LIMIT;
  if (command == FUTEX_WAIT) return (uint64_t)until->tv_sec * 1000 + (uint64_t)until->tv_nsec / 1000000 + 1;
  return probe_limit(operation & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, until);
}

static long futex(long word, long operation, long value, long limit, long f, long g,
                  const void *frame) {
  long command = operation & FUTEX_CMD_MASK;
  const struct timespec *until = (const struct timespec *)limit;
  if (command == FUTEX_LOCK_PI) return lock((long *)word, operation, value, until, f, g, frame);
  if (!probe_knows_dispatch() || __atomic_load_n((uint32_t *)word, __ATOMIC_RELAXED) != (uint32_t)value)
    return next(SYS_futex, word, operation, value, limit, f, g);
  probe_wait_begins((const void *)word, CORONER_OP_EVENT_WAIT, limit_of(command, operation, until), frame);
  long result = PROBE_STANDS(next(SYS_futex, word, operation, value, limit, f, g));
  probe_wait_ends((const void *)word);
  return result;
}

static bool waits(long operation) {
  long command = operation & FUTEX_CMD_MASK;
  return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI;
}

/* Globals are made at their first use, by the runtime: who comes meanwhile waits for a lock of it, called for by code of
 * the program. Other locks of the runtime are its own affair. */
static bool waits_for_global(long operation, const void *frame) {
  const uintptr_t *inner = frame, *outer = (const uintptr_t *)inner[0];
  bool is_near = (uintptr_t)outer - (uintptr_t)inner - 1 < 512 && (uintptr_t)outer % sizeof(void *) == 0;
  return (operation & FUTEX_CMD_MASK) == FUTEX_LOCK_PI && is_near && probe_is_watched((const void *)outer[1]);
}

static bool is_told(long operation, const void *caller, const void *frame) {
  if (!probe_is_on || !waits(operation)) return false;
  return probe_is_watched(caller) || (probe_is_core(caller) && waits_for_global(operation, frame));
}

/* Under another name here: libc declares it with arguments of any number. */
PROBE_EXPORTED long probe_syscall(long number, long a, long b, long c, long d, long e, long f)
    __asm__("syscall");
long probe_syscall(long number, long a, long b, long c, long d, long e, long f) {
  if (__builtin_expect(!next, 0)) probe_futexes_start();
  if (number == SYS_futex && is_told(b, __builtin_return_address(0), __builtin_frame_address(0)))
    return futex(a, b, c, d, e, f, __builtin_frame_address(0));
  return next(number, a, b, c, d, e, f);
}
