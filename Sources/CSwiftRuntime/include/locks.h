/* What threads hold and wait for. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "tasks.h"

/* ---- holds.c: which thread holds what ---- */

/* The task whose turn it is on this thread, the innermost; NULL: none. */
static inline const void *probe_task_here(void) {
  const struct probe_turn *turn = probe_turn();
  return turn ? turn->task : NULL;
}

/* A lock or permit that a thread has taken. Locks are taken all the time, and hardly ever waited for: so it is kept
 * in memory, and told to the trace only when somebody waits for it, or when who took it leaves its thread. */
#define PROBE_HOLD_CALLERS 4
struct probe_hold {
  uintptr_t resource; /* its address; the lowest bit: the trace says so */
  const void *task;   /* that took it, NULL: the thread */
  uint64_t since;     /* ticks, rounded down to probe_coarse_now */
  const void *callers[PROBE_HOLD_CALLERS]; /* of the function that takes it */
};

#define PROBE_HOLD_LIMIT 24
struct probe_holder {
  uint32_t tid;      /* 0: of no thread */
  uint32_t busy;     /* depth of what this library does in it: its own locks are nobody's business */
  uint32_t waits;    /* depth of waits that are told */
  const void *works_on; /* the queue that is kept from others by a wait */
  bool keeps_python;    /* the same of a Python interpreter's lock */
  const void *python_mutex; /* of the wait for that lock, if it is told */
  uint32_t python_asked;    /* so often in a row */
  uint64_t loop;     /* the set of descriptors at which it rests, 0 none */
  uint64_t looped;   /* when it was there last, by probe_coarse_now */
  uint64_t waits_since, called; /* its wait that is told; the last one in which there was work for its loop */
  uint32_t count;    /* written by its thread, read by others */
  bool is_bound;     /* the trace says which thread a join for it waits for */
  bool stands;       /* it waits in a call that a snapshot can look behind */
  uint8_t endings;   /* passes of the thread's destructors */
  struct probe_hold holds[PROBE_HOLD_LIMIT];
  const void *turns; /* what it keeps of its tasks */
  struct probe_holder *next;
};
extern _Thread_local struct probe_holder *probe_own_holder PROBE_HIDDEN PROBE_NEAR;
/* Of a thread; NULL: none. */
const struct probe_holder *probe_holder_of(uint32_t tid) PROBE_HIDDEN;

/* The calling thread waits in this call, and does nothing else. What its callers keep in registers is put on the stack,
 * where a snapshot looks for it. */
#define PROBE_STANDS(call) \
  ({ \
    __builtin_unwind_init(); \
    struct probe_holder *standing = probe_own_holder; \
    if (standing) __atomic_store_n(&standing->stands, true, __ATOMIC_RELEASE); \
    __auto_type stood = (call); \
    if (standing) __atomic_store_n(&standing->stands, false, __ATOMIC_RELEASE); \
    stood; \
  })
/* The calling thread's, made at its first use; NULL: its end has passed, or no memory. */
struct probe_holder *probe_make_holder(void) PROBE_HIDDEN;
/* Whether a thread of this name is the recorder's, or a probe's. */
bool probe_is_own_name(const char *name) PROBE_HIDDEN;
static inline struct probe_holder *probe_holder(void) {
  struct probe_holder *own = probe_own_holder;
  return __builtin_expect(own != NULL, 1) ? own : probe_make_holder();
}

/* ---- watch.c: the watchdog ---- */

/* Ticks of some moment in the last 50 ms: a real clock would cost more than a lock. */
extern uint64_t probe_coarse_now PROBE_HIDDEN;
/* Starts it unless it runs; a forked child's is started when it first waits for something. */
void probe_watch_start(void) PROBE_HIDDEN;
void probe_watch_forked(void) PROBE_HIDDEN;

/* ---- holds.c: taking and giving back ---- */

/* Once, before anything is recorded. */
void probe_holds_start(void) PROBE_HIDDEN;
/* Forgets what others have given back, else the oldest, which is likely to be of something that is gone. */
void probe_make_room(struct probe_holder *own) PROBE_HIDDEN;
/* The calling thread has taken something, has given it back, whoever took it. `frame`: of the function that was
 * called from outside; `told`: the trace says that it has it. */
static inline void probe_took(const void *resource, const void *frame, bool told) {
  struct probe_holder *own = probe_holder();
  if (!own) return;
  if (__builtin_expect(own->count >= PROBE_HOLD_LIMIT, 0)) probe_make_room(own);
  struct probe_hold *hold = &own->holds[own->count];
  hold->task = probe_task_here();
  hold->since = probe_coarse_now;
  const uintptr_t *at = frame;
  for (int i = 0;; i++) {
    hold->callers[i] = (const void *)at[1];
    if (i + 1 == PROBE_HOLD_CALLERS) break;
    const uintptr_t *outer = (const uintptr_t *)at[0];
    /* So near above a frame that runs, all of a stack can be read. */
    if ((uintptr_t)outer - (uintptr_t)at - 1 >= 512 || (uintptr_t)outer % sizeof(void *)) {
      hold->callers[i + 1] = NULL;
      break;
    }
    at = outer;
  }
  __atomic_store_n(&hold->resource, (uintptr_t)resource | told, __ATOMIC_RELEASE);
  __atomic_store_n(&own->count, own->count + 1, __ATOMIC_RELEASE);
}
/* Whether the calling thread, or any, had it. */
bool probe_gave_back_slowly(const void *resource, bool anybody, const void *frame) PROBE_HIDDEN;
static inline bool probe_gave_back(const void *resource, bool anybody, const void *frame) {
  struct probe_holder *own = probe_own_holder;
  if (__builtin_expect(own && own->count && own->holds[own->count - 1].resource == (uintptr_t)resource, 1)) {
    __atomic_store_n(&own->count, own->count - 1, __ATOMIC_RELEASE);
    return true;
  }
  return probe_gave_back_slowly(resource, anybody, frame);
}
/* Tells the trace which loops do not look at what is ready, because their threads wait. */
void probe_look_at_loops(void) PROBE_HIDDEN;
/* Tells the trace who has it, as far as that is known and untold; the calling thread is about to wait for it. `tid`: the
 * only one who can, 0 unknown. */
void probe_tell_holders(const void *resource, uint32_t tid) PROBE_HIDDEN;
/* Tells the trace what a task holds, before its turn ends; NULL: the thread. */
void probe_tell_holds_of(const void *task) PROBE_HIDDEN;
static inline void probe_tell_holds(const void *task) {
  struct probe_holder *own = probe_own_holder;
  if (own && own->count) probe_tell_holds_of(task);
}

/* ---- waits.c: threads that wait ---- */

/* Once, before anything is recorded. */
void probe_waits_start(void) PROBE_HIDDEN;
/* They find the functions that they stand for: at the start, or when called before it. */
void probe_mutexes_start(void) PROBE_HIDDEN;
void probe_dispatch_start(void) PROBE_HIDDEN;
void probe_queues_start(void) PROBE_HIDDEN;
void probe_threads_start(void) PROBE_HIDDEN;
void probe_futexes_start(void) PROBE_HIDDEN;
void probe_outside_start(void) PROBE_HIDDEN;
void probe_rests_start(void) PROBE_HIDDEN;
void probe_calls_start(void) PROBE_HIDDEN;

/* Whether what the calling thread does at this address of a caller is the program's doing, not that of
 * this library, the runtime or the system; false also within this library's own doing. */
bool probe_is_watched(const void *caller) PROBE_HIDDEN;
/* Whether this is a Python process: where its threads rest, the probe for Python says. */
extern bool probe_has_python PROBE_HIDDEN;
/* Whether the address is the interpreter's. */
bool probe_is_python(const void *caller) PROBE_HIDDEN;
/* Whether libdispatch's workers can be told from the program's threads. */
bool probe_knows_dispatch(void) PROBE_HIDDEN;
/* Whether the address is libdispatch's. */
bool probe_is_dispatch(const void *caller) PROBE_HIDDEN;
/* Whether the address is in Swift's own library, the one that every program has. */
bool probe_is_core(const void *caller) PROBE_HIDDEN;
/* Whether the address is of the functions by which Swift calls libdispatch. */
bool probe_is_overlay(const void *caller) PROBE_HIDDEN;
/* So long a wait is nobody's business. */
#define PROBE_SHORT_NS 1000000
#define PROBE_NO_LIMIT UINT64_MAX
/* CLOCK_MONOTONIC, so much later. */
struct timespec probe_after(uint64_t ns) PROBE_HIDDEN;
/* ms from now, rounded up; NULL: none. */
uint64_t probe_limit(clockid_t clock, const struct timespec *until) PROBE_HIDDEN;
/* Makes the calling thread known, for it may do anything from now on, and joins may wait for it. */
void probe_announce_thread(void) PROBE_HIDDEN;
/* The calling thread waits, waits no more. Returns the stack. errno stays. */
uint32_t probe_wait_begins(const void *resource, uint32_t operation, uint64_t limit_ms, const void *frame) PROBE_HIDDEN;
void probe_wait_ends(const void *resource) PROBE_HIDDEN;
/* The one that it waited for is its own now. */
void probe_has_now(const void *resource, uint32_t stack) PROBE_HIDDEN;

/* Whether a wait of the calling thread is its rest between one piece of work and the next: nothing that it does itself,
 * and no part of another wait. */
bool probe_may_rest(void) PROBE_HIDDEN;

/* ---- outside.c, rests.c ---- */

/* Whether a descriptor only passes on what this process does itself, or what is watched by another one. */
bool probe_is_internal(int descriptor) PROBE_HIDDEN;
/* What threads come back to in epoll_wait is a loop. libdispatch's own hands out work, and does none. */
#define PROBE_LOOP(set) (CORONER_SET_BIT | (uint32_t)(set))

/* ---- tests.c ---- */

void probe_tests_start(void) PROBE_HIDDEN;
/* Whether the run loop itself has called the function with this frame, while XCTest looks whether an async test is over. */
bool probe_looks_at_test(const void *frame) PROBE_HIDDEN;

/* ---- python.c: the interpreter's lock ---- */

void probe_python_start(void) PROBE_HIDDEN;
/* The thread that waits for something else while it has the lock; 0: none. */
extern uint32_t probe_python_keeper PROBE_HIDDEN;
void probe_python_forked(void) PROBE_HIDDEN;
/* Whether that is the calling thread, which is told then; it waits no more. */
bool probe_keeps_python(uint32_t stack) PROBE_HIDDEN;
void probe_lets_python_go(void) PROBE_HIDDEN;
/* The calling thread is about to wait for the lock for a few ms, under this mutex; it has it, or does without. */
void probe_asks_for_python(const pthread_mutex_t *mutex, const void *frame) PROBE_HIDDEN;
void probe_asked_for_python(void) PROBE_HIDDEN;

/* ---- objects.c: what is known of libdispatch's semaphores, groups, queues and sources ---- */

/* By address; the latest to be made at one counts. */
struct probe_object {
  uintptr_t address; /* 0: none */
  int32_t permits;   /* of a semaphore: that it was made with, or given by who made it before anybody waited;
                        of a source: its interest, -1 a signal */
  uint32_t maker;    /* tid */
  bool is_waited_for;
  bool is_told;      /* the trace knows it */
  uint32_t count;    /* of a queue: blocks told since then */
  uint64_t counted_at;
  bool is_shared;    /* of a queue: its blocks may run beside each other */
  uint32_t at_work;  /* its blocks that were seen to come to it, and have not ended */
  uint32_t alone;    /* the thread that runs one of them which has to be alone; 0: none that is known */
  uint32_t barriers; /* those that wait until they are alone, as far as they are told */
  const void *callers[2]; /* of who made it */
};
/* What is known of it; if `new`, that may be nothing. NULL: no room. */
struct probe_object *probe_object(const void *address, bool new) PROBE_HIDDEN;
void probe_is_made(const void *address, intptr_t permits, const void *frame) PROBE_HIDDEN;
/* Whether it is the caller's to tell it to the trace. */
bool probe_tells_now(struct probe_object *known) PROBE_HIDDEN;
/* In a forked child, whose trace knows none. */
void probe_objects_forked(void) PROBE_HIDDEN;
/* The stack of who made it. */
uint32_t probe_origin(const struct probe_object *known) PROBE_HIDDEN;

/* ---- dispatch.c, queues.c ---- */

/* Tells the trace which queue the calling thread works on, if no other thread can meanwhile; NULL: none. */
const void *probe_tell_work(void) PROBE_HIDDEN;
/* ms from now until a time of dispatch. */
uint64_t probe_dispatch_limit(uint64_t until) PROBE_HIDDEN;

/* A block, by the ABI of blocks. Those of work items, which libdispatch makes, do more than their function. */
struct probe_block {
  void *kind;
  int flags, reserved;
  void (*function)(void *);
  const struct { unsigned long reserved, size; } *description;
};
/* One that Swift makes of a closure: that's function, and what it captures. */
struct probe_closure_block {
  struct probe_block block;
  uintptr_t function, captures;
};
static inline const struct probe_closure_block *probe_closure(const struct probe_block *block) {
  bool has_room = block->description && block->description->size >= sizeof(struct probe_closure_block);
  return has_room ? (const void *)block : NULL;
}
/* The site of what a block runs: the function of the closure, else its own. */
uint32_t probe_block_site(const struct probe_block *block) PROBE_HIDDEN;
/* Says which queue of libdispatch that is, unless it was said. */
void probe_tell_queue(void *queue) PROBE_HIDDEN;

/* ---- operations.c ---- */

void probe_operations_start(void) PROBE_HIDDEN;
/* The operation whose end is waited for at a condition by code at this address; 0: none. */
uint64_t probe_operation_at(const pthread_cond_t *condition, const void *caller) PROBE_HIDDEN;

/* ---- what is recorded of them, written in Swift ---- */

void probe_record_wait(uint64_t resource, uint32_t operation, uint64_t limit_ms, uint32_t stack) PROBE_HIDDEN;
void probe_record_wait_end(uint64_t resource) PROBE_HIDDEN;
void probe_record_held(uint64_t resource, uint64_t holder, uint32_t stack, uint32_t microseconds) PROBE_HIDDEN;
void probe_record_taken(uint64_t resource, uint32_t stack) PROBE_HIDDEN;
void probe_record_given_back(uint64_t resource, uint32_t stack) PROBE_HIDDEN;
void probe_record_notified(uint64_t condition, uint64_t count, uint32_t waiters, uint32_t stack) PROBE_HIDDEN;
void probe_record_semaphore(uint64_t semaphore, uint64_t permits, uint32_t stack) PROBE_HIDDEN;
void probe_record_barrier(uint64_t barrier, uint64_t parties, uint32_t stack) PROBE_HIDDEN;
void probe_record_group(uint64_t group, uint32_t stack) PROBE_HIDDEN;
/* `shared`: what runs there may run beside each other. */
void probe_record_queue(uint64_t queue, bool shared, const char *label, size_t length) PROBE_HIDDEN;
void probe_record_thread(uint64_t thread) PROBE_HIDDEN;
void probe_record_name(uint64_t resource, const char *name) PROBE_HIDDEN;
/* The thread rests until there is work for it, no longer than so many ms (UINT32_MAX: any time); it rests no more.
 * `loop`: where it does so again and again, 0 none. */
void probe_record_rest(uint64_t loop, uint32_t limit_ms) PROBE_HIDDEN;
void probe_record_rest_end(uint64_t loop, uint32_t ready) PROBE_HIDDEN;
void probe_record_loop(uint64_t loop, bool begins) PROBE_HIDDEN;
void probe_record_call(uint64_t loop) PROBE_HIDDEN;
void probe_record_descriptor(uint64_t descriptor, uint64_t loop, bool watched, uint32_t interest) PROBE_HIDDEN;
void probe_record_timer(uint64_t timer, uint64_t loop, bool armed, uint32_t ms) PROBE_HIDDEN;
void probe_record_signal(uint32_t number, bool handled) PROBE_HIDDEN;
void probe_record_job(uint64_t queue, uint64_t job, uint32_t stack, uint32_t function) PROBE_HIDDEN;
void probe_record_operation_queue(uint64_t queue, uint64_t limit, const char *name, size_t length) PROBE_HIDDEN;
void probe_record_operation_awaits(uint64_t job, uint64_t other) PROBE_HIDDEN;
void probe_record_job_start(uint64_t job) PROBE_HIDDEN;
void probe_record_job_end(uint64_t job) PROBE_HIDDEN;
