/* Writes a trace of about N events through the recorder, shaped like a busy server: tasks are made, run,
 * contend for locks, pass items through queues and end; 1,000 of them are alive at any time.
 *
 *   CORONER_TRACE=F generate_trace libcoroner.so N
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../Sources/TraceABI/include/coroner.h"

enum { ALIVE = 1000, LOCKS = 16 };

static void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);
static uint64_t events;
static uint32_t stack;

static void emit(uint8_t kind, uint64_t subject, uint64_t object, uint32_t value) {
  record(kind, subject, object, stack, value);
  /* Leave the drain thread its share of the machine: nothing is to be dropped. */
  if (++events % 20000 == 0) usleep(4000);
}

static uint64_t address(uint64_t number, uint64_t base) { return base + number * 0x140; }

static void one_request(uint64_t task, uint64_t future, uint64_t lock, uint64_t queue) {
  emit(CORONER_TASK_CREATE, task, events, 1);
  emit(CORONER_TASK_RESUME, task, 0, 0);
  emit(CORONER_RESOURCE_CREATE, future, 0, CORONER_RESOURCE_FUTURE);
  emit(CORONER_WAIT_BEGIN, task, lock, CORONER_OP_ACQUIRE);
  emit(CORONER_TASK_SUSPEND, task, future, 0);
  emit(CORONER_FUTURE_DONE, future, 0, CORONER_OUTCOME_VALUE);
  emit(CORONER_TASK_RESUME, task, 0, 0);
  emit(CORONER_ACQUIRED, lock, 0, 0);
  emit(CORONER_QUEUE_PUT, queue, 0, 1);
  emit(CORONER_QUEUE_GOT, queue, 0, 0);
  emit(CORONER_RELEASED, lock, 0, 0);
  emit(CORONER_TASK_END, task, 0, CORONER_OUTCOME_VALUE);
}

int main(int argc, char **argv) {
  void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (!library) {
    fprintf(stderr, "usage: generate_trace libcoroner.so EVENTS: %s\n", argc == 3 ? dlerror() : "");
    return 2;
  }
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
  uint32_t site = define_site(define_string("server.py", 9), define_string("handle", 6), 12, 12, 5, 20, 0);
  stack = define_stack(&site, 1);
  emit(CORONER_LOOP_START, 1, 0, 0);
  for (uint64_t lock = 0; lock < LOCKS; lock++) {
    emit(CORONER_RESOURCE_CREATE, address(lock, 0x7f0000100000), 1, CORONER_RESOURCE_LOCK);
    emit(CORONER_RESOURCE_CREATE, address(lock, 0x7f0000200000), 0, CORONER_RESOURCE_QUEUE);
  }
  uint64_t wanted = strtoull(argv[2], NULL, 10);
  for (uint64_t n = 0; events < wanted; n++) {
    uint64_t task = address(n % ALIVE, 0x7f0001000000), future = address(n % ALIVE, 0x7f0002000000);
    one_request(task, future, address(n % LOCKS, 0x7f0000100000), address(n % LOCKS, 0x7f0000200000));
  }
  stop();
  printf("%llu\n", (unsigned long long)events);
  return 0;
}
