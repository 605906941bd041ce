#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tasks.h"

struct probe_runtime probe_runtime;
char probe_pools[PROBE_PRIORITY_COUNT];

bool probe_is_main_thread(void) { return getpid() == gettid(); }

uint32_t probe_pool_width(void) {
  long count = sysconf(_SC_NPROCESSORS_CONF);
  return count > 0 ? (uint32_t)count : 1;
}

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

static const char *set_tracepoints(void *library) {
  typedef void (*tracepoint)(const void *);
  const bool *is_in_use = dlsym(library, "_swift_tsan_enabled");
  tracepoint *release = dlsym(library, "_swift_tsan_release");
  tracepoint *acquire = dlsym(library, "_swift_tsan_acquire");
  if (!is_in_use || !release || !acquire) return "Swift's runtime has no calls for a race detector";
  if (*is_in_use || *release || *acquire) return "a race detector is in use";
  __atomic_store_n(release, handed_over, __ATOMIC_RELEASE);
  __atomic_store_n(acquire, taken_over, __ATOMIC_RELEASE);
  return NULL;
}

/* ---- finding it ---- */

#define LIBRARY "libswift_Concurrency.so"

static void *loaded_library(void) { return dlopen(LIBRARY, RTLD_LAZY | RTLD_NOLOAD); }

bool probe_runtime_is_loaded(void) { return loaded_library() != NULL; }

static const void *value_at(void *library, const char *name) {
  const void *const *place = dlsym(library, name);
  return place ? *place : NULL;
}

static const char *find_functions(void *library) {
  const size_t *size = dlsym(library, "_swift_concurrency_debug_asyncTaskSize");
  const uint32_t *version = dlsym(library, "_swift_concurrency_debug_internal_layout_version");
  if (!size || !version || !probe_layout_find((uint32_t)*size, *version))
    return "this version of Swift's runtime is not known";
  probe_runtime = (struct probe_runtime){
      .first_run = {value_at(library, "_swift_concurrency_debug_future_adapter"),
                    value_at(library, "_swift_concurrency_debug_non_future_adapter")},
      .cancellation = dlsym(library, "$sScEN"),
      .current_task = (void *)dlsym(library, "swift_task_getCurrent"),
      .current_executor = (void *)dlsym(library, "swift_task_getCurrentExecutor"),
      .main_executor = (void *)dlsym(library, "swift_task_getMainExecutor"),
      .preferred_executor = (void *)dlsym(library, "swift_task_getPreferredTaskExecutor"),
      .type_name = (void *)dlsym(library, "swift_getTypeName"),
  };
  if (!probe_runtime.first_run[0] || !probe_runtime.current_task || !probe_runtime.current_executor)
    return "functions of Swift's runtime are missing";
  return NULL;
}

bool probe_sees_tasks;

/* `key`: probe.missing for what every report must say, else probe.fallback. */
static void tell(const char *key, const char *what, const char *why) {
  char text[256];
  snprintf(text, sizeof text, "%s: %s", what, why);
  probe_define_fact(key, text);
}

void probe_runtime_find(void) {
  probe_define_fact("runtime", "Swift");
  void *library = loaded_library();
  const char *missing = library ? find_functions(library)
                                : "the program carries its own copy of Swift's runtime; link it "
                                  "without -static-stdlib";
  if (missing) {
    tell("probe.missing", "its tasks were not recorded", missing);
    return;
  }
  /* Any function that is not stood for here. */
  probe_landmarks_find(dlsym(library, "swift_task_getCurrent"));
  if (!probe_landmarks.is_complete)
    tell("probe.fallback", "sleeps, streams and who resumes may be missing",
                 "not all symbols of Swift's concurrency library were found");
  probe_canaries_watch(probe_canary_type, probe_canary_end);
  missing = set_tracepoints(library);
  if (missing) tell("probe.fallback", "who resumes, queues and cancels is missing", missing);
  probe_pools_are_made();
  __atomic_store_n(&probe_sees_tasks, true, __ATOMIC_RELEASE);
}

/* In a library's own scope, if it is loaded; not what stands for it here. */
static void *in_scope(const char *library, const char *name) {
  void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD), *found = handle ? dlsym(handle, name) : NULL;
  Dl_info its, own;
  bool is_own = found && dladdr(found, &its) && dladdr((void *)in_scope, &own) &&
                its.dli_fbase == own.dli_fbase;
  return is_own ? NULL : found;
}

void *probe_next(const char *name, const void *caller) {
  void *next = dlsym(RTLD_NEXT, name);
  /* The runtime may have come with a library that keeps its symbols, and those of what it needs, to itself. */
  if (!next) next = in_scope(LIBRARY, name);
  if (!next) next = in_scope("libdispatch.so", name);
  Dl_info info;
  if (!next && caller && dladdr(caller, &info) && info.dli_fname) next = in_scope(info.dli_fname, name);
  return next;
}

/* ---- a copy of it within the program ---- */

bool probe_runtime_is_built_in(void) {
  /* Swift's own tables are sections by these names. */
  static const char mark[] = "swift5_";
  bool is_found = false;
  int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ElfW(Ehdr) header;
  ElfW(Shdr) sections[128];
  char names[4096];
  if (file < 0) return false;
  if (pread(file, &header, sizeof header, 0) == sizeof header &&
      !memcmp(header.e_ident, ELFMAG, SELFMAG) && header.e_shentsize == sizeof *sections &&
      header.e_shnum <= sizeof sections / sizeof *sections && header.e_shstrndx < header.e_shnum &&
      pread(file, sections, header.e_shnum * sizeof *sections, (off_t)header.e_shoff) ==
          (ssize_t)(header.e_shnum * sizeof *sections)) {
    ssize_t length = pread(file, names, sizeof names, (off_t)sections[header.e_shstrndx].sh_offset);
    is_found = length > 0 && memmem(names, (size_t)length, mark, sizeof mark - 1);
  }
  close(file);
  return is_found && !dlopen("libswiftCore.so", RTLD_LAZY | RTLD_NOLOAD);
}
