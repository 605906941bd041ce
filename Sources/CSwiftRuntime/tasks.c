#define _GNU_SOURCE
#include <dlfcn.h>

#include "swift_runtime.h"

/* The runtime passes here with a task's exclusivity state at the beginning and the end of each turn. */
#define TASK_OF(state) ((const char *)(state) - 0x50)

typedef void (*state_function)(void *);

__attribute__((visibility("default"))) void swift_task_enterThreadLocalContext(void *state) {
  static state_function next;
  if (!next) next = (state_function)dlsym(RTLD_NEXT, "swift_task_enterThreadLocalContext");
  next(state);
  if (probe_is_on) probe_task_runs(TASK_OF(state));
}

__attribute__((visibility("default"))) void swift_task_exitThreadLocalContext(void *state) {
  static state_function next;
  if (!next) next = (state_function)dlsym(RTLD_NEXT, "swift_task_exitThreadLocalContext");
  next(state);
  if (probe_is_on) probe_task_leaves(TASK_OF(state));
}
