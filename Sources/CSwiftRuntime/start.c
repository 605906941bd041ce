#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "swift_runtime.h"
#include "locks.h"

bool probe_is_on;
bool probe_awaits_runtime;

/* A file by where it lies from this library. */
static bool find_beside(const char *file, char *path, size_t size) {
  Dl_info self;
  if (!dladdr((void *)find_beside, &self) || !self.dli_fname) return false;
  const char *end = strrchr(self.dli_fname, '/');
  int length = end ? (int)(end - self.dli_fname + 1) : 0;
  int written = snprintf(path, size, "%.*s%s", length, self.dli_fname, file);
  return written > 0 && (size_t)written < size;
}

/* The tool that reads traces is a Swift program too. */
static bool is_own_tool(void) {
  char path[PATH_MAX];
  struct stat tool, program;
  return find_beside("../../bin/coroner", path, sizeof path) && !stat(path, &tool) &&
         !stat("/proc/self/exe", &program) && tool.st_ino == program.st_ino &&
         tool.st_dev == program.st_dev;
}

static void begin(void) {
  char path[PATH_MAX];
  if (!find_beside("libcoroner.so", path, sizeof path)) return;
  extern char *program_invocation_name;
  if (!probe_link_recorder(path, program_invocation_name)) return;
  probe_modules_start();
  probe_stacks_start();
  probe_waits_start();
  probe_runtime_find();
  __atomic_store_n(&probe_is_on, true, __ATOMIC_RELEASE);
}

/* Recording begins before main where the program asks for it and runs Swift concurrency. */
__attribute__((constructor)) static void start(void) {
  const char *trace = getenv("CORONER_TRACE");
  if (!trace || !*trace || is_own_tool()) return;
  if (probe_runtime_is_loaded() || probe_runtime_is_built_in())
    begin();
  else
    probe_awaits_runtime = true;
}

/* A library that runs Swift was loaded, and is the first to come by. Other threads wait for so many ms at most: what
 * they do meanwhile would be missing. */
enum { START_MS = 100 };

void probe_start_late(void) {
  static int state;
  static _Thread_local bool is_starting PROBE_NEAR;
  int none = 0;
  if (__atomic_compare_exchange_n(&state, &none, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    is_starting = true;
    begin();
    is_starting = false;
    __atomic_store_n(&probe_awaits_runtime, false, __ATOMIC_RELEASE);
    return;
  }
  const struct timespec ms = {0, 1000000};
  for (int i = 0; i < START_MS && !is_starting; i++) {
    if (!__atomic_load_n(&probe_awaits_runtime, __ATOMIC_ACQUIRE)) return;
    clock_nanosleep(CLOCK_MONOTONIC, 0, &ms, NULL);
  }
}
