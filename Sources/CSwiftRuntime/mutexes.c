/* The C library's mutexes, conditions and reader-writer locks: NSLock and its like are made of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>

#include "locks.h"
#include "next.h"
#include "tasks.h"

#define HERE __builtin_frame_address(0)
#define CALLER __builtin_return_address(0)
#define FAST(condition) __builtin_expect(!!(condition), 1)

static int first_lock(pthread_mutex_t *), first_unlock(pthread_mutex_t *);

/* The functions of the next library; those that are called most begin as ones that look them all up. */
#define LOCKS(X) \
  X(pthread_mutex_unlock) X(pthread_mutex_timedlock) X(pthread_mutex_clocklock) \
  X(pthread_rwlock_rdlock) X(pthread_rwlock_tryrdlock) X(pthread_rwlock_wrlock) X(pthread_rwlock_trywrlock) \
  X(pthread_rwlock_unlock) X(pthread_rwlock_clockrdlock) X(pthread_rwlock_clockwrlock) \
  X(pthread_cond_clockwait) X(pthread_mutex_lock)
#define CONDITIONS(X) X(pthread_cond_wait) X(pthread_cond_timedwait) X(pthread_cond_signal) X(pthread_cond_broadcast)
static struct {
  LOCKS(PROBE_FIELD)
  CONDITIONS(PROBE_FIELD)
  PROBE_FIELD(pthread_mutex_trylock)
} next = {.pthread_mutex_lock = first_lock, .pthread_mutex_unlock = first_unlock};

/* Conditions have two versions; dlsym may answer with the old one. */
static void *condition_function(const char *name) {
  void *found = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
  return found ? found : dlsym(RTLD_NEXT, name);
}
#define FIND_CONDITION(name) next.name = condition_function(#name);

__attribute__((noinline, cold)) void probe_mutexes_start(void) {
  if (next.pthread_mutex_trylock) return;
  CONDITIONS(FIND_CONDITION)
  LOCKS(PROBE_FIND)
  __atomic_store_n(&next.pthread_mutex_trylock, dlsym(RTLD_NEXT, "pthread_mutex_trylock"), __ATOMIC_RELEASE);
}
static inline void resolve(void) {
  if (__builtin_expect(!next.pthread_mutex_trylock, 0)) probe_mutexes_start();
}

static int first_lock(pthread_mutex_t *mutex) {
  probe_mutexes_start();
  return next.pthread_mutex_lock(mutex);
}
static int first_unlock(pthread_mutex_t *mutex) {
  probe_mutexes_start();
  return next.pthread_mutex_unlock(mutex);
}

/* ---- mutexes ---- */

static uint32_t owner(const pthread_mutex_t *mutex) {
  return (uint32_t)__atomic_load_n(&mutex->__data.__owner, __ATOMIC_RELAXED);
}

/* Waits for a mutex that was found locked; `told`: the trace says that it is the caller's now. */
static int lock_slowly(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until,
                       const void *frame, bool *told) {
  struct timespec shortly = probe_after(PROBE_SHORT_NS);
  if (probe_limit(clock, until) > 1 && next.pthread_mutex_clocklock) {
    int result = next.pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &shortly);
    /* EINVAL: not with this kind of mutex and this clock. */
    if (result != ETIMEDOUT && result != EINVAL) return result;
  }
  probe_tell_holders(mutex, owner(mutex));
  uint32_t stack =
      probe_wait_begins(mutex, CORONER_OP_ACQUIRE, probe_limit(clock, until), frame);
  int result = PROBE_STANDS(!until                    ? next.pthread_mutex_lock(mutex)
                            : clock == CLOCK_REALTIME ? next.pthread_mutex_timedlock(mutex, until)
                                                      : next.pthread_mutex_clocklock(mutex, clock, until));
  probe_wait_ends(mutex);
  *told = result == 0 || result == EOWNERDEAD;
  if (*told) probe_has_now(mutex, stack);
  return result;
}

static inline bool is_taken(int result) { return result == 0 || result == EOWNERDEAD; }

/* What an attempt that did not simply take it leads to. */
__attribute__((noinline)) static int locked(int result, pthread_mutex_t *mutex, clockid_t clock,
                                            const struct timespec *until, const void *frame) {
  bool told = false;
  if (result == EBUSY)
    result = probe_is_watched(((void *const *)frame)[1]) ? lock_slowly(mutex, clock, until, frame, &told)
             : !until                                     ? next.pthread_mutex_lock(mutex)
             : clock == CLOCK_REALTIME                    ? next.pthread_mutex_timedlock(mutex, until)
                                                          : next.pthread_mutex_clocklock(mutex, clock, until);
  if (is_taken(result)) probe_took(mutex, frame, told);
  return result;
}

/* The concurrency library locks for itself, a few times for each task, and never for long. */
static inline bool is_of_runtime(const void *caller) {
  return probe_landmark_of(caller) != PROBE_ELSEWHERE;
}

__attribute__((noinline)) static int lock(pthread_mutex_t *mutex) {
  if (is_of_runtime(__builtin_return_address(0))) return next.pthread_mutex_lock(mutex);
  int result = next.pthread_mutex_trylock(mutex);
  if (!FAST(result == 0)) return locked(result, mutex, CLOCK_MONOTONIC, NULL, HERE);
  probe_took(mutex, HERE, false);
  return 0;
}

/* It is called in place of this one, and has its caller. */
PROBE_EXPORTED int pthread_mutex_lock(pthread_mutex_t *mutex) {
  if (probe_is_on) __attribute__((musttail)) return lock(mutex);
  return next.pthread_mutex_lock(mutex);
}

PROBE_EXPORTED int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
  if (!probe_is_on) {
    resolve();
    return next.pthread_mutex_timedlock(mutex, until);
  }
  return locked(next.pthread_mutex_trylock(mutex), mutex, CLOCK_REALTIME, until, HERE);
}

PROBE_EXPORTED int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock,
                                           const struct timespec *until) {
  if (!probe_is_on) {
    resolve();
    return next.pthread_mutex_clocklock(mutex, clock, until);
  }
  return locked(next.pthread_mutex_trylock(mutex), mutex, clock, until, HERE);
}

PROBE_EXPORTED int pthread_mutex_trylock(pthread_mutex_t *mutex) {
  resolve();
  int result = next.pthread_mutex_trylock(mutex);
  if (probe_is_on && is_taken(result)) probe_took(mutex, HERE, false);
  return result;
}

__attribute__((noinline)) static int unlock(pthread_mutex_t *mutex) {
  struct probe_holder *own = probe_own_holder;
  if (__builtin_expect(own && own->python_mutex == mutex, 0)) probe_asked_for_python();
  if (!is_of_runtime(__builtin_return_address(0))) probe_gave_back(mutex, true, HERE);
  return next.pthread_mutex_unlock(mutex);
}

PROBE_EXPORTED int pthread_mutex_unlock(pthread_mutex_t *mutex) {
  if (probe_is_on) __attribute__((musttail)) return unlock(mutex);
  return next.pthread_mutex_unlock(mutex);
}

/* ---- conditions ---- */

static uint32_t waiters(const pthread_cond_t *condition) {
  return __atomic_load_n(&condition->__data.__wrefs, __ATOMIC_RELAXED) >> 3;
}

static int waited(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                  const struct timespec *until, const void *frame) {
  probe_gave_back(mutex, false, frame);
  struct probe_object *known = probe_object(condition, false);
  if (known) __atomic_store_n(&known->is_told, false, __ATOMIC_RELEASE);
  uint64_t operation = probe_operation_at(condition, ((void *const *)frame)[1]);
  const void *awaited = operation ? (const void *)operation : condition;
  probe_wait_begins(awaited, operation ? CORONER_OP_RESULT : CORONER_OP_CONDITION_WAIT, probe_limit(clock, until),
                    frame);
  int result = PROBE_STANDS(!until                    ? next.pthread_cond_wait(condition, mutex)
                            : clock == CLOCK_REALTIME ? next.pthread_cond_timedwait(condition, mutex, until)
                                                      : next.pthread_cond_clockwait(condition, mutex, clock, until));
  probe_wait_ends(awaited);
  probe_took(mutex, frame, false);
  return result;
}

PROBE_EXPORTED int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
  resolve();
  if (!probe_is_on || !probe_is_watched(CALLER)) return next.pthread_cond_wait(condition, mutex);
  return waited(condition, mutex, CLOCK_MONOTONIC, NULL, HERE);
}

/* The interpreter waits for its lock with this function, and for nothing else. */
static int timedwait_of_others(pthread_cond_t *condition, pthread_mutex_t *mutex,
                               const struct timespec *until, const void *caller, const void *frame) {
  struct probe_holder *own = probe_own_holder;
  bool asks = own && !own->busy && probe_python_keeper && probe_is_python(caller);
  if (asks) probe_asks_for_python(mutex, frame);
  int result = next.pthread_cond_timedwait(condition, mutex, until);
  if (asks && result == 0) probe_asked_for_python();
  return result;
}

PROBE_EXPORTED int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                          const struct timespec *until) {
  resolve();
  if (!probe_is_on) return next.pthread_cond_timedwait(condition, mutex, until);
  if (probe_is_watched(CALLER)) return waited(condition, mutex, CLOCK_REALTIME, until, HERE);
  return timedwait_of_others(condition, mutex, until, CALLER, HERE);
}

PROBE_EXPORTED int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                                          clockid_t clock, const struct timespec *until) {
  resolve();
  if (!probe_is_on || !probe_is_watched(CALLER))
    return next.pthread_cond_clockwait(condition, mutex, clock, until);
  return waited(condition, mutex, clock, until, HERE);
}

/* A signal that nobody waits for is lost; of several in a row the first is told. */
static void note_notified(const pthread_cond_t *condition, bool all, const void *frame) {
  uint32_t count = waiters(condition);
  if (count == 0 && !probe_tells_now(probe_object(condition, true))) return;
  probe_record_notified((uint64_t)(uintptr_t)condition, all ? count : 1, count,
                        probe_stack_near(frame));
}

PROBE_EXPORTED int pthread_cond_signal(pthread_cond_t *condition) {
  resolve();
  if (probe_is_on && probe_is_watched(CALLER)) note_notified(condition, false, HERE);
  return next.pthread_cond_signal(condition);
}

PROBE_EXPORTED int pthread_cond_broadcast(pthread_cond_t *condition) {
  resolve();
  if (probe_is_on && probe_is_watched(CALLER)) note_notified(condition, true, HERE);
  return next.pthread_cond_broadcast(condition);
}

/* ---- reader-writer locks ---- */

typedef int (*rw_function)(pthread_rwlock_t *);
typedef int (*rw_clock_function)(pthread_rwlock_t *, clockid_t, const struct timespec *);

static inline int rw_locked(pthread_rwlock_t *lock, rw_function wait, rw_function attempt,
                            rw_clock_function wait_shortly, const void *frame, const void *caller) {
  bool told = false;
  int result = attempt(lock);
  if (result == EBUSY && !probe_is_watched(caller)) result = wait(lock);
  struct timespec shortly;
  if (result == EBUSY && wait_shortly) {
    shortly = probe_after(PROBE_SHORT_NS);
    result = wait_shortly(lock, CLOCK_MONOTONIC, &shortly);
    if (result == ETIMEDOUT) result = EBUSY;
  }
  if (result == EBUSY) {
    probe_tell_holders(lock, (uint32_t)lock->__data.__cur_writer);
    uint32_t stack = probe_wait_begins(lock, CORONER_OP_ACQUIRE, PROBE_NO_LIMIT, frame);
    result = PROBE_STANDS(wait(lock));
    probe_wait_ends(lock);
    told = result == 0;
    if (told) probe_has_now(lock, stack);
  }
  if (result == 0) probe_took(lock, frame, told);
  return result;
}

PROBE_EXPORTED int pthread_rwlock_rdlock(pthread_rwlock_t *lock) {
  resolve();
  if (!probe_is_on) return next.pthread_rwlock_rdlock(lock);
  return rw_locked(lock, next.pthread_rwlock_rdlock, next.pthread_rwlock_tryrdlock,
                   next.pthread_rwlock_clockrdlock, HERE, CALLER);
}

PROBE_EXPORTED int pthread_rwlock_wrlock(pthread_rwlock_t *lock) {
  resolve();
  if (!probe_is_on) return next.pthread_rwlock_wrlock(lock);
  return rw_locked(lock, next.pthread_rwlock_wrlock, next.pthread_rwlock_trywrlock,
                   next.pthread_rwlock_clockwrlock, HERE, CALLER);
}

PROBE_EXPORTED int pthread_rwlock_tryrdlock(pthread_rwlock_t *lock) {
  resolve();
  int result = next.pthread_rwlock_tryrdlock(lock);
  if (probe_is_on && result == 0) probe_took(lock, HERE, false);
  return result;
}

PROBE_EXPORTED int pthread_rwlock_trywrlock(pthread_rwlock_t *lock) {
  resolve();
  int result = next.pthread_rwlock_trywrlock(lock);
  if (probe_is_on && result == 0) probe_took(lock, HERE, false);
  return result;
}

PROBE_EXPORTED int pthread_rwlock_unlock(pthread_rwlock_t *lock) {
  resolve();
  if (probe_is_on) probe_gave_back(lock, true, HERE);
  return next.pthread_rwlock_unlock(lock);
}
