/* Threads that the program makes, joins for them, barriers, POSIX semaphores. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "locks.h"
#include "next.h"

#define HERE __builtin_frame_address(0)
#define CALLER __builtin_return_address(0)

typedef void *(*thread_body)(void *);

#define FUNCTIONS(X) \
  X(pthread_join) X(pthread_tryjoin_np) X(pthread_setname_np) X(pthread_barrier_init) X(pthread_barrier_wait) \
  X(sem_wait) X(sem_trywait) X(sem_timedwait) X(sem_clockwait)
PROBE_NEXT(FUNCTIONS, pthread_create, probe_threads_start)

/* ---- threads ---- */

struct beginning {
  thread_body body;
  void *argument;
};

/* A thread of the program may do anything from its beginning on: so it is announced. */
static void *begin(void *argument) {
  struct beginning beginning = *(struct beginning *)argument;
  free(argument);
  probe_announce_thread();
  return beginning.body(beginning.argument);
}

PROBE_EXPORTED int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                  thread_body body, void *argument) {
  resolve();
  struct beginning *beginning =
      probe_is_on && probe_is_watched(CALLER) ? malloc(sizeof *beginning) : NULL;
  if (!beginning) return next.pthread_create(thread, attributes, body, argument);
  *beginning = (struct beginning){body, argument};
  int error = next.pthread_create(thread, attributes, begin, beginning);
  if (error) free(beginning);
  return error;
}

/* A thread is told at its beginning, and gets its name only then. */
PROBE_EXPORTED int pthread_setname_np(pthread_t thread, const char *name) {
  resolve();
  int error = next.pthread_setname_np(thread, name);
  if (error || !probe_is_on || !pthread_equal(thread, pthread_self()) || !probe_is_watched(CALLER))
    return error;
  probe_name_thread(name);
  if (probe_is_own_name(name)) probe_own_holder->busy++;
  return 0;
}

PROBE_EXPORTED int pthread_join(pthread_t thread, void **result) {
  resolve();
  if (!probe_is_on || !probe_is_watched(CALLER)) return next.pthread_join(thread, result);
  int error = next.pthread_tryjoin_np ? next.pthread_tryjoin_np(thread, result) : EBUSY;
  if (error != EBUSY) return error;
  probe_wait_begins((const void *)thread, CORONER_OP_JOIN, PROBE_NO_LIMIT, HERE);
  error = PROBE_STANDS(next.pthread_join(thread, result));
  probe_wait_ends((const void *)thread);
  return error;
}

/* ---- barriers ---- */

PROBE_EXPORTED int pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *attributes,
                                        unsigned count) {
  resolve();
  int error = next.pthread_barrier_init(barrier, attributes, count);
  if (!error && probe_is_on && probe_is_watched(CALLER)) probe_is_made(barrier, (intptr_t)count, HERE);
  return error;
}

PROBE_EXPORTED int pthread_barrier_wait(pthread_barrier_t *barrier) {
  resolve();
  if (!probe_is_on || !probe_is_watched(CALLER)) return next.pthread_barrier_wait(barrier);
  struct probe_object *known = probe_object(barrier, false);
  if (probe_tells_now(known))
    probe_record_barrier((uint64_t)(uintptr_t)barrier, (uint64_t)known->permits, probe_origin(known));
  probe_wait_begins(barrier, CORONER_OP_BARRIER_WAIT, PROBE_NO_LIMIT, HERE);
  int result = PROBE_STANDS(next.pthread_barrier_wait(barrier));
  probe_wait_ends(barrier);
  return result;
}

/* ---- POSIX semaphores: sem_post is left alone, for a signal's handler may call it ---- */

static int sem_waited(sem_t *semaphore, clockid_t clock, const struct timespec *until,
                      const void *frame) {
  uint64_t limit = probe_limit(clock, until);
  if (next.sem_trywait(semaphore) == 0) return 0;
  if (errno == EAGAIN && limit > 1 && next.sem_clockwait) {
    struct timespec shortly = probe_after(PROBE_SHORT_NS);
    if (next.sem_clockwait(semaphore, CLOCK_MONOTONIC, &shortly) == 0) return 0;
    if (errno != ETIMEDOUT) return -1;
  }
  probe_wait_begins(semaphore, CORONER_OP_EVENT_WAIT, limit, frame);
  int result = PROBE_STANDS(!until                    ? next.sem_wait(semaphore)
                            : clock == CLOCK_REALTIME ? next.sem_timedwait(semaphore, until)
                                                      : next.sem_clockwait(semaphore, clock, until));
  probe_wait_ends(semaphore);
  return result;
}

/* libdispatch's workers park so. */
static int parked(sem_t *semaphore, clockid_t clock, const struct timespec *until) {
  probe_record_rest(0, until ? (uint32_t)probe_limit(clock, until) : UINT32_MAX);
  int result = PROBE_STANDS(until ? next.sem_timedwait(semaphore, until) : next.sem_wait(semaphore));
  int saved = errno;
  probe_record_rest_end(0, result == 0);
  errno = saved;
  return result;
}

PROBE_EXPORTED int sem_wait(sem_t *semaphore) {
  resolve();
  if (probe_is_on && probe_is_dispatch(CALLER) && probe_may_rest())
    return parked(semaphore, CLOCK_REALTIME, NULL);
  if (!probe_is_on || !probe_knows_dispatch() || !probe_is_watched(CALLER))
    return next.sem_wait(semaphore);
  return sem_waited(semaphore, CLOCK_MONOTONIC, NULL, HERE);
}

PROBE_EXPORTED int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
  resolve();
  if (probe_is_on && probe_is_dispatch(CALLER) && probe_may_rest())
    return parked(semaphore, CLOCK_REALTIME, until);
  if (!probe_is_on || !probe_knows_dispatch() || !probe_is_watched(CALLER))
    return next.sem_timedwait(semaphore, until);
  return sem_waited(semaphore, CLOCK_REALTIME, until, HERE);
}

PROBE_EXPORTED int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until) {
  resolve();
  if (!probe_is_on || !probe_knows_dispatch() || !probe_is_watched(CALLER))
    return next.sem_clockwait(semaphore, clock, until);
  return sem_waited(semaphore, clock, until, HERE);
}
