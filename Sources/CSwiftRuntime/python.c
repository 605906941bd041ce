/* The lock of a Python interpreter in the same process: who keeps it while it waits in compiled code, and who waits
 * for it meanwhile. All else of Python is the business of another probe. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>

#include "locks.h"

/* The state of the calling thread, and the one that has the lock, or NULL. */
static void *(*own_state)(void), *(*current_state)(void);
/* Stands for the lock. */
static char lock;
uint32_t probe_python_keeper;

void probe_python_start(void) {
  own_state = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyGILState_GetThisThreadState");
  current_state = (void *(*)(void))dlsym(RTLD_DEFAULT, "PyThreadState_GetUnchecked");
  /* Before 3.13. */
  if (!current_state)
    current_state = (void *(*)(void))dlsym(RTLD_DEFAULT, "_PyThreadState_UncheckedGet");
  dlerror();
}

static bool is_named; /* atomic */

void probe_python_forked(void) {
  probe_python_keeper = 0;
  is_named = false;
}

bool probe_keeps_python(uint32_t stack) {
  void *state = own_state && current_state ? own_state() : NULL;
  if (!state || state != current_state()) return false;
  if (!__atomic_exchange_n(&is_named, true, __ATOMIC_ACQ_REL))
    probe_record_name((uint64_t)(uintptr_t)&lock, "the interpreter's lock");
  uint32_t tid = probe_own_holder->tid;
  probe_record_held((uint64_t)(uintptr_t)&lock, tid, stack, 0);
  __atomic_store_n(&probe_python_keeper, tid, __ATOMIC_RELEASE);
  return true;
}

void probe_lets_python_go(void) {
  __atomic_store_n(&probe_python_keeper, 0, __ATOMIC_RELEASE);
  probe_record_given_back((uint64_t)(uintptr_t)&lock, 0);
}

/* The interpreter asks for its lock anew every few ms. */
enum { PATIENCE = 20 };

void probe_asks_for_python(const pthread_mutex_t *mutex, const void *frame) {
  struct probe_holder *own = probe_own_holder;
  if (own->python_mutex || ++own->python_asked < PATIENCE) return;
  probe_wait_begins(&lock, CORONER_OP_ACQUIRE, PROBE_NO_LIMIT, frame);
  own->python_mutex = mutex;
}

void probe_asked_for_python(void) {
  struct probe_holder *own = probe_own_holder;
  own->python_asked = 0;
  if (!own->python_mutex) return;
  own->python_mutex = NULL;
  probe_wait_ends(&lock);
}
