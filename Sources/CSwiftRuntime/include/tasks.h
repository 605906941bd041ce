/* What the probe reads and calls of Swift's concurrency runtime, and what of a thread's tasks it keeps. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "swift_runtime.h"

/* Written before anything is recorded, then only read. */
#define PROBE_SETTLED PROBE_HIDDEN __attribute__((swift_attr("nonisolated(unsafe)")))

/* ---- layout.c: where things lie in the runtime's objects, in bytes ---- */

struct probe_layout {
  uint32_t task_size, layout_version; /* what tells one layout from another */
  /* AsyncTask */
  uint16_t job_flags, resume_function, resume_context, exclusivity, status, records, dependency;
  /* where a task's own memory is: a list of slabs, each used up to an offset behind its head */
  uint16_t slab, slab_next, slab_size, slab_used, slab_head;
  /* a task's dependency record: what it waits for */
  uint16_t dependency_object, dependency_kind;
  /* AsyncContext, and the function behind a task's first one */
  uint16_t context_parent, context_resume;
  int16_t context_function;
  /* a storage's place in the frame that waits for an element of it */
  uint16_t stream_storage;
};
extern struct probe_layout probe_layout PROBE_SETTLED;

/* What a running task waits for (TaskDependencyStatusRecord). */
enum probe_dependency {
  PROBE_WAITS_FOR_TASK = 1,
  PROBE_WAITS_FOR_CONTINUATION = 2,
  PROBE_WAITS_FOR_GROUP = 3,
  PROBE_WAITS_FOR_EXECUTOR = 4,
};
/* JobFlags */
#define PROBE_JOB_KIND 0xffu /* 0: a task */
#define PROBE_JOB_IS_CHILD (1u << 24) /* behind the task: its parent, the next child, */
#define PROBE_JOB_IS_IN_GROUP (1u << 26) /* and its group */
#define PROBE_JOB_HAS_EXECUTOR (1u << 29)
#define PROBE_JOB_HAS_NAME (1u << 30)
/* TaskOptionRecord, TaskStatusRecord: kind, next one, content. */
enum { PROBE_OPTION_GROUP = 1, PROBE_OPTION_NAME = 7 };
enum { PROBE_RECORD_CHILD = 1, PROBE_RECORD_GROUP = 2, PROBE_RECORD_NAME = 6 };
struct probe_record_list {
  uint64_t kind; /* in the low byte */
  const struct probe_record_list *next;
  const void *content;
};

/* Takes the row of this runtime; false: it is not known. */
bool probe_layout_find(uint32_t task_size, uint32_t layout_version) PROBE_HIDDEN;

/* ---- landmarks.c: which function of the runtime an address is in ---- */

enum probe_landmark {
  PROBE_ELSEWHERE,
  PROBE_RUNTIME, /* the concurrency library, no function of interest */
  PROBE_ENQUEUE,
  PROBE_RESUME,
  PROBE_RESUME_ERROR,
  PROBE_UNLOCK, /* an actor is given up */
  PROBE_SWITCH, /* a task takes an executor without giving up its thread */
  PROBE_CANCEL,
  PROBE_SLEEP,
  PROBE_YIELD,
  PROBE_NEXT_ELEMENT,
  PROBE_ALL_CHILDREN,
};
#define PROBE_LANDMARK_GRAIN 16
#define PROBE_LANDMARK_COUNT (1u << 16)
struct probe_landmarks {
  uintptr_t start, size;               /* the library's code */
  bool is_complete;                    /* all that is looked for was found */
  uint8_t kinds[PROBE_LANDMARK_COUNT]; /* for each grain of code */
};
extern struct probe_landmarks probe_landmarks PROBE_SETTLED;
/* Of the library: the type of a checked continuation's canary, and what that does at its end; NULL: not found. */
extern const void *probe_canary_type PROBE_HIDDEN, *probe_canary_end PROBE_HIDDEN;
/* Reads the symbols of the concurrency library. Once, before anything is recorded. */
void probe_landmarks_find(const void *code) PROBE_HIDDEN;

static inline enum probe_landmark probe_landmark_of(const void *pc) {
  uintptr_t offset = (uintptr_t)pc - probe_landmarks.start;
  return offset < probe_landmarks.size
             ? (enum probe_landmark)probe_landmarks.kinds[offset / PROBE_LANDMARK_GRAIN]
             : PROBE_ELSEWHERE;
}

/* ---- runtime.c: what is called of the runtime ---- */

#define PROBE_SWIFTCALL __attribute__((swiftcall))
#define PROBE_SWIFTASYNC __attribute__((swiftasynccall))
#define PROBE_CONTEXT __attribute__((swift_async_context))
#define PROBE_SELF __attribute__((swift_context))
#define PROBE_RESULT __attribute__((swift_indirect_result))
#define PROBE_HOOK __attribute__((visibility("default")))

struct probe_executor {
  const void *identity, *implementation; /* implementation 0: a default actor, or the pool */
};
struct probe_type_name {
  const char *text;
  size_t length;
};
struct probe_runtime {
  const void *first_run[2]; /* the resume functions of a task that has not run */
  const void *cancellation; /* the type of CancellationError */
  PROBE_SWIFTCALL const void *(*current_task)(void);
  PROBE_SWIFTCALL struct probe_executor (*current_executor)(void);
  PROBE_SWIFTCALL struct probe_executor (*main_executor)(void);
  PROBE_SWIFTCALL struct probe_executor (*preferred_executor)(void);
  PROBE_SWIFTCALL struct probe_type_name (*type_name)(const void *type, bool qualified);
};
extern struct probe_runtime probe_runtime PROBE_SETTLED;
/* Whether the concurrency library is there, whether the program has its own copy of it instead. */
bool probe_runtime_is_loaded(void) PROBE_HIDDEN;
bool probe_runtime_is_built_in(void) PROBE_HIDDEN;
/* Finds the runtime, checks it, sets tracepoints in it. What cannot be recorded is told as a fact. */
void probe_runtime_find(void) PROBE_HIDDEN;

/* Whether tasks are recorded. Set once. */
extern bool probe_sees_tasks PROBE_HIDDEN;
/* A trace is asked for, and the runtime was not loaded at the start. */
extern bool probe_awaits_runtime PROBE_HIDDEN;
void probe_start_late(void) PROBE_HIDDEN;
static inline bool probe_is_seeing(void) {
  if (__builtin_expect(probe_awaits_runtime, 0)) probe_start_late();
  return __atomic_load_n(&probe_sees_tasks, __ATOMIC_ACQUIRE);
}

/* The id of a string, cut at what the recorder keeps. */
static inline uint32_t probe_define_text(const char *text) {
  return probe_define_string(text, strnlen(text, CORONER_STRING_LIMIT));
}
/* The pool of a priority. Each has a queue of its own, and so a width of its own. */
#define PROBE_PRIORITY_COUNT 256u
extern char probe_pools[PROBE_PRIORITY_COUNT] PROBE_HIDDEN;
uint32_t probe_pool_width(void) PROBE_HIDDEN;
static inline const void *probe_pool_of(const void *task) {
  return &probe_pools[((const uint8_t *)task)[probe_layout.job_flags + 1]];
}
static inline const void *probe_pool(uint32_t priority) { return &probe_pools[priority % PROBE_PRIORITY_COUNT]; }
/* Of a priority that has a name: background, low, medium, high, user interactive. */
static inline bool probe_is_usual_pool(const void *pool) {
  const uint64_t usual = 1ull << 9 | 1ull << 17 | 1ull << 21 | 1ull << 25 | 1ull << 33;
  size_t priority = (size_t)((const char *)pool - probe_pools);
  return priority < 64 && (usual >> priority & 1);
}
static inline uint32_t probe_pool_priority(const void *pool) {
  return (uint32_t)((const char *)pool - probe_pools);
}
static inline const void *probe_current_task(void) {
  return probe_runtime.current_task ? probe_runtime.current_task() : NULL;
}
bool probe_is_main_thread(void) PROBE_HIDDEN;
static inline struct probe_executor probe_current_executor(void) {
  return probe_runtime.current_executor();
}
static inline struct probe_executor probe_main_executor(void) {
  return probe_runtime.main_executor ? probe_runtime.main_executor() : (struct probe_executor){0};
}
static inline struct probe_executor probe_preferred_executor(void) {
  return probe_runtime.preferred_executor ? probe_runtime.preferred_executor()
                                          : (struct probe_executor){0};
}
static inline struct probe_type_name probe_type_name_of(const void *type) {
  return probe_runtime.type_name ? probe_runtime.type_name(type, true)
                                 : (struct probe_type_name){0};
}
static inline bool probe_is_first_run(const void *resume_function) {
  return resume_function == probe_runtime.first_run[0] || resume_function == probe_runtime.first_run[1];
}

/* ---- tasks.c: hooks, and what a thread is about ---- */

/* A task that is being made on this thread. */
struct probe_creation {
  struct probe_creation *outer;
  const struct probe_record_list *options;
  const void *entry, *closure; /* its function and what that captures */
  const void *frame;           /* of the hook */
  bool is_told;
};

/* Tasks that run on a thread, one within another; an inner one runs at once, on top of who made it. */
#define PROBE_TURN_LIMIT 32
struct probe_turn {
  const void *task, *executor; /* the executor that was told */
  bool is_untold;              /* the runtime's own doing, such as the end of a sleep */
};
struct probe_thread {
  struct probe_turn turns[PROBE_TURN_LIMIT];
  uint32_t depth; /* may be more than the limit */
  struct probe_creation *creation;
  const void *continuation; /* made last */
  const void *lost;         /* the task of this thread is about to wait for what it has let go of itself, */
  uint32_t lost_at;         /* there */
  const void *readied;      /* the executor that a task was made ready for last */
};
extern _Thread_local struct probe_thread probe_thread
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* The innermost turn; NULL if there is none. */
static inline struct probe_turn *probe_turn(void) {
  uint32_t depth = probe_thread.depth;
  return depth && depth <= PROBE_TURN_LIMIT ? &probe_thread.turns[depth - 1] : NULL;
}
static inline struct probe_turn *probe_turn_begin(const void *task) {
  uint32_t depth = probe_thread.depth++;
  if (depth >= PROBE_TURN_LIMIT) return NULL;
  probe_thread.turns[depth] = (struct probe_turn){.task = task};
  return &probe_thread.turns[depth];
}
/* Whether what ends was told. */
static inline bool probe_turn_end(void) {
  struct probe_turn *turn = probe_turn();
  if (probe_thread.depth) probe_thread.depth--;
  return !turn || !turn->is_untold;
}
/* Whether the trace knows that a task of this thread's making is for that executor, if it says no other one. */
static inline bool probe_readies_as_before(const void *executor) {
  if (probe_thread.readied == executor) return true;
  probe_thread.readied = executor;
  return false;
}
static inline void probe_loses(const void *task, uint32_t stack) {
  probe_thread.lost = task;
  probe_thread.lost_at = stack;
}
/* Whether that is what it is about to wait for now, and where it let go of it. */
static inline bool probe_has_lost(const void *task, uint32_t *stack) {
  bool has = probe_thread.lost == task;
  *stack = probe_thread.lost_at;
  probe_thread.lost = NULL;
  return has;
}
static inline struct probe_creation *probe_creation(void) { return probe_thread.creation; }
static inline bool probe_takes_continuation(const void *context) {
  if (probe_thread.continuation != context) return false;
  probe_thread.continuation = NULL;
  return true;
}

/* Lets a task's end be told, before its first run; false: that was done before. */
bool probe_watch_end(const void *context) PROBE_HIDDEN;

/* ---- canaries.c: continuations that nobody can resume ---- */

void probe_canaries_watch(const void *type, const void *end) PROBE_HIDDEN;

/* ---- seen.c: what needs to be told only once. Any thread; no lock ---- */

/* In a forked child, whose trace knows of nothing that lives. */
extern bool probe_is_forked PROBE_SETTLED;
void probe_seen_forked(void) PROBE_HIDDEN;
/* Whether the address was not told before; false as well if there is no room for another one. */
bool probe_is_new(const void *object) PROBE_HIDDEN;
/* What was defined for something in a loaded file, such as a type's name; 0: nothing so far. */
uint32_t probe_id_known(const void *object) PROBE_HIDDEN;
void probe_id_remember(const void *object, uint32_t id) PROBE_HIDDEN;

/* ---- called from the hooks, written in Swift ---- */

void probe_task_is_made(const void *task, struct probe_creation *creation) PROBE_HIDDEN;
void probe_task_runs(const void *task) PROBE_HIDDEN;
void probe_task_leaves(const void *task, const void *caller) PROBE_HIDDEN;
void probe_task_ends(const void *error) PROBE_HIDDEN;
void probe_task_is_queued(const void *task) PROBE_HIDDEN;
void probe_task_is_cancelled(const void *task, const void *frame) PROBE_HIDDEN;
void probe_pools_are_made(void) PROBE_HIDDEN;
void probe_actor_is_made(const void *actor, const void *frame) PROBE_HIDDEN;
void probe_actor_is_taken(const void *actor) PROBE_HIDDEN;
void probe_actor_is_left(const void *actor) PROBE_HIDDEN;
void probe_continuation_is_made(const void *context) PROBE_HIDDEN;
void probe_continuation_resumes(const void *task, bool with_error, const void *frame) PROBE_HIDDEN;
void probe_continuation_is_lost(const void *task, uint32_t stack) PROBE_HIDDEN;
void probe_group_is_made(const void *group, const void *frame) PROBE_HIDDEN;
void probe_stream_is_made(const void *storage, const void *frame) PROBE_HIDDEN;
void probe_stream_gets(const void *storage, const void *frame) PROBE_HIDDEN;
void probe_stream_finishes(const void *storage, const void *frame) PROBE_HIDDEN;
