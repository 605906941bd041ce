#include "tasks.h"

_Thread_local struct probe_thread probe_thread;

#define NEXT(name) \
  static __typeof__(&name) next; \
  if (__builtin_expect(!next, 0)) next = probe_next(#name, __builtin_return_address(0))
#define HERE __builtin_frame_address(0)

/* ---- turns ---- */

/* The runtime passes here with a task's exclusivity state at the beginning of each turn, and before it lets
 * anybody know that the turn is over. */
#define TASK_OF(state) ((const char *)(state) - probe_layout.exclusivity)

PROBE_HOOK void swift_task_enterThreadLocalContext(void *state) {
  NEXT(swift_task_enterThreadLocalContext);
  next(state);
  if (probe_is_seeing()) probe_task_runs(TASK_OF(state));
}

PROBE_HOOK void swift_task_exitThreadLocalContext(void *state) {
  NEXT(swift_task_exitThreadLocalContext);
  next(state);
  if (probe_is_seeing()) probe_task_leaves(TASK_OF(state), __builtin_return_address(0));
}

/* ---- the end: a task's first context is made to go on here instead of in the runtime ---- */

typedef PROBE_SWIFTASYNC void (*end_function)(PROBE_CONTEXT const void *, PROBE_SELF const void *);
#define END_COUNT 8
static end_function ends[END_COUNT];

#define END(n) \
  static PROBE_SWIFTASYNC void end_##n(PROBE_CONTEXT const void *context, PROBE_SELF const void *error) { \
    probe_task_ends(error); \
    __attribute__((musttail)) return ends[n](context, error); \
  }
END(0) END(1) END(2) END(3) END(4) END(5) END(6) END(7)
static const end_function own_ends[END_COUNT] = {end_0, end_1, end_2, end_3,
                                                 end_4, end_5, end_6, end_7};

/* Which of the ends goes on here; END_COUNT: none. */
static int place_of(end_function end, const end_function *of) {
  int i = 0;
  while (i < END_COUNT && __atomic_load_n(&of[i], __ATOMIC_ACQUIRE) != end) i++;
  return i;
}

bool probe_watch_end(const void *context) {
  end_function *place = (end_function *)((char *)context + probe_layout.context_resume);
  end_function end = *place;
  int i = place_of(end, ends);
  if (i == END_COUNT) {
    if (place_of(end, own_ends) < END_COUNT) return false;
    for (i = 0; i < END_COUNT; i++) {
      end_function known = NULL;
      if (__atomic_compare_exchange_n(&ends[i], &known, end, false, __ATOMIC_ACQ_REL,
                                      __ATOMIC_ACQUIRE) ||
          known == end)
        break;
    }
  }
  if (i < END_COUNT) *place = own_ends[i];
  return true;
}

/* ---- tasks are made ---- */

struct made_task {
  const void *task, *context;
};

static void begin(struct probe_creation *creation) {
  creation->outer = probe_thread.creation;
  probe_thread.creation = creation;
}

/* A task that is queued at once was told then, before another thread could run it. */
static void finish(struct probe_creation *creation, const void *task) {
  probe_thread.creation = creation->outer;
  if (!creation->is_told) probe_task_is_made(task, creation);
}

PROBE_HOOK PROBE_SWIFTCALL struct made_task swift_task_create(size_t flags,
                                                              const struct probe_record_list *options,
                                                              const void *type, const void *entry,
                                                              const void *closure) {
  NEXT(swift_task_create);
  if (!probe_is_seeing()) return next(flags, options, type, entry, closure);
  struct probe_creation creation = {
      .options = options, .entry = entry, .closure = closure, .frame = HERE};
  begin(&creation);
  struct made_task made = next(flags, options, type, entry, closure);
  finish(&creation, made.task);
  return made;
}

/* Where an AsyncLet keeps its task, with flags in the low bits. */
#define LET_TASK 0x18
#define LET_FLAGS 15ul

PROBE_HOOK PROBE_SWIFTCALL void swift_asyncLet_begin(void *let, const struct probe_record_list *options,
                                                     const void *type, const void *entry,
                                                     const void *closure, void *result) {
  NEXT(swift_asyncLet_begin);
  if (!probe_is_seeing()) {
    next(let, options, type, entry, closure, result);
    return;
  }
  struct probe_creation creation = {
      .options = options, .entry = entry, .closure = closure, .frame = HERE};
  begin(&creation);
  next(let, options, type, entry, closure, result);
  uintptr_t task = *(const uintptr_t *)((const char *)let + LET_TASK) & ~LET_FLAGS;
  finish(&creation, (const void *)task);
}

/* ---- continuations, groups, actors ---- */

PROBE_HOOK PROBE_SWIFTCALL const void *swift_continuation_init(void *context, size_t flags) {
  NEXT(swift_continuation_init);
  if (probe_is_seeing()) {
    probe_thread.continuation = context;
    probe_continuation_is_made(context);
  }
  return next(context, flags);
}

PROBE_HOOK PROBE_SWIFTCALL void swift_taskGroup_initialize(void *group, const void *type) {
  NEXT(swift_taskGroup_initialize);
  next(group, type);
  if (probe_is_seeing()) probe_group_is_made(group, HERE);
}

PROBE_HOOK PROBE_SWIFTCALL void swift_taskGroup_initializeWithFlags(size_t flags, void *group,
                                                                    const void *type) {
  NEXT(swift_taskGroup_initializeWithFlags);
  next(flags, group, type);
  if (probe_is_seeing()) probe_group_is_made(group, HERE);
}

PROBE_HOOK PROBE_SWIFTCALL void swift_taskGroup_initializeWithOptions(size_t flags, void *group,
                                                                      const void *type, const void *options) {
  NEXT(swift_taskGroup_initializeWithOptions);
  next(flags, group, type, options);
  if (probe_is_seeing()) probe_group_is_made(group, HERE);
}

PROBE_HOOK PROBE_SWIFTCALL void swift_defaultActor_initialize(void *actor) {
  NEXT(swift_defaultActor_initialize);
  next(actor);
  if (probe_is_seeing()) probe_actor_is_made(actor, HERE);
}
