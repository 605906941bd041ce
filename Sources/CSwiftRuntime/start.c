#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swift_runtime.h"
#include "tasks.h"

bool probe_is_on;

/* The recorder lies beside this library. */
static bool find_recorder(char *path, size_t size) {
  Dl_info self;
  if (!dladdr((void *)find_recorder, &self) || !self.dli_fname) return false;
  const char *end = strrchr(self.dli_fname, '/');
  int length = end ? (int)(end - self.dli_fname + 1) : 0;
  int written = snprintf(path, size, "%.*slibcoroner.so", length, self.dli_fname);
  return written > 0 && (size_t)written < size;
}

/* Recording begins before main where the program asks for it and runs Swift concurrency. */
__attribute__((constructor)) static void start(void) {
  const char *trace = getenv("CORONER_TRACE");
  if (!trace || !*trace || !dlsym(RTLD_NEXT, "swift_task_create")) return;
  char path[4096];
  if (!find_recorder(path, sizeof path)) return;
  extern char *program_invocation_name;
  if (!probe_link_recorder(path, program_invocation_name)) return;
  probe_define_fact("runtime", "Swift");
  probe_modules_start();
  probe_stacks_start();
  if (!probe_runtime_find()) return;
  __atomic_store_n(&probe_is_on, true, __ATOMIC_RELEASE);
}
