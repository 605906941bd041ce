/* libdispatch: who waits for a queue, and who works on it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "locks.h"

#define HERE __builtin_frame_address(0)
#define CALLER __builtin_return_address(0)

typedef void (*work_function)(void *);
/* Numbers of blocks, among those of objects. */
#define JOB (UINT64_C(1) << 55)

static struct {
  void (*sync)(void *, void *), (*barrier_sync)(void *, void *);
  void (*sync_f)(void *, void *, work_function), (*barrier_sync_f)(void *, void *, work_function);
  void (*async)(void *, void *), (*barrier_async)(void *, void *), (*group_async)(void *, void *, void *);
  void (*async_f)(void *, void *, work_function), (*barrier_async_f)(void *, void *, work_function);
  void (*group_async_f)(void *, void *, void *, work_function);
  void *(*get_current_queue)(void);
  const char *(*label)(void *);
  void *(*queue_create)(const char *, void *);
  void (*release)(void *);
} next;

__attribute__((noinline, cold)) void probe_queues_start(void) {
  if (next.async_f) return;
#define FIND(name) next.name = probe_next("dispatch_" #name, NULL)
  FIND(sync);
  FIND(barrier_sync);
  FIND(sync_f);
  FIND(barrier_sync_f);
  FIND(async);
  FIND(barrier_async);
  FIND(barrier_async_f);
  FIND(group_async);
  FIND(group_async_f);
  FIND(get_current_queue);
  FIND(queue_create);
  FIND(release);
  next.label = probe_next("dispatch_queue_get_label", NULL);
  __atomic_store_n(&next.async_f, probe_next("dispatch_async_f", NULL), __ATOMIC_RELEASE);
}
#define RESOLVED (__builtin_expect(!next.async_f, 0) ? probe_queues_start() : (void)0)

/* ---- what a queue says of itself ---- */

/* The word of a queue that says which thread is alone at work on it, and how much of its width is taken, if its queues
 * are laid out so. One whose blocks may run beside each other has most of its width left. */
enum { QUEUE_STATE = 0x38, OWNER_MASK = 0x3fffffff, WIDTH_PLACE = 41, WIDTH_MASK = 0x1fff };
enum { NOBODY_THERE = 2, MOST_THERE = 0xf00 };
/* A barrier at the head of a queue has the rest of its width until the others have ended. */
#define BARRIER_PENDING (UINT64_C(1) << 40)
enum { PENDING_WIDTH = 0xffd };
static int owner_is_known, width_is_known; /* atomic: -1 no, 1 yes */

static uint64_t state(const void *queue) {
  return __atomic_load_n((const uint64_t *)((const char *)queue + QUEUE_STATE), __ATOMIC_RELAXED);
}
static uint32_t owner(const void *queue) { return (uint32_t)state(queue) & OWNER_MASK; }
static uint32_t width_taken(uint64_t state) { return (uint32_t)(state >> WIDTH_PLACE) & WIDTH_MASK; }

static void compare_owner(void *queue) {
  owner_is_known = owner(queue) == (uint32_t)syscall(SYS_gettid) ? 1 : -1;
}
static void compare_width(void *queue) {
  width_is_known = owner(queue) == 0 && width_taken(state(queue)) == NOBODY_THERE + 1 ? 1 : -1;
}

/* A queue of our own, on which a block shows whether it is laid out as expected. */
static void *try(void *attributes, work_function compare) {
  void *queue = next.queue_create("coroner", attributes);
  if (queue && owner(queue) == 0) next.sync_f(queue, queue, compare);
  return queue;
}

__attribute__((noinline, cold)) static void try_layout(void) {
  int unknown = 0;
  if (!__atomic_compare_exchange_n(&owner_is_known, &unknown, -1, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_RELAXED) ||
      !next.queue_create || !next.release)
    return;
  void *queue = try(NULL, compare_owner);
  if (!queue) return;
  if (owner(queue) != 0) owner_is_known = -1;
  next.release(queue);
  if (owner_is_known < 0) return probe_define_fact("probe.fallback", "no waits for queues: unknown layout");
  void *concurrent = probe_next("_dispatch_queue_attr_concurrent", NULL);
  if (!concurrent || !(queue = try(concurrent, compare_width))) return;
  if (width_taken(state(queue)) != NOBODY_THERE) width_is_known = -1;
  next.release(queue);
  if (width_is_known < 0) probe_define_fact("probe.fallback", "no waits for barriers: unknown layout");
}

void probe_tell_queue(void *queue) {
  struct probe_object *known = probe_object(queue, true);
  if (!probe_tells_now(known)) return;
  const char *label = next.label ? next.label(queue) : NULL;
  char name[160];
  int length = label && *label ? snprintf(name, sizeof name, "queue %s", label) : 0;
  if (length >= (int)sizeof name) length = sizeof name - 1;
  probe_record_queue((uint64_t)(uintptr_t)queue, known->is_shared, name, length > 0 ? (size_t)length : 0);
}

/* The thread that works on a queue of one at a time, or alone on another one; 0: none, or it cannot be seen. */
static uint32_t worker(const void *queue) {
  if (__builtin_expect(!owner_is_known, 0)) try_layout();
  return owner_is_known > 0 ? owner(queue) : 0;
}

const void *probe_tell_work(void) {
  /* Asked only where the program uses queues: a forked child, say, must not. */
  void *queue = owner_is_known > 0 && next.get_current_queue && !probe_task_here()
                    ? next.get_current_queue()
                    : NULL;
  if (!queue || worker(queue) != probe_own_holder->tid) return NULL;
  struct probe_object *known = probe_object(queue, true);
  /* It is known from its blocks who works there. */
  if (known && known->is_shared) return NULL;
  probe_tell_queue(queue);
  probe_record_held((uint64_t)(uintptr_t)queue, probe_own_holder->tid, 0, 0);
  return queue;
}

/* ---- who has to wait for whom ---- */

/* What a block on a queue meets there. */
struct meeting {
  struct probe_object *shared; /* the queue, if its blocks may run beside each other; NULL: not so, or not known */
  bool has_turn;
  bool waits; /* for others that are known */
};

/* One of a shared queue counts as soon as libdispatch may count it. */
static void begins(struct probe_object *shared) { __atomic_fetch_add(&shared->at_work, 1, __ATOMIC_ACQ_REL); }
static void ends(struct probe_object *shared) { __atomic_fetch_sub(&shared->at_work, 1, __ATOMIC_ACQ_REL); }

/* Where blocks run beside each other, a wait is told only if all that are at work are known: those whose beginning is
 * not seen could end it. If the calling thread itself is at work on the queue alone, libdispatch ends the program. */
static struct meeting meet(void *queue, bool barrier) {
  uint32_t alone = worker(queue);
  bool has_turn = !alone || alone == probe_own_holder->tid;
  struct meeting meeting = {NULL, has_turn, !has_turn};
  if (width_is_known <= 0) return meeting;
  uint64_t now = state(queue);
  bool is_pending = now & BARRIER_PENDING;
  uint32_t taken = width_taken(now);
  bool is_shared = taken >= NOBODY_THERE && taken < MOST_THERE;
  struct probe_object *known = probe_object(queue, is_shared);
  if (!known) return meeting;
  if (!alone && !is_pending) known->is_shared = is_shared;
  if (!known->is_shared) return meeting;
  meeting.shared = known;
  uint32_t others = taken - NOBODY_THERE - (is_pending ? PENDING_WIDTH : 0);
  meeting.has_turn = !alone && !is_pending && !__atomic_load_n(&known->barriers, __ATOMIC_ACQUIRE) &&
                     !(barrier && others);
  bool is_clear = alone ? alone == __atomic_load_n(&known->alone, __ATOMIC_ACQUIRE)
                        : others <= __atomic_load_n(&known->at_work, __ATOMIC_ACQUIRE);
  meeting.waits = !meeting.has_turn && is_clear;
  return meeting;
}

/* Of a queue that is given block after block, so many in the time of the coarse clock: where one is stuck, those
 * are enough to say who waits for it. */
enum { TOLD_AT_ONCE = 8 };
static bool is_among_few(void *queue) {
  struct probe_object *known = probe_object(queue, true);
  if (!known) return false;
  uint64_t now = probe_coarse_now;
  if (known->counted_at != now) {
    known->counted_at = now;
    known->count = 0;
  }
  return known->count < TOLD_AT_ONCE && ++known->count;
}

static void tell_who_is_there(void *queue, const struct probe_object *shared) {
  probe_tell_queue(queue);
  probe_tell_holders(queue, shared ? 0 : owner(queue));
}

/* ---- waits for a turn ---- */

struct turn {
  void *queue, *block;
  work_function work;
  const void *frame;
  struct meeting meeting;
  bool is_barrier;
};

static void wait_for(const struct turn *turn) {
  struct probe_object *shared = turn->meeting.shared;
  tell_who_is_there(turn->queue, shared);
  if (shared && turn->is_barrier) __atomic_fetch_add(&shared->barriers, 1, __ATOMIC_ACQ_REL);
  probe_wait_begins(turn->queue, CORONER_OP_ACQUIRE, PROBE_NO_LIMIT, turn->frame);
}

static void has_waited_for(const struct turn *turn) {
  struct probe_object *shared = turn->meeting.shared;
  if (shared && turn->is_barrier) __atomic_fetch_sub(&shared->barriers, 1, __ATOMIC_ACQ_REL);
  probe_wait_ends(turn->queue);
}

/* Work on a shared queue is held by who does it, for those who have to be alone. */
struct frame {
  const struct frame *outer;
  const void *caller;
};
static void take_place(const void *queue, const void *const *pcs, size_t count) {
  struct frame frames[PROBE_HOLD_CALLERS];
  if (count > PROBE_HOLD_CALLERS) count = PROBE_HOLD_CALLERS;
  frames[0] = (struct frame){NULL, NULL};
  for (size_t i = 0; i < count; i++) frames[i] = (struct frame){i + 1 < count ? &frames[i + 1] : NULL, pcs[i]};
  probe_took(queue, frames, false);
}

/* Where a few of the calls are made: Swift's own functions keep no frame pointers. */
static void take_place_of_caller(void *queue) {
  enum { FRAMES = 14 };
  const void *pcs[FRAMES];
  size_t count = is_among_few(queue) ? probe_unwind(__builtin_frame_address(0), pcs, FRAMES) : 0, first = 0;
  while (first < count && (probe_is_dispatch(pcs[first]) || probe_is_overlay(pcs[first]))) first++;
  take_place(queue, pcs + first, count - first);
}

/* The thread that is alone at work says so itself. */
static void works_alone(struct probe_object *shared, bool now) {
  struct probe_holder *own = probe_holder();
  __atomic_store_n(&shared->alone, now && own ? own->tid : 0, __ATOMIC_RELEASE);
}

/* The wait is over when the work begins. */
static void take_turn(void *argument) {
  const struct turn *turn = argument;
  struct probe_object *shared = turn->meeting.shared;
  if (turn->meeting.waits) has_waited_for(turn);
  if (!shared) return turn->work(turn->block);
  if (!turn->meeting.has_turn) begins(shared);
  if (turn->is_barrier) works_alone(shared, true);
  take_place_of_caller(turn->queue);
  turn->work(turn->block);
  probe_gave_back(turn->queue, false, turn->frame);
  if (turn->is_barrier) works_alone(shared, false);
}

static void run_turn(struct turn *turn, void (*run)(void *, void *, work_function)) {
  struct probe_object *shared = turn->meeting.shared;
  if (turn->meeting.waits) wait_for(turn);
  if (shared && turn->meeting.has_turn) begins(shared);
  run(turn->queue, turn, take_turn);
  if (shared) ends(shared);
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

static void sync_block(void *queue, struct probe_block *block, bool barrier, const void *frame,
                       const void *caller) {
  void (*plain)(void *, void *) = barrier ? next.barrier_sync : next.sync;
  if (!probe_is_on || !probe_is_watched(caller)) return plain(queue, block);
  struct meeting meeting = meet(queue, barrier);
  if (!meeting.waits && !meeting.shared) return plain(queue, block);
  struct turn turn = {queue, block, block->function, frame, meeting, barrier};
  if (is_plain(block)) return run_turn(&turn, barrier ? next.barrier_sync_f : next.sync_f);
  if (meeting.waits) wait_for(&turn);
  plain(queue, block);
  if (meeting.waits) has_waited_for(&turn);
}

PROBE_EXPORTED void dispatch_sync(void *queue, void *block) {
  RESOLVED;
  sync_block(queue, block, false, HERE, CALLER);
}

PROBE_EXPORTED void dispatch_barrier_sync(void *queue, void *block) {
  RESOLVED;
  sync_block(queue, block, true, HERE, CALLER);
}

PROBE_EXPORTED void dispatch_sync_f(void *queue, void *context, work_function work) {
  RESOLVED;
  if (!probe_is_on || !probe_is_watched(CALLER)) return next.sync_f(queue, context, work);
  struct meeting meeting = meet(queue, false);
  if (!meeting.waits && !meeting.shared) return next.sync_f(queue, context, work);
  struct turn turn = {queue, context, work, HERE, meeting, false};
  run_turn(&turn, next.sync_f);
}

/* ---- blocks that are put behind others ---- */

uint32_t probe_block_site(const struct probe_block *block) {
  const struct probe_closure_block *closure = probe_closure(block);
  const void *code = (const void *)block->function;
  const void *function = closure ? probe_function_beside((const void *)closure->function, code) : NULL;
  return probe_site(function ? function : code);
}

struct job {
  uint64_t number; /* 0: the trace does not know it */
  struct probe_block *block;
  void (*drop)(const void *);
  void *queue;
  struct probe_object *shared;
  bool has_turn, is_barrier;
};

static void run_job(void *argument) {
  struct job job = *(struct job *)argument;
  free(argument);
  struct probe_object *alone = job.is_barrier ? job.shared : NULL;
  if (job.shared && !job.has_turn) begins(job.shared);
  if (alone) works_alone(alone, true);
  if (alone && job.number) __atomic_fetch_sub(&alone->barriers, 1, __ATOMIC_ACQ_REL);
  if (job.number) probe_record_job_start(job.number);
  else take_place(job.queue, NULL, 0);
  job.block->function(job.block);
  if (job.number) probe_record_job_end(job.number);
  else probe_gave_back(job.queue, false, HERE);
  if (alone) works_alone(alone, false);
  job.drop(job.block);
  if (job.shared) ends(job.shared);
}

static struct job *make_job(struct probe_block *block) {
  static void *(*copy)(const void *);
  static void (*drop)(const void *);
  if (!drop) {
    copy = probe_next("_Block_copy", NULL);
    __atomic_store_n(&drop, probe_next("_Block_release", NULL), __ATOMIC_RELEASE);
  }
  struct job *job = copy && drop && next.async_f ? calloc(1, sizeof *job) : NULL;
  if (!job) return NULL;
  job->block = copy(block);
  job->drop = drop;
  return job;
}

static void tell_job(struct job *job, const void *frame) {
  static uint64_t count;
  job->number = JOB | __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
  if (job->shared) tell_who_is_there(job->queue, job->shared);
  else probe_tell_queue(job->queue);
  probe_record_job((uint64_t)(uintptr_t)job->queue, job->number, probe_stack_here(frame),
                   probe_block_site(job->block));
  if (job->is_barrier && job->shared) __atomic_fetch_add(&job->shared->barriers, 1, __ATOMIC_ACQ_REL);
}

/* The block, if its beginning and end are to be seen. One that begins at once on a queue of one at a time is nobody's
 * concern. */
static struct job *as_job(void *queue, struct probe_block *block, bool barrier, const void *frame,
                          const void *caller) {
  if (!probe_is_on || !probe_is_watched(caller)) return NULL;
  struct meeting meeting = meet(queue, barrier);
  /* The block that runs may put others behind itself. */
  bool waits = meeting.shared ? meeting.waits : worker(queue) != 0;
  bool is_told = waits && is_among_few(queue);
  if ((!is_told && !meeting.shared) || !is_plain(block)) return NULL;
  struct job *job = make_job(block);
  if (!job) return NULL;
  job->queue = queue;
  job->shared = meeting.shared;
  job->has_turn = meeting.has_turn;
  job->is_barrier = barrier;
  if (job->shared && job->has_turn) begins(job->shared);
  if (is_told) tell_job(job, frame);
  return job;
}

PROBE_EXPORTED void dispatch_async(void *queue, struct probe_block *block) {
  RESOLVED;
  struct job *job = as_job(queue, block, false, HERE, CALLER);
  if (job) next.async_f(queue, job, run_job);
  else next.async(queue, block);
}

PROBE_EXPORTED void dispatch_barrier_async(void *queue, struct probe_block *block) {
  RESOLVED;
  struct job *job = as_job(queue, block, true, HERE, CALLER);
  if (job) next.barrier_async_f(queue, job, run_job);
  else next.barrier_async(queue, block);
}

PROBE_EXPORTED void dispatch_group_async(void *group, void *queue, struct probe_block *block) {
  RESOLVED;
  struct job *job = as_job(queue, block, false, HERE, CALLER);
  if (job) next.group_async_f(group, queue, job, run_job);
  else next.group_async(group, queue, block);
}
