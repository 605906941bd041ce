#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

#include "tasks.h"

struct probe_runtime probe_runtime;

/* ---- tracepoints ---- */

/* The runtime tells a race detector, if there is one, where it hands something over to another thread: what is
 * called then says what happens by where it is called from. It is the only view into calls within the
 * runtime. */
static void handed_over(const void *object) {
  const void *caller = __builtin_return_address(0);
  switch (probe_landmark_of(caller)) {
  case PROBE_ENQUEUE: probe_task_is_queued(object); break;
  case PROBE_RESUME:
    probe_continuation_resumes(object, false, __builtin_frame_address(0));
    break;
  case PROBE_RESUME_ERROR:
    probe_continuation_resumes(object, true, __builtin_frame_address(0));
    break;
  case PROBE_UNLOCK: probe_actor_is_left(object); break;
  default: break;
  }
}

static void taken_over(const void *object) {
  const void *caller = __builtin_return_address(0);
  switch (probe_landmark_of(caller)) {
  case PROBE_SWITCH: probe_actor_is_taken(object); break;
  case PROBE_CANCEL: probe_task_is_cancelled(object, __builtin_frame_address(0)); break;
  default: break;
  }
}

static bool set_tracepoints(void) {
  typedef void (*tracepoint)(const void *);
  const bool *is_in_use = dlsym(RTLD_DEFAULT, "_swift_tsan_enabled");
  tracepoint *release = dlsym(RTLD_DEFAULT, "_swift_tsan_release");
  tracepoint *acquire = dlsym(RTLD_DEFAULT, "_swift_tsan_acquire");
  if (!is_in_use || !release || !acquire || *is_in_use || *release || *acquire) return false;
  __atomic_store_n(release, handed_over, __ATOMIC_RELEASE);
  __atomic_store_n(acquire, taken_over, __ATOMIC_RELEASE);
  return true;
}

/* ---- finding it ---- */

static const void *value_at(const char *name) {
  const void *const *place = dlsym(RTLD_DEFAULT, name);
  return place ? *place : NULL;
}

bool probe_runtime_find(void) {
  const void *create = dlsym(RTLD_NEXT, "swift_task_create");
  const size_t *size = dlsym(RTLD_DEFAULT, "_swift_concurrency_debug_asyncTaskSize");
  const uint32_t *version = dlsym(RTLD_DEFAULT, "_swift_concurrency_debug_internal_layout_version");
  if (!create || !size || !version || !probe_layout_find((uint32_t)*size, *version)) return false;
  probe_runtime.first_run[0] = value_at("_swift_concurrency_debug_future_adapter");
  probe_runtime.first_run[1] = value_at("_swift_concurrency_debug_non_future_adapter");
  probe_runtime.cancellation = dlsym(RTLD_DEFAULT, "$sScEN");
  probe_runtime.current_task = (void *)dlsym(RTLD_DEFAULT, "swift_task_getCurrent");
  probe_runtime.current_executor = (void *)dlsym(RTLD_DEFAULT, "swift_task_getCurrentExecutor");
  probe_runtime.main_executor = (void *)dlsym(RTLD_DEFAULT, "swift_task_getMainExecutor");
  probe_runtime.preferred_executor = (void *)dlsym(RTLD_DEFAULT, "swift_task_getPreferredTaskExecutor");
  probe_runtime.type_name = (void *)dlsym(RTLD_DEFAULT, "swift_getTypeName");
  if (!probe_runtime.first_run[0] || !probe_runtime.current_task || !probe_runtime.current_executor)
    return false;
  probe_landmarks_find(create);
  if (!probe_landmarks.is_complete)
    probe_define_fact("probe.fallback", "the symbols of Swift's concurrency library were not all found: "
                                        "sleeps, streams and resumers may be missing");
  if (!set_tracepoints())
    probe_define_fact("probe.fallback", "a race detector is in use: who resumes, queues and cancels is missing");
  char width[24];
  snprintf(width, sizeof width, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
  probe_define_fact("pool.width", width);
  return true;
}
