/* The watchdog: a native thread that sees which loops have not been in their selector for long. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "cpython_abi.h"
#include "watch.h"

enum { PERIOD_MS = 100, FIRST_SAMPLE_MS = 250 };
/* So many periods are between two looks at threads that seem to be in their selectors. */
enum { IDLE_PERIODS = 2 };
static struct probe_watched watched[PROBE_WATCHED_LIMIT];
static probe_sampler take_sample;
static probe_unheld_sampler take_unheld, take_starved;
static int running; /* atomic: the generation of the watchdog's thread, 0 if none is to run */
static int generation;
static pthread_t thread;
static int thread_id; /* atomic: as the kernel counts it */
static int rests;     /* how many forks are under way; guarded by the GIL */
static bool rested;   /* whether there was a thread when the first of them began */
static uint64_t movements;  /* atomic: grows whenever a loop's thread comes or goes */
static int unseen;          /* atomic: loops run whose selector is not hooked */

/* Called with the GIL held. */
static void moved(void) { __atomic_store_n(&movements, movements + 1, __ATOMIC_RELAXED); }

uint64_t probe_coarse_ns(void) {
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
      w->starving = 0;
      moved();
      __atomic_store_n(&w->busy_since, probe_coarse_ns(), __ATOMIC_RELEASE);
      return slot + 1;
    }
  }
  return 0;
}

void probe_watch_remove(int slot) {
  __atomic_store_n(&watched[slot - 1].busy_since, 0, __ATOMIC_RELEASE);
  __atomic_store_n(&watched[slot - 1].used, 0, __ATOMIC_RELEASE);
  moved();
}

void probe_watch_unseen(int change) { __atomic_fetch_add(&unseen, change, __ATOMIC_RELAXED); }

void probe_watch_mark(int slot, bool busy) {
  moved();
  __atomic_store_n(&watched[slot - 1].busy_since, busy ? probe_coarse_ns() : 0, __ATOMIC_RELEASE);
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

/* A thread that is to go on from its selector waits for the interpreter first, and does not tell. */
static void look_at_idle(struct probe_watched *w, uint64_t now) {
  if (!__atomic_load_n(&w->used, __ATOMIC_ACQUIRE)) return;
  uint64_t count = __atomic_load_n(&movements, __ATOMIC_RELAXED);
  if (__atomic_load_n(&w->busy_since, __ATOMIC_ACQUIRE) || probe_is_polling((long)w->tid)) {
    w->starving = 0;
  } else if (!w->starving || count != w->movements) {
    w->starving = now;
    w->movements = count;
    w->next_report = FIRST_SAMPLE_MS;
  } else {
    uint64_t ms = (now - w->starving) / 1000000u;
    if (ms < w->next_report) return;
    if (take_starved(w, ms)) while (w->next_report <= ms) w->next_report *= 2;
  }
}

bool probe_watch_is_due(struct probe_watched *w) { return due(w, probe_coarse_ns()) != 0; }

bool probe_peek(uintptr_t from, void *into, size_t size) {
  struct iovec ours = {into, size}, theirs = {(void *)from, size};
  return process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0) == (ssize_t)size;
}

bool probe_watch_pause(int ms) {
  int mine = __atomic_load_n(&running, __ATOMIC_ACQUIRE);
  const struct timespec pause = {0, ms * 1000000L};
  if (mine) syscall(SYS_futex, &running, FUTEX_WAIT_PRIVATE, mine, &pause, NULL, 0);
  return mine && __atomic_load_n(&running, __ATOMIC_ACQUIRE) == mine;
}

static int (*finalizing)(void);

bool probe_watch_may_look(int mine) {
  return __atomic_load_n(&running, __ATOMIC_ACQUIRE) == mine && Py_IsInitialized() &&
         !(finalizing && finalizing());
}

bool probe_watch_has_loops(void) {
  for (int slot = 0; slot < PROBE_WATCHED_LIMIT; slot++)
    if (__atomic_load_n(&watched[slot].used, __ATOMIC_ACQUIRE)) return true;
  return false;
}

uint64_t probe_watch_movements(bool *is_all_seen) {
  *is_all_seen = __atomic_load_n(&unseen, __ATOMIC_RELAXED) <= 0;
  return __atomic_load_n(&movements, __ATOMIC_RELAXED);
}

/* Waits for a period, or until this generation is not to run any more. */
static void wait_a_period(int mine) {
  const struct timespec period = {0, PERIOD_MS * 1000000L};
  syscall(SYS_futex, &running, FUTEX_WAIT_PRIVATE, mine, &period, NULL, 0);
}

/* What keeps a loop from its selector; false if the interpreter is about to go meanwhile. */
static bool look_at_busy(struct probe_watched *w, int mine, uint64_t now) {
  /* A call into C may keep the interpreter for ever. */
  bool is_own = take_unheld(w, due(w, now));
  if (!probe_watch_may_look(mine)) return false;
  uint64_t asked_at = probe_coarse_ns();
  int state = PyGILState_Ensure();
  /* What seemed to keep the interpreter did not, if it is there at once. */
  if (probe_coarse_ns() - asked_at < FIRST_SAMPLE_MS * 1000000u) is_own = true;
  /* The loop may have gone on while this thread waited for the interpreter. */
  uint64_t busy = due(w, probe_coarse_ns());
  if (busy && __atomic_load_n(&running, __ATOMIC_ACQUIRE) == mine) {
    while (w->next_report <= busy) w->next_report *= 2;
    if (is_own) take_sample(w, busy);
  }
  PyGILState_Release(state);
  return true;
}

static void *watch(void *argument) {
  int mine = (int)(intptr_t)argument;
  __atomic_store_n(&thread_id, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
  finalizing = (int (*)(void))dlsym(RTLD_DEFAULT, "_Py_IsFinalizing");
  if (!finalizing) finalizing = (int (*)(void))dlsym(RTLD_DEFAULT, "Py_IsFinalizing");
  probe_schedule_begin();
  pthread_setname_np(pthread_self(), "coroner-watch");
  for (unsigned periods = 0; __atomic_load_n(&running, __ATOMIC_ACQUIRE) == mine; periods++) {
    wait_a_period(mine);
    probe_renew_time();
    uint64_t now = probe_coarse_ns();
    for (int slot = 0; slot < PROBE_WATCHED_LIMIT; slot++) {
      if (periods % IDLE_PERIODS == 0) look_at_idle(&watched[slot], now);
      if (!due(&watched[slot], now)) continue;
      if (!probe_watch_may_look(mine) || !look_at_busy(&watched[slot], mine, now)) {
        probe_watch_times(false);
        return NULL;
      }
    }
    probe_schedule_look(mine, now);
  }
  return NULL;
}

void probe_watch_start(probe_unheld_sampler unheld, probe_sampler sample, probe_unheld_sampler starved) {
  take_unheld = unheld;
  take_starved = starved;
  take_sample = sample;
  if (rests > 0) rested = true;
  if (rests > 0 || __atomic_load_n(&running, __ATOMIC_ACQUIRE)) return;
  int mine = ++generation;
  __atomic_store_n(&running, mine, __ATOMIC_RELEASE);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  bool begun = pthread_create(&thread, &attributes, watch, (void *)(intptr_t)mine) == 0;
  if (!begun) __atomic_store_n(&running, 0, __ATOMIC_RELEASE);
  probe_watch_times(begun);
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Tells the thread to end; it may still be on its way. */
static void end_thread(void) {
  probe_watch_times(false);
  __atomic_store_n(&running, 0, __ATOMIC_RELEASE);
  syscall(SYS_futex, &running, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Ends the thread and lets it have the interpreter, which it may be waiting for; what to take that back with. */
static void *join_thread(void) {
  end_thread();
  void *state = PyEval_SaveThread();
  pthread_join(thread, NULL);
  return state;
}

void probe_watch_rest(void) {
  probe_rest_recorder();
  if (rests++ > 0) return;
  rested = __atomic_load_n(&running, __ATOMIC_ACQUIRE) != 0;
  if (!rested) return;
  void *state = join_thread();
  int id = __atomic_load_n(&thread_id, __ATOMIC_ACQUIRE);
  /* The kernel counts a thread for a moment longer than it can be joined. */
  const struct timespec moment = {0, 20000};
  for (int i = 0; i < 1000 && syscall(SYS_tgkill, getpid(), id, 0) == 0; i++) nanosleep(&moment, NULL);
  PyEval_RestoreThread(state);
}

static int go_on(void *unused) {
  (void)unused;
  probe_let_recorder_go_on();
  if (rests > 0 && --rests == 0 && rested) probe_watch_start(take_unheld, take_sample, take_starved);
  return 0;
}

void probe_watch_go_on(void) {
  /* 3.13 counts threads only after all that is to be called after a fork. A fork off the main thread warns
   * in any case. */
  if ((pid_t)syscall(SYS_gettid) != getpid() || Py_AddPendingCall(go_on, NULL) != 0) go_on(NULL);
}

void probe_watch_stop(bool forked) {
  rested = false;
  if (!forked) {
    /* A thread that asks for the interpreter when that is gone would crash. */
    if (__atomic_load_n(&running, __ATOMIC_ACQUIRE)) PyEval_RestoreThread(join_thread());
    return;
  }
  end_thread();
  unseen = 0;
  rests = 0;
  struct probe_thread *thread = probe_this_thread();
  for (int slot = 0; slot < PROBE_WATCHED_LIMIT; slot++)
    if (slot + 1 != thread->watched) probe_watch_remove(slot + 1);
}

uint64_t probe_watched_loop(int slot) { return watched[slot - 1].loop; }
