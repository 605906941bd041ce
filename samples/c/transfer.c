/* How a scheduler of its own is recorded through coroner.h: two tasks take two locks in opposite orders.
 *
 *   cc -I PREFIX/include -o transfer transfer.c -L PREFIX/lib/coroner -lcoroner -Wl,-rpath,PREFIX/lib/coroner
 *   CORONER_TRACE=hang.coroner ./transfer [events]     records, says so, and hangs; end it with ctrl-C
 *   coroner analyze hang.coroner
 *
 * Between the first lock and the deadlock others record so many events: with CORONER_LIMIT=8M most of them
 * are given up again, and who holds the lock is told nevertheless.
 *
 * expect: lock-cycle */
#include <coroner.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whatever has an address can be a task, a lock or a future. */
struct thing {
  char name[16];
} loop, alice = {"alice"}, bob = {"bob"}, account = {"account"}, ledger = {"ledger"}, turn[2];

static uint64_t number(const struct thing *thing) { return (uint64_t)(uintptr_t)thing; }
static uint32_t string(const char *text) { return coroner_define_string(text, strlen(text)); }

/* The place of a call, as a stack of one frame. Equal ones have one id. */
static uint32_t site(const char *function, uint32_t line) {
  return coroner_define_site(string(__FILE__), string(function), line, line, 0, 0, 0);
}
static uint32_t stack(const char *function, uint32_t line) {
  uint32_t frame = site(function, line);
  return coroner_define_stack(&frame, 1);
}
#define HERE stack(__func__, __LINE__)

static void record(uint8_t kind, const struct thing *subject, uint64_t object, uint32_t at, uint32_t value) {
  coroner_record(kind, number(subject), object, at, value);
}

static void make(struct thing *lock, uint32_t at) {
  record(CORONER_RESOURCE_CREATE, lock, 0, at, CORONER_RESOURCE_LOCK);
  record(CORONER_NAME, lock, 0, 0, string(lock->name));
}

static void begin(struct thing *task, uint32_t function, uint32_t at) {
  record(CORONER_TASK_CREATE, task, 0, at, function);
  if (task->name[0]) record(CORONER_NAME, task, 0, 0, string(task->name));
}

/* One turn of a task: it takes a lock that is free. */
static void take(struct thing *task, struct thing *lock, uint32_t at) {
  record(CORONER_TASK_RESUME, task, 0, 0, 0);
  record(CORONER_ACQUIRED, lock, 0, at, 0);
  record(CORONER_TASK_SUSPEND, task, 0, at, 0);
}

/* One turn of a task, at the end of which it waits for a lock. */
static void await(struct thing *task, struct thing *lock, struct thing *until, uint32_t at) {
  record(CORONER_TASK_RESUME, task, 0, 0, 0);
  record(CORONER_TASK_WAIT_OWN, lock, number(until), at, CORONER_OP_ACQUIRE);
}

/* What goes on meanwhile: tasks that come, take a lock, give it back, and go. */
static void visit(long events) {
  static struct thing tasks[64], lock = {"guest book"};
  uint32_t at = HERE, function = site("visit", __LINE__);
  make(&lock, at);
  for (long i = 0; i * 6 < events; i++) {
    struct thing *guest = &tasks[i % 64];
    begin(guest, function, at);
    record(CORONER_TASK_RESUME, guest, 0, 0, 0);
    record(CORONER_ACQUIRED, &lock, 0, at, 0);
    record(CORONER_RELEASED, &lock, 0, at, 0);
    record(CORONER_TASK_END, guest, 0, 0, CORONER_OUTCOME_VALUE);
    record(CORONER_LOOP_WAKE, &loop, 0, 0, 0);
    if (i % 1000 == 999) usleep(2000); /* or the drain thread falls behind, and events are lost */
  }
}

int main(int argc, char **argv) {
  if (!coroner_start("transfer")) return fprintf(stderr, "nothing is recorded\n"), 1;
  make(&account, HERE);
  make(&ledger, HERE);
  begin(&alice, site("withdraw", __LINE__), HERE);
  begin(&bob, site("report", __LINE__), HERE);
  record(CORONER_LOOP_START, &loop, 0, 0, 0);

  take(&alice, &account, HERE);
  visit(argc > 1 ? atol(argv[1]) : 0);
  take(&bob, &ledger, HERE);
  await(&bob, &account, &turn[0], HERE);
  await(&alice, &ledger, &turn[1], HERE);
  record(CORONER_LOOP_IDLE, &loop, 0, 0, UINT32_MAX); /* nothing is left to do, for ever */

  printf("recorded\n");
  fflush(stdout);
  pause();
}
