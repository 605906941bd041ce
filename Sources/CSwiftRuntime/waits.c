/* What all kinds of waiting threads have in common. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <string.h>

#include "locks.h"

/* ---- whose wait it is ---- */

/* Libraries that wait for themselves: workers that are parked, locks of the runtime and the recorder. */
static const char *const own_affairs[] = {"libdispatch.so",  "libswiftCore.so", "libswift_Concurrency.so",
                                          "libcoroner.so",   "libcoroner-swift.so",
                                          "libc.so.6",       "libpthread.so.0"};
enum { OWN_COUNT = sizeof own_affairs / sizeof *own_affairs };
static struct range {
  uintptr_t start, size;
} ranges[OWN_COUNT + 1], dispatch, overlay, core, interpreter;
static int range_count;
bool probe_has_python;

static struct range code_of(const struct dl_phdr_info *info) {
  for (int k = 0; k < info->dlpi_phnum; k++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[k];
    if (part->p_type == PT_LOAD && part->p_flags & PF_X)
      return (struct range){info->dlpi_addr + part->p_vaddr, part->p_memsz};
  }
  return (struct range){0, 0};
}

/* The interpreter's waits are the business of another probe. */
static int note_range(struct dl_phdr_info *info, size_t size, void *python) {
  (void)size;
  struct range code = code_of(info);
  const char *name = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
  int own = OWN_COUNT;
  for (int i = 0; name && i < OWN_COUNT; i++)
    if (strcmp(name + 1, own_affairs[i]) == 0) own = i;
  bool is_python = python && (uintptr_t)python - code.start < code.size;
  if (name && !strcmp(name, "/libswiftDispatch.so")) overlay = code;
  if ((own == OWN_COUNT && !is_python) || range_count > OWN_COUNT) return 0;
  if (own == 0) dispatch = code;
  if (own == 1) core = code;
  if (is_python) interpreter = code;
  ranges[range_count++] = code;
  return 0;
}

void probe_waits_start(void) {
  void *python = dlsym(RTLD_DEFAULT, "Py_GetVersion");
  if (!python) dlerror();
  probe_has_python = python != NULL;
  dl_iterate_phdr(note_range, python);
  probe_mutexes_start();
  probe_dispatch_start();
  probe_queues_start();
  probe_operations_start();
  probe_threads_start();
  probe_futexes_start();
  probe_outside_start();
  probe_rests_start();
  probe_tests_start();
  probe_calls_start();
  if (python) probe_python_start();
  probe_holds_start();
}

/* A copy of it within the program cannot be told from the rest: who waits may be one of its workers. */
bool probe_knows_dispatch(void) { return dispatch.size != 0; }

bool probe_is_dispatch(const void *caller) {
  return (uintptr_t)caller - dispatch.start < dispatch.size;
}

bool probe_is_core(const void *caller) { return (uintptr_t)caller - core.start < core.size; }

bool probe_is_overlay(const void *caller) { return (uintptr_t)caller - overlay.start < overlay.size; }

bool probe_is_python(const void *caller) {
  return (uintptr_t)caller - interpreter.start < interpreter.size;
}

bool probe_is_watched(const void *caller) {
  /* Its workers are parked and woken for each task. */
  if (probe_is_dispatch(caller)) return false;
  struct probe_holder *own = probe_holder();
  if (!own || own->busy) return false;
  for (int i = 0; i < range_count; i++)
    if ((uintptr_t)caller - ranges[i].start < ranges[i].size) return false;
  return true;
}

bool probe_may_rest(void) {
  struct probe_holder *own = probe_holder();
  return own && !own->busy && !own->waits && !probe_has_python && !probe_task_here();
}

/* ---- time ---- */

static uint64_t ns(const struct timespec *time) {
  return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

struct timespec probe_after(uint64_t later) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t then = ns(&now) + later;
  return (struct timespec){(time_t)(then / 1000000000u), (long)(then % 1000000000u)};
}

uint64_t probe_limit(clockid_t clock, const struct timespec *until) {
  if (!until) return PROBE_NO_LIMIT;
  struct timespec now;
  if (until->tv_sec < 0 || clock_gettime(clock, &now) != 0) return 0;
  uint64_t end = ns(until), here = ns(&now);
  return end > here ? (end - here + 999999) / 1000000 : 0;
}

/* ---- waits ---- */

static void announce(struct probe_holder *own) {
  own->is_bound = true;
  probe_record_thread((uint64_t)pthread_self());
}

void probe_announce_thread(void) {
  struct probe_holder *own = probe_holder();
  if (!own || own->is_bound) return;
  own->busy++;
  announce(own);
  own->busy--;
}

uint32_t probe_wait_begins(const void *resource, uint32_t operation, uint64_t limit_ms,
                           const void *frame) {
  struct probe_holder *own = probe_own_holder;
  int saved = errno;
  own->busy++;
  probe_watch_start();
  if (!own->is_bound) announce(own);
  if (!own->waits) {
    own->works_on = probe_tell_work();
    own->waits_since = probe_now();
  }
  uint32_t stack = probe_stack_here(frame);
  if (probe_has_python && !own->waits) own->keeps_python = probe_keeps_python(stack);
  probe_record_wait((uint64_t)(uintptr_t)resource, operation, limit_ms, stack);
  own->waits++;
  own->busy--;
  errno = saved;
  return stack;
}

void probe_wait_ends(const void *resource) {
  struct probe_holder *own = probe_own_holder;
  int saved = errno;
  own->busy++;
  own->waits--;
  probe_record_wait_end((uint64_t)(uintptr_t)resource);
  if (!own->waits && own->works_on) {
    probe_record_given_back((uint64_t)(uintptr_t)own->works_on, 0);
    own->works_on = NULL;
  }
  if (!own->waits && own->keeps_python) {
    own->keeps_python = false;
    probe_lets_python_go();
  }
  own->busy--;
  errno = saved;
}

void probe_has_now(const void *resource, uint32_t stack) {
  struct probe_holder *own = probe_own_holder;
  own->busy++;
  const void *task = probe_task_here();
  uint64_t who = task ? (uint64_t)(uintptr_t)task : own->tid;
  probe_record_held((uint64_t)(uintptr_t)resource, who, stack, 0);
  own->busy--;
}
