/* The watchdog: a native thread that sees which loops have not been in their selector for long. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cpython_abi.h"

enum { PERIOD_MS = 100, FIRST_SAMPLE_MS = 250 };

static struct probe_watched watched[PROBE_WATCHED_LIMIT];
static void (*take_sample)(struct probe_watched *, uint64_t);
static int running; /* atomic: the generation of the watchdog's thread, 0 if none is to run */
static int generation;

static uint64_t coarse_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int probe_watch_add(void *thread_state, uint64_t loop) {
  for (int slot = 0; slot < PROBE_WATCHED_LIMIT; slot++) {
    struct probe_watched *w = &watched[slot];
    int expected = 0;
    if (__atomic_compare_exchange_n(&w->used, &expected, 1, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED)) {
      w->tid = (uint32_t)syscall(SYS_gettid);
      w->thread_state = thread_state;
      w->loop = loop;
      w->reported = 0;
      __atomic_store_n(&w->busy_since, coarse_ns(), __ATOMIC_RELEASE);
      return slot + 1;
    }
  }
  return 0;
}

void probe_watch_remove(int slot) {
  __atomic_store_n(&watched[slot - 1].busy_since, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&watched[slot - 1].used, 0, __ATOMIC_RELEASE);
}

void probe_watch_mark(int slot, bool busy) {
  __atomic_store_n(&watched[slot - 1].busy_since, busy ? coarse_ns() : 0, __ATOMIC_RELEASE);
}

/* Busy milliseconds for which a sample is due, else 0. */
static uint64_t due(struct probe_watched *w, uint64_t now) {
  if (!__atomic_load_n(&w->used, __ATOMIC_ACQUIRE)) return 0;
  uint64_t since = __atomic_load_n(&w->busy_since, __ATOMIC_ACQUIRE);
  if (!since || now < since) return 0;
  if (since != w->reported) {
    w->reported = since;
    w->next_report = FIRST_SAMPLE_MS;
  }
  uint64_t busy = (now - since) / 1000000u;
  return busy >= w->next_report ? busy : 0;
}

static void *watch(void *argument) {
  int mine = (int)(intptr_t)argument;
  int (*finalizing)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "_Py_IsFinalizing");
  if (!finalizing) finalizing = (int (*)(void))dlsym(RTLD_DEFAULT, "Py_IsFinalizing");
  pthread_setname_np(pthread_self(), "coroner-watch");
  const struct timespec period = {0, PERIOD_MS * 1000000L};
  while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) == mine) {
    nanosleep(&period, NULL);
    uint64_t now = coarse_ns();
    for (int slot = 0; slot < PROBE_WATCHED_LIMIT; slot++) {
      if (!due(&watched[slot], now)) continue;
      if (__atomic_load_n(&running, __ATOMIC_ACQUIRE) != mine) return NULL;
      if (!Py_IsInitialized() || (finalizing && finalizing())) return NULL;
      int state = PyGILState_Ensure();
      /* The loop may have gone on while this thread waited for the interpreter. */
      uint64_t busy = due(&watched[slot], coarse_ns());
      if (busy && __atomic_load_n(&running, __ATOMIC_ACQUIRE) == mine) {
        while (watched[slot].next_report <= busy) watched[slot].next_report *= 2;
        take_sample(&watched[slot], busy);
      }
      PyGILState_Release(state);
    }
  }
  return NULL;
}

void probe_watch_start(void (*sample)(struct probe_watched *, uint64_t)) {
  if (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) return;
  take_sample = sample;
  int mine = ++generation;
  __atomic_store_n(&running, mine, __ATOMIC_RELEASE);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, watch, (void *)(intptr_t)mine) != 0)
    __atomic_store_n(&running, 0, __ATOMIC_RELEASE);
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void probe_watch_stop(bool forked) {
  __atomic_store_n(&running, 0, __ATOMIC_RELEASE);
  if (!forked) return;
  struct probe_thread *thread = probe_this_thread();
  for (int slot = 0; slot < PROBE_WATCHED_LIMIT; slot++)
    if (slot + 1 != thread->watched) probe_watch_remove(slot + 1);
}

uint64_t probe_watched_loop(int slot) { return watched[slot - 1].loop; }
