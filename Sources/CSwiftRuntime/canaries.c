#include "tasks.h"

/* A checked continuation has a canary: an object that all its copies refer to, and that goes with the last of them.
 * If the continuation was not resumed until then, nobody can do it any more, and the runtime says that it was misused.
 * What the object's type does at its end is replaced. */

typedef PROBE_SWIFTCALL void (*end_function)(PROBE_SELF const void *);
static end_function end;

/* The task that waits, taken out when it is resumed. */
#define CANARY_TASK 0x10

static PROBE_SWIFTCALL void canary_ends(PROBE_SELF const void *canary) {
  const void *task = *(const void *const *)((const char *)canary + CANARY_TASK);
  if (task && probe_is_seeing())
    probe_continuation_is_lost(task, probe_stack_here(__builtin_frame_address(0)));
  __attribute__((musttail)) return end(canary);
}

void probe_canaries_watch(const void *type, const void *expected) {
  /* What a type does at the end of its objects lies in front of it. */
  end_function *place = (end_function *)((uintptr_t)type - 2 * sizeof(void *));
  if (!type || !expected || (const void *)*place != expected) {
    probe_define_fact("probe.fallback", "continuations that were lost are not told: unknown layout");
    return;
  }
  end = *place;
  __atomic_store_n(place, canary_ends, __ATOMIC_RELEASE);
}
