/* Writes a trace of about EVENTS events through the recorder, of a program in which PARTIES are alive at any time:
 *
 *   server     connections, each a task that waits for requests, takes a pooled resource, and ends after some
 *   pool       workers that take jobs from a queue, and callers that await the futures of their jobs
 *   pipeline   stages that pass items on through queues, with a lock and an event
 *
 * in turn, on one loop, and a second thread that runs jobs and resolves futures of the first. Addresses are used
 * again soon, as malloc does it. At the end everybody waits for somebody alive.
 *
 *   CORONER_TRACE=F generate_trace libcoroner.so EVENTS [PARTIES]
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../Sources/TraceABI/include/coroner.h"

enum { PRIMITIVES = 16, STACKS = 64, REQUESTS = 8 };

static void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);
static uint64_t events, wanted, parties;
static uint32_t stacks[STACKS], sites[STACKS];
static _Atomic uint64_t due; /* events of the second thread */
static _Atomic int over;

static void emit(uint8_t kind, uint64_t subject, uint64_t object, uint32_t site, uint32_t value) {
  record(kind, subject, object, site ? stacks[site % STACKS] : 0, value);
  /* Leave the drain thread its share of the machine: nothing is to be dropped. */
  if (++events % 20000 == 0) usleep(2000);
}

static uint64_t address(uint64_t base, uint64_t number) { return base + number * 0x140; }
static uint64_t task(uint64_t n) { return address(0x7f0001000000, n % parties); }
static uint64_t lock(uint64_t n) { return address(0x7f0000100000, n % PRIMITIVES); }
static uint64_t queue(uint64_t n) { return address(0x7f0000200000, n % PRIMITIVES); }
static uint64_t event(uint64_t n) { return address(0x7f0000300000, n % PRIMITIVES); }

/* What was freed last is allocated next. */
static uint64_t *freed, free_count, fresh;
static uint64_t allocate(void) {
  return free_count ? freed[--free_count] : address(0x7f4000000000, fresh++);
}

static void begin(uint64_t n, uint32_t function) {
  static uint64_t name;
  emit(CORONER_TASK_CREATE, task(n), ++name, 1, sites[function]);
  emit(CORONER_TASK_RESUME, task(n), 0, 0, 0);
}

/* The party waits in an operation; what it waited for has come, and it goes on. */
static uint64_t park(uint64_t resource, uint32_t operation, uint32_t site) {
  uint64_t on = allocate();
  emit(CORONER_TASK_WAIT_OWN, resource, on, site, operation);
  return on;
}
static void wake(uint64_t n, uint64_t on) {
  emit(CORONER_FUTURE_DONE, on, 0, 2, CORONER_OUTCOME_VALUE);
  emit(CORONER_TASK_RESUME, task(n), 0, 0, 0);
  freed[free_count++] = on;
}

static void server(uint64_t n, uint64_t round, uint64_t *parked) {
  wake(n, *parked);
  emit(CORONER_ACQUIRED, lock(n), 0, 10, 0);
  if (round % 4 == 0) wake(n, park(0, CORONER_OP_DRAIN, 11));
  emit(CORONER_RELEASED, lock(n), 0, 12, 0);
  if (round % REQUESTS == REQUESTS - 1) {
    emit(CORONER_TASK_END, task(n), 0, 0, CORONER_OUTCOME_VALUE);
    begin(n, 3);
  }
  *parked = park(0, CORONER_OP_READ, 13);
}

static void pool(uint64_t n, uint64_t round, uint64_t *parked) {
  wake(n, *parked);
  emit(CORONER_QUEUE_GOT, queue(n), 0, 20, 0);
  if (round % 4 == 0) {
    uint64_t job = allocate();
    emit(CORONER_RESOURCE_CREATE, job, 0, 21, CORONER_RESOURCE_FUTURE);
    emit(CORONER_TASK_SUSPEND, task(n), job, 22, 0);
    atomic_fetch_add(&due, 1);
    wake(n, job);
  }
  emit(CORONER_QUEUE_TASK_DONE, queue(n), 0, 23, 0);
  emit(CORONER_QUEUE_PUT, queue(n + 1), 0, 24, 1);
  *parked = park(queue(n), CORONER_OP_QUEUE_GET, 25);
}

static void pipeline(uint64_t n, uint64_t round, uint64_t *parked) {
  wake(n, *parked);
  emit(CORONER_QUEUE_GOT, queue(n), 0, 30, 1);
  emit(CORONER_QUEUE_PUT, queue(n + 1), 0, 31, 2);
  if (round % 8 == 0) {
    emit(CORONER_EVENT_SET, event(n), 0, 32, 0);
    emit(CORONER_EVENT_CLEARED, event(n), 0, 33, 0);
  }
  *parked = park(queue(n), CORONER_OP_QUEUE_GET, 34);
}

static void *worker(void *unused) {
  uint64_t done = 0;
  (void)unused;
  while (!atomic_load(&over)) {
    for (uint64_t end = atomic_load(&due); done < end; done++) {
      uint64_t handle = address(0x7f3000000000, done % PRIMITIVES);
      record(CORONER_BLOCK_BEGIN, handle, 100, stacks[40], CORONER_OP_ACQUIRE);
      record(CORONER_BLOCK_END, handle, 0, 0, 0);
    }
    usleep(200);
  }
  return NULL;
}

int main(int argc, char **argv) {
  void *library = argc >= 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (!library) {
    fprintf(stderr, "usage: generate_trace libcoroner.so EVENTS [PARTIES]: %s\n",
            argc >= 3 ? dlerror() : "");
    return 2;
  }
  wanted = strtoull(argv[2], NULL, 10);
  parties = argc > 3 ? strtoull(argv[3], NULL, 10) : 1000;
  bool (*start)(const char *) = (bool (*)(const char *))dlsym(library, "coroner_start");
  void (*stop)(void) = (void (*)(void))dlsym(library, "coroner_stop");
  uint32_t (*define_string)(const char *, size_t) =
      (uint32_t (*)(const char *, size_t))dlsym(library, "coroner_define_string");
  uint32_t (*define_site)(uint32_t, uint32_t, uint32_t, uint32_t, uint16_t, uint16_t, uint32_t) =
      (uint32_t (*)(uint32_t, uint32_t, uint32_t, uint32_t, uint16_t, uint16_t, uint32_t))dlsym(
          library, "coroner_define_site");
  uint32_t (*define_stack)(const uint32_t *, size_t) =
      (uint32_t (*)(const uint32_t *, size_t))dlsym(library, "coroner_define_stack");
  record = (void (*)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t))dlsym(library, "coroner_record");
  if (!start || !record || !stop || !start("generate_trace")) return 1;
  uint32_t file = define_string("server.py", 9);
  for (uint32_t n = 0; n < STACKS; n++) {
    char name[16];
    int length = snprintf(name, sizeof name, "function%u", n);
    sites[n] = define_site(file, define_string(name, (size_t)length), n + 1, n + 1, 5, 20, 0);
    stacks[n] = define_stack((uint32_t[]){sites[n], sites[n / 2], sites[0]}, 3);
  }
  pthread_t other;
  if (pthread_create(&other, NULL, worker, NULL) != 0) return 1;
  emit(CORONER_LOOP_START, 1, 0, 0, 0);
  for (uint64_t n = 0; n < PRIMITIVES; n++) {
    emit(CORONER_RESOURCE_CREATE, lock(n), 1, 5, CORONER_RESOURCE_LOCK);
    emit(CORONER_RESOURCE_CREATE, queue(n), 0, 6, CORONER_RESOURCE_QUEUE);
    emit(CORONER_RESOURCE_CREATE, event(n), 0, 7, CORONER_RESOURCE_EVENT);
  }
  uint64_t *parked = calloc(parties, sizeof *parked);
  freed = calloc(2 * parties, sizeof *freed);
  if (!parked || !freed) return 1;
  for (uint64_t n = 0; n < parties; n++) {
    begin(n, 3);
    parked[n] = park(queue(n), CORONER_OP_QUEUE_GET, 13);
  }
  for (uint64_t round = 0; events < wanted; round++) {
    for (uint64_t n = 0; n < parties && events < wanted; n++) {
      switch (n % 3) {
      case 0: server(n, round + n, &parked[n]); break;
      case 1: pool(n, round + n, &parked[n]); break;
      default: pipeline(n, round + n, &parked[n]); break;
      }
      if (n % 64 == 63) {
        emit(CORONER_LOOP_IDLE, 1, 0, 0, 0);
        emit(CORONER_LOOP_WAKE, 1, 0, 0, 3);
      }
    }
  }
  emit(CORONER_LOOP_IDLE, 1, 0, 0, UINT32_MAX);
  atomic_store(&over, 1);
  pthread_join(other, NULL);
  /* As a kill leaves it: what has been recorded is still to be judged. */
  (void)stop;
  sleep(1);
  printf("%llu\n", (unsigned long long)events);
  fflush(stdout);
  _exit(0);
}
