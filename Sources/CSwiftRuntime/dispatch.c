/* libdispatch: semaphores, groups, waits for a queue. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "locks.h"

#define HERE __builtin_frame_address(0)
#define CALLER __builtin_return_address(0)

typedef uint64_t dispatch_time;
#define DISPATCH_FOREVER UINT64_MAX
typedef void (*work_function)(void *);
/* Numbers of blocks, among those of objects. */
#define JOB (UINT64_C(1) << 55)

static struct {
  void *(*semaphore_create)(intptr_t);
  intptr_t (*semaphore_wait)(void *, dispatch_time), (*semaphore_signal)(void *);
  void *(*group_create)(void);
  intptr_t (*group_wait)(void *, dispatch_time);
  void (*group_leave)(void *);
  intptr_t (*block_wait)(void *, dispatch_time);
  void (*sync)(void *, void *), (*barrier_sync)(void *, void *);
  void (*sync_f)(void *, void *, work_function), (*barrier_sync_f)(void *, void *, work_function);
  void (*async)(void *, void *), (*async_f)(void *, void *, work_function);
  void *(*get_current_queue)(void);
  dispatch_time (*time)(dispatch_time, int64_t);
  const char *(*label)(void *);
  void *(*queue_create)(const char *, void *);
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
  FIND(sync);
  FIND(barrier_sync);
  FIND(sync_f);
  FIND(barrier_sync_f);
  FIND(async);
  FIND(async_f);
  FIND(get_current_queue);
  FIND(time);
  FIND(queue_create);
  FIND(release);
  next.label = probe_next("dispatch_queue_get_label", NULL);
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

/* ---- waits for a queue ---- */

/* The word of a queue that says which thread works on it, if its queues are laid out so. */
enum { QUEUE_OWNER = 0x38, OWNER_MASK = 0x3fffffff };
static int owner_is_known; /* atomic: -1 no, 1 yes */

static uint32_t owner(const void *queue) {
  return __atomic_load_n((const uint32_t *)((const char *)queue + QUEUE_OWNER), __ATOMIC_RELAXED) &
         OWNER_MASK;
}

static void compare_owner(void *queue) {
  owner_is_known = owner(queue) == (uint32_t)syscall(SYS_gettid) ? 1 : -1;
}

/* A queue of our own shows whether it is laid out as expected. */
__attribute__((noinline, cold)) static void try_owner(void) {
  int unknown = 0;
  if (!__atomic_compare_exchange_n(&owner_is_known, &unknown, -1, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_RELAXED) ||
      !next.queue_create || !next.release)
    return;
  void *queue = next.queue_create("coroner", NULL);
  if (!queue) return;
  if (owner(queue) == 0) next.sync_f(queue, queue, compare_owner);
  if (owner(queue) != 0) owner_is_known = -1;
  next.release(queue);
  if (owner_is_known < 0) probe_define_fact("probe.fallback", "no waits for queues: unknown layout");
}

void probe_tell_queue(void *queue) {
  if (!probe_tells_now(probe_object(queue, true))) return;
  const char *label = next.label ? next.label(queue) : NULL;
  char name[160];
  int length = label && *label ? snprintf(name, sizeof name, "queue %s", label) : 0;
  if (length >= (int)sizeof name) length = sizeof name - 1;
  probe_record_queue((uint64_t)(uintptr_t)queue, name, length > 0 ? (size_t)length : 0);
}

/* The thread that works on a queue of one at a time, or alone on another one; 0: none, or it cannot be seen. */
static uint32_t worker(const void *queue) {
  if (__builtin_expect(!owner_is_known, 0)) try_owner();
  return owner_is_known > 0 ? owner(queue) : 0;
}

/* Whether a thread has to wait for another one to be done on the queue. If that is itself, libdispatch ends
 * the program. */
static bool is_busy(const void *queue) {
  uint32_t other = worker(queue);
  return other != 0 && other != probe_own_holder->tid;
}

const void *probe_tell_work(void) {
  /* Asked only where the program uses queues: a forked child, say, must not. */
  void *queue = owner_is_known > 0 && next.get_current_queue && !probe_task_here()
                    ? next.get_current_queue()
                    : NULL;
  if (!queue || worker(queue) != probe_own_holder->tid) return NULL;
  probe_tell_queue(queue);
  probe_record_held((uint64_t)(uintptr_t)queue, probe_own_holder->tid, 0, 0);
  return queue;
}

struct turn {
  void *queue, *block;
  void (*work)(void *);
};

/* The wait is over when the work begins. */
static void take_turn(void *argument) {
  struct turn *turn = argument;
  probe_wait_ends(turn->queue);
  turn->work(turn->block);
}

static void wait_for_turn(void *queue, const void *frame) {
  probe_tell_queue(queue);
  probe_tell_holders(queue, owner(queue));
  probe_wait_begins(queue, CORONER_OP_ACQUIRE, PROBE_NO_LIMIT, frame);
}

static void nothing(void *unused) { (void)unused; }
static bool is_plain(const struct probe_block *block) {
  static void (*of_work_items)(void *);
  if (!of_work_items) {
    /* A block without anything in it, which is never copied. */
    static const struct {
      unsigned long reserved, size;
    } description = {0, sizeof(struct probe_block)};
    static struct probe_block global = {NULL, 1 << 28, 0, nothing, (const void *)&description};
    global.kind = probe_next("_NSConcreteGlobalBlock", NULL);
    void *(*make)(unsigned long, void *) = probe_next("dispatch_block_create", NULL);
    void (*drop)(void *) = probe_next("_Block_release", NULL);
    struct probe_block *made = global.kind && make && drop ? make(0, &global) : NULL;
    if (!made) return false;
    __atomic_store_n(&of_work_items, made->function, __ATOMIC_RELEASE);
    drop(made);
  }
  return block->function != of_work_items;
}

static void sync_block(void *queue, struct probe_block *block, const void *frame,
                       void (*plain)(void *, void *),
                       void (*with_function)(void *, void *, work_function)) {
  wait_for_turn(queue, frame);
  if (is_plain(block)) {
    struct turn turn = {queue, block, block->function};
    with_function(queue, &turn, take_turn);
  } else {
    plain(queue, block);
    probe_wait_ends(queue);
  }
}

PROBE_EXPORTED void dispatch_sync(void *queue, void *block) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER) || !is_busy(queue)) return next.sync(queue, block);
  sync_block(queue, block, HERE, next.sync, next.sync_f);
}

PROBE_EXPORTED void dispatch_barrier_sync(void *queue, void *block) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER) || !is_busy(queue))
    return next.barrier_sync(queue, block);
  sync_block(queue, block, HERE, next.barrier_sync, next.barrier_sync_f);
}

PROBE_EXPORTED void dispatch_sync_f(void *queue, void *context, work_function work) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER) || !is_busy(queue))
    return next.sync_f(queue, context, work);
  wait_for_turn(queue, HERE);
  struct turn turn = {queue, context, work};
  next.sync_f(queue, &turn, take_turn);
}

uint32_t probe_block_site(const struct probe_block *block) {
  const struct probe_closure_block *closure = probe_closure(block);
  const void *code = (const void *)block->function;
  const void *function = closure ? probe_function_beside((const void *)closure->function, code) : NULL;
  return probe_site(function ? function : code);
}

/* ---- blocks that have to wait for their turn ---- */

struct job {
  uint64_t number;
  struct probe_block *block;
  void (*drop)(const void *);
};

static void run_job(void *argument) {
  struct job job = *(struct job *)argument;
  free(argument);
  probe_record_job_start(job.number);
  job.block->function(job.block);
  job.drop(job.block);
  probe_record_job_end(job.number);
}

static struct job *make_job(struct probe_block *block) {
  static void *(*copy)(const void *);
  static void (*drop)(const void *);
  if (!drop) {
    copy = probe_next("_Block_copy", NULL);
    __atomic_store_n(&drop, probe_next("_Block_release", NULL), __ATOMIC_RELEASE);
  }
  struct job *job = copy && drop && next.async_f ? malloc(sizeof *job) : NULL;
  if (!job) return NULL;
  static uint64_t count;
  *job = (struct job){JOB | __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED), copy(block), drop};
  return job;
}

/* Of a queue that is given block after block, so many in the time of the coarse clock: where one is stuck, those
 * are enough to say who waits for it. */
enum { JOBS_AT_ONCE = 8 };
static bool is_among_few(void *queue) {
  struct probe_object *known = probe_object(queue, true);
  if (!known) return false;
  uint64_t now = probe_coarse_now;
  if (known->counted_at != now) {
    known->counted_at = now;
    known->count = 0;
  }
  return known->count < JOBS_AT_ONCE && ++known->count;
}

/* One that begins at once, or may run beside others, is nobody's concern. */
PROBE_EXPORTED void dispatch_async(void *queue, struct probe_block *block) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER) || !worker(queue) || !is_among_few(queue) ||
      !is_plain(block))
    return next.async(queue, block);
  struct job *job = make_job(block);
  if (!job) return next.async(queue, block);
  probe_tell_queue(queue);
  probe_record_job((uint64_t)(uintptr_t)queue, job->number, probe_stack_near(HERE), probe_block_site(block));
  next.async_f(queue, job, run_job);
}
