/* The watchdog: a thread of its own that keeps a coarse clock. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include "locks.h"

uint64_t probe_coarse_now;
enum { PERIOD_MS = 50 };
static int is_running; /* atomic */

static void *watch(void *unused) {
  (void)unused;
  prctl(PR_SET_NAME, "coroner-watch", 0, 0, 0);
  const struct timespec period = {0, PERIOD_MS * 1000000L};
  for (;;) {
    __atomic_store_n(&probe_coarse_now, probe_now(), __ATOMIC_RELAXED);
    probe_look_at_loops();
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

void probe_watch_forked(void) { is_running = 0; }
