/* libdispatch: semaphores, groups, work items. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>

#include "locks.h"

#define HERE __builtin_frame_address(0)
#define CALLER __builtin_return_address(0)

typedef uint64_t dispatch_time;
#define DISPATCH_FOREVER UINT64_MAX

static struct {
  void *(*semaphore_create)(intptr_t);
  intptr_t (*semaphore_wait)(void *, dispatch_time), (*semaphore_signal)(void *);
  void *(*group_create)(void);
  intptr_t (*group_wait)(void *, dispatch_time);
  void (*group_leave)(void *);
  intptr_t (*block_wait)(void *, dispatch_time);
  dispatch_time (*time)(dispatch_time, int64_t);
  void (*release)(void *);
} next;

__attribute__((noinline, cold)) void probe_dispatch_start(void) {
  if (next.semaphore_wait) return;
#define FIND(name) next.name = probe_next("dispatch_" #name, NULL)
  FIND(semaphore_create);
  FIND(semaphore_signal);
  FIND(group_create);
  FIND(group_wait);
  FIND(group_leave);
  FIND(block_wait);
  FIND(time);
  FIND(release);
  __atomic_store_n(&next.semaphore_wait, probe_next("dispatch_semaphore_wait", NULL),
                   __ATOMIC_RELEASE);
}
#define RESOLVED (__builtin_expect(!next.semaphore_wait, 0) ? probe_dispatch_start() : (void)0)

/* ms from now until a time of dispatch: two bits name its clock, wall times are negative. */
uint64_t probe_dispatch_limit(uint64_t until) {
  if (until == DISPATCH_FOREVER) return PROBE_NO_LIMIT;
  uint64_t clock = until >> 62;
  uint64_t ns = clock == 3 ? -until : until & ~(UINT64_C(1) << 63);
  struct timespec then = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
  return probe_limit(clock == 3 ? CLOCK_REALTIME : clock == 2 ? CLOCK_BOOTTIME : CLOCK_MONOTONIC, &then);
}

/* ---- semaphores ---- */

/* Where a semaphore keeps how many it was made with: one of our own shows it, when permits are taken of it. */
static int permits_place; /* atomic: -1 unknown */

__attribute__((noinline, cold)) static void find_permits(void) {
  enum { MADE = 0x5ca1ab1e };
  int unknown = 0, place = -1;
  if (!__atomic_compare_exchange_n(&permits_place, &unknown, -1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return;
  intptr_t *words = next.release ? next.semaphore_create(MADE) : NULL;
  if (!words) return;
  int count = (int)(malloc_usable_size(words) / sizeof *words);
  next.semaphore_wait(words, 0);
  for (int i = 0; i < count; i++)
    if (words[i] == MADE) place = place < 0 ? i : count;
  next.semaphore_signal(words);
  next.release(words);
  if (place < count) __atomic_store_n(&permits_place, place, __ATOMIC_RELEASE);
}

/* One that was made before the recording began says itself with what. */
static struct probe_object *known_semaphore(const intptr_t *semaphore) {
  struct probe_object *known = probe_object(semaphore, false);
  if (known) return known;
  if (!permits_place) find_permits();
  int place = __atomic_load_n(&permits_place, __ATOMIC_ACQUIRE);
  if (place <= 0 || !(known = probe_object(semaphore, true))) return NULL;
  known->permits = semaphore[place] < INT32_MAX ? (int32_t)semaphore[place] : INT32_MAX;
  return known;
}

/* Whether takes of it are holds: one without permits of its own is a signal, given by others. */
static bool has_permits(const struct probe_object *known) { return !known || known->permits > 0; }

static void tell_semaphore(const void *semaphore, struct probe_object *known) {
  if (!probe_tells_now(known)) return;
  probe_record_semaphore((uint64_t)(uintptr_t)semaphore, (uint64_t)known->permits, probe_origin(known));
}

static intptr_t wait_slowly(void *semaphore, struct probe_object *known, dispatch_time until,
                            const void *frame, bool *told) {
  if (next.time && probe_dispatch_limit(until) > 1) {
    /* libdispatch waits in turn for a semaphore of the C library. */
    probe_own_holder->waits++;
    intptr_t result = next.semaphore_wait(semaphore, next.time(0, PROBE_SHORT_NS));
    probe_own_holder->waits--;
    if (result == 0) return 0;
  }
  tell_semaphore(semaphore, known);
  if (has_permits(known)) probe_tell_holders(semaphore, 0);
  uint32_t stack = probe_wait_begins(semaphore, CORONER_OP_ACQUIRE, probe_dispatch_limit(until), frame);
  intptr_t result = PROBE_STANDS(next.semaphore_wait(semaphore, until));
  probe_wait_ends(semaphore);
  *told = result == 0 && has_permits(known);
  if (*told) probe_record_taken((uint64_t)(uintptr_t)semaphore, stack);
  return result;
}

PROBE_EXPORTED void *dispatch_semaphore_create(intptr_t permits) {
  RESOLVED;
  void *semaphore = next.semaphore_create(permits);
  if (probe_is_on && semaphore && probe_is_watched(CALLER)) probe_is_made(semaphore, permits, HERE);
  return semaphore;
}

PROBE_EXPORTED intptr_t dispatch_semaphore_wait(void *semaphore, dispatch_time until) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER)) return next.semaphore_wait(semaphore, until);
  struct probe_object *known = known_semaphore(semaphore);
  if (known) known->is_waited_for = true;
  bool told = false;
  intptr_t result = next.semaphore_wait(semaphore, 0);
  if (result != 0 && until != 0) result = wait_slowly(semaphore, known, until, HERE, &told);
  if (result == 0 && has_permits(known)) probe_took(semaphore, HERE, told);
  return result;
}

PROBE_EXPORTED intptr_t dispatch_semaphore_signal(void *semaphore) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER)) return next.semaphore_signal(semaphore);
  struct probe_object *known = known_semaphore(semaphore);
  if (known && !known->is_waited_for && !known->is_told && known->maker == probe_own_holder->tid) {
    known->permits++;
  } else if (!has_permits(known) || !probe_gave_back(semaphore, true, HERE)) {
    tell_semaphore(semaphore, known);
    probe_record_given_back((uint64_t)(uintptr_t)semaphore, probe_stack_near(HERE));
  }
  return next.semaphore_signal(semaphore);
}

/* ---- groups, work items ---- */

static void tell_group(const void *group) {
  struct probe_object *known = probe_object(group, true);
  if (probe_tells_now(known)) probe_record_group((uint64_t)(uintptr_t)group, probe_origin(known));
}

PROBE_EXPORTED void *dispatch_group_create(void) {
  RESOLVED;
  void *group = next.group_create();
  if (probe_is_on && group && probe_is_watched(CALLER)) probe_is_made(group, 0, HERE);
  return group;
}

PROBE_EXPORTED intptr_t dispatch_group_wait(void *group, dispatch_time until) {
  RESOLVED;
  if (!probe_is_on || until == 0 || !probe_is_watched(CALLER)) return next.group_wait(group, until);
  if (next.group_wait(group, 0) == 0) return 0;
  tell_group(group);
  probe_wait_begins(group, CORONER_OP_GROUP, probe_dispatch_limit(until), HERE);
  intptr_t result = PROBE_STANDS(next.group_wait(group, until));
  probe_wait_ends(group);
  return result;
}

PROBE_EXPORTED void dispatch_group_leave(void *group) {
  RESOLVED;
  if (probe_is_on && probe_is_watched(CALLER)) {
    tell_group(group);
    probe_record_given_back((uint64_t)(uintptr_t)group, probe_stack_near(HERE));
  }
  next.group_leave(group);
}

PROBE_EXPORTED intptr_t dispatch_block_wait(void *block, dispatch_time until) {
  RESOLVED;
  if (!probe_is_on || until == 0 || !probe_is_watched(CALLER)) return next.block_wait(block, until);
  probe_wait_begins(block, CORONER_OP_EVENT_WAIT, probe_dispatch_limit(until), HERE);
  intptr_t result = PROBE_STANDS(next.block_wait(block, until));
  probe_wait_ends(block);
  return result;
}
