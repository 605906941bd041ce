/* libdispatch: semaphores and groups. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

#include "locks.h"

#define HERE __builtin_frame_address(0)
#define CALLER __builtin_return_address(0)

typedef uint64_t dispatch_time;
#define DISPATCH_FOREVER UINT64_MAX

static struct {
  void *(*semaphore_create)(intptr_t);
  intptr_t (*semaphore_wait)(void *, dispatch_time), (*semaphore_signal)(void *);
  intptr_t (*group_wait)(void *, dispatch_time);
  void (*group_leave)(void *);
  dispatch_time (*time)(dispatch_time, int64_t);
} next;

__attribute__((noinline, cold)) void probe_dispatch_start(void) {
  if (next.semaphore_wait) return;
  next.semaphore_create = dlsym(RTLD_NEXT, "dispatch_semaphore_create");
  next.semaphore_signal = dlsym(RTLD_NEXT, "dispatch_semaphore_signal");
  next.group_wait = dlsym(RTLD_NEXT, "dispatch_group_wait");
  next.group_leave = dlsym(RTLD_NEXT, "dispatch_group_leave");
  next.time = dlsym(RTLD_NEXT, "dispatch_time");
  __atomic_store_n(&next.semaphore_wait, dlsym(RTLD_NEXT, "dispatch_semaphore_wait"),
                   __ATOMIC_RELEASE);
}
#define RESOLVED (__builtin_expect(!next.semaphore_wait, 0) ? probe_dispatch_start() : (void)0)

/* ms from now until a time of dispatch: two bits name its clock, wall times are negative. */
static uint64_t limit_of(dispatch_time until) {
  if (until == DISPATCH_FOREVER) return PROBE_NO_LIMIT;
  uint64_t clock = until >> 62;
  uint64_t ns = clock == 3 ? -until : until & ~(UINT64_C(1) << 63);
  struct timespec then = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
  return probe_limit(clock == 3 ? CLOCK_REALTIME : clock == 2 ? CLOCK_BOOTTIME : CLOCK_MONOTONIC, &then);
}

/* ---- semaphores ---- */

/* What is known of semaphores, by address; the latest to be made at one counts. */
struct semaphore {
  uintptr_t address; /* atomic; 0: none */
  int32_t permits;   /* that it was made with, or given by who made it before anybody waited */
  uint32_t maker;    /* tid */
  uint8_t is_waited_for;
  uint8_t is_told;
  const void *callers[2];
};
enum { SEMAPHORE_COUNT = 4096, SEMAPHORE_TRIES = 8 };
static struct semaphore semaphores[SEMAPHORE_COUNT];

static struct semaphore *slot(const void *address, bool new) {
  uintptr_t number = (uintptr_t)address, hash = (number >> 4) * 0x9e3779b97f4a7c15u >> 40;
  for (uintptr_t i = 0; i < SEMAPHORE_TRIES; i++) {
    struct semaphore *found = &semaphores[(hash + i) % SEMAPHORE_COUNT];
    uintptr_t it = __atomic_load_n(&found->address, __ATOMIC_ACQUIRE);
    if (it == number) return found;
    if (!it && !new) return NULL;
    if (!it && __atomic_compare_exchange_n(&found->address, &it, number, false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_RELAXED))
      return found;
  }
  if (!new) return NULL;
  struct semaphore *any = &semaphores[hash % SEMAPHORE_COUNT];
  __atomic_store_n(&any->address, number, __ATOMIC_RELEASE);
  return any;
}

static uint32_t own_tid(void) {
  struct probe_holder *own = probe_holder();
  return own ? own->tid : 0;
}

PROBE_EXPORTED void *dispatch_semaphore_create(intptr_t permits) {
  RESOLVED;
  void *semaphore = next.semaphore_create(permits);
  if (!probe_is_on || !semaphore || !probe_is_watched(CALLER)) return semaphore;
  struct semaphore *known = slot(semaphore, true);
  known->permits = permits < INT32_MAX ? (int32_t)permits : INT32_MAX;
  known->maker = own_tid();
  known->is_waited_for = known->is_told = 0;
  const void *pcs[2] = {NULL, NULL};
  probe_walk(HERE, pcs, 2);
  known->callers[0] = pcs[0];
  known->callers[1] = pcs[1];
  return semaphore;
}

/* Whether takes of it are holds: one without permits of its own is a signal, given by others. */
static bool has_permits(const struct semaphore *known) { return !known || known->permits > 0; }

static void tell(const void *semaphore, struct semaphore *known) {
  if (!known || __atomic_exchange_n(&known->is_told, 1, __ATOMIC_ACQ_REL)) return;
  size_t count = known->callers[0] ? known->callers[1] ? 2 : 1 : 0;
  probe_record_semaphore((uint64_t)(uintptr_t)semaphore, (uint64_t)known->permits,
                         probe_stack(known->callers, count, count));
}

static intptr_t wait_slowly(void *semaphore, struct semaphore *known, dispatch_time until,
                            const void *frame, bool *told) {
  if (next.time && limit_of(until) > 1) {
    intptr_t result = next.semaphore_wait(semaphore, next.time(0, PROBE_SHORT_NS));
    if (result == 0) return 0;
  }
  tell(semaphore, known);
  if (has_permits(known)) probe_tell_holders(semaphore, 0);
  uint32_t stack = probe_wait_begins(semaphore, CORONER_OP_ACQUIRE, limit_of(until), frame);
  intptr_t result = next.semaphore_wait(semaphore, until);
  probe_wait_ends(semaphore);
  *told = result == 0 && has_permits(known);
  if (*told) probe_record_taken((uint64_t)(uintptr_t)semaphore, stack);
  return result;
}

PROBE_EXPORTED intptr_t dispatch_semaphore_wait(void *semaphore, dispatch_time until) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER)) return next.semaphore_wait(semaphore, until);
  struct semaphore *known = slot(semaphore, false);
  if (known) known->is_waited_for = 1;
  bool told = false;
  intptr_t result = next.semaphore_wait(semaphore, 0);
  if (result != 0 && until != 0) result = wait_slowly(semaphore, known, until, HERE, &told);
  if (result == 0 && has_permits(known)) probe_took(semaphore, HERE, told);
  return result;
}

PROBE_EXPORTED intptr_t dispatch_semaphore_signal(void *semaphore) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER)) return next.semaphore_signal(semaphore);
  struct semaphore *known = slot(semaphore, false);
  if (known && !known->is_waited_for && !known->is_told && known->maker == own_tid()) {
    known->permits++;
  } else if (!has_permits(known) || !probe_gave_back(semaphore, true, HERE)) {
    tell(semaphore, known);
    probe_record_given_back((uint64_t)(uintptr_t)semaphore, probe_stack_near(HERE));
  }
  return next.semaphore_signal(semaphore);
}

/* ---- groups ---- */

PROBE_EXPORTED intptr_t dispatch_group_wait(void *group, dispatch_time until) {
  RESOLVED;
  if (!probe_is_on || until == 0 || !probe_is_watched(CALLER)) return next.group_wait(group, until);
  intptr_t result = next.group_wait(group, 0);
  if (result == 0) return 0;
  probe_record_group((uint64_t)(uintptr_t)group, 0);
  probe_wait_begins(group, CORONER_OP_GROUP, limit_of(until), HERE);
  result = next.group_wait(group, until);
  probe_wait_ends(group);
  return result;
}
