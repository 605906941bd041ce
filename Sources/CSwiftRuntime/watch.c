/* The watchdog: a thread of its own that keeps a coarse clock. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <stdlib.h>

#include "locks.h"
#include "memory.h"

uint64_t probe_coarse_now;
enum { PERIOD_MS = 50 };
static int is_running; /* atomic */

/* For so long a program rests before its memory is looked at; 0: never. */
static uint32_t stall_ms(void) {
  const char *stall = getenv("CORONER_STALL");
  double seconds = stall && *stall ? strtod(stall, NULL) : 5;
  return seconds > 0 && seconds < 1e6 ? (uint32_t)(seconds * 1000) : 0;
}

static void *watch(void *unused) {
  (void)unused;
  prctl(PR_SET_NAME, "coroner-watch", 0, 0, 0);
  uint32_t stall = stall_ms();
  const struct timespec period = {0, PERIOD_MS * 1000000L};
  for (;;) {
    __atomic_store_n(&probe_coarse_now, probe_now(), __ATOMIC_RELAXED);
    probe_look_at_loops();
    if (stall && probe_sees_tasks && !probe_has_python) probe_snapshot_if_due(stall);
    clock_nanosleep(CLOCK_MONOTONIC, 0, &period, NULL);
  }
  return NULL;
}

void probe_watch_start(void) {
  int none = 0;
  if (!__atomic_compare_exchange_n(&is_running, &none, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return;
  __atomic_store_n(&probe_coarse_now, probe_now(), __ATOMIC_RELAXED);
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  pthread_create(&thread, &attributes, watch, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
}

void probe_watch_forked(void) {
  is_running = 0;
  probe_memory_forked();
}
