/* A program that records faster than anybody can write it down: four threads, each with two tasks that hand a lock
 * to each other as fast as they can. Events are lost, at any point of a hand-over.
 *
 *   overload hang      ends in a deadlock of two other tasks
 *   overload healthy   goes on until it is killed; of what was lost nothing may come */
#include <coroner.h>
#include <coroner_file.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct thing {
  char name[16];
};

static uint64_t number(const void *thing) { return (uint64_t)(uintptr_t)thing; }
static uint32_t string(const char *text) { return coroner_define_string(text, strlen(text)); }
static uint32_t stack(const char *function, uint32_t line) {
  uint32_t frame = coroner_define_site(string(__FILE__), string(function), line, line, 0, 0, 0);
  return coroner_define_stack(&frame, 1);
}
#define HERE stack(__func__, __LINE__)

static void record(uint8_t kind, const void *subject, uint64_t object, uint32_t at, uint32_t value) {
  coroner_record(kind, number(subject), object, at, value);
}
static void make(struct thing *lock, const char *name) {
  record(CORONER_RESOURCE_CREATE, lock, 0, HERE, CORONER_RESOURCE_LOCK);
  record(CORONER_NAME, lock, 0, 0, string(name));
}
static void begin(struct thing *task, const char *name) {
  record(CORONER_TASK_CREATE, task, 0, HERE, coroner_define_site(string(__FILE__), string(name), 1, 1, 0, 0, 0));
  record(CORONER_NAME, task, 0, 0, string(name));
}
static void await(struct thing *task, struct thing *lock, struct thing *turn, uint32_t at) {
  record(CORONER_TASK_RESUME, task, 0, 0, 0);
  record(CORONER_TASK_WAIT_OWN, lock, number(turn), at, CORONER_OP_ACQUIRE);
}

static volatile bool over;

/* One task takes the lock, the other waits for it, gets it, and gives it back: for ever. */
static void *hand_over(void *unused) {
  struct thing loop, first, second, lock, turn;
  uint32_t at = HERE;
  (void)unused;
  record(CORONER_LOOP_START, &loop, 0, 0, 0);
  make(&lock, "baton");
  begin(&first, "first");
  begin(&second, "second");
  while (!over) {
    record(CORONER_TASK_RESUME, &first, 0, 0, 0);
    record(CORONER_ACQUIRED, &lock, 0, at, 0);
    record(CORONER_TASK_SUSPEND, &first, 0, at, 0);
    await(&second, &lock, &turn, at);
    record(CORONER_TASK_RESUME, &first, 0, 0, 0);
    record(CORONER_RELEASED, &lock, 0, at, 0);
    record(CORONER_FUTURE_DONE, &turn, 0, at, CORONER_OUTCOME_VALUE);
    record(CORONER_TASK_SUSPEND, &first, 0, at, 0);
    record(CORONER_TASK_RESUME, &second, 0, 0, 0);
    record(CORONER_ACQUIRED, &lock, 0, at, 0);
    record(CORONER_RELEASED, &lock, 0, at, 0);
    record(CORONER_TASK_SUSPEND, &second, 0, at, 0);
  }
  record(CORONER_TASK_RESUME, &first, 0, 0, 0);
  record(CORONER_TASK_END, &first, 0, 0, CORONER_OUTCOME_VALUE);
  record(CORONER_TASK_RESUME, &second, 0, 0, 0);
  record(CORONER_TASK_END, &second, 0, 0, CORONER_OUTCOME_VALUE);
  record(CORONER_LOOP_STOP, &loop, 0, 0, 0);
  return NULL;
}

static void deadlock(void) {
  static struct thing loop, alice, bob, account, ledger, turn[2];
  record(CORONER_LOOP_START, &loop, 0, 0, 0);
  make(&account, "account");
  make(&ledger, "ledger");
  begin(&alice, "alice");
  begin(&bob, "bob");
  record(CORONER_TASK_RESUME, &alice, 0, 0, 0);
  record(CORONER_ACQUIRED, &account, 0, HERE, 0);
  record(CORONER_TASK_SUSPEND, &alice, 0, HERE, 0);
  record(CORONER_TASK_RESUME, &bob, 0, 0, 0);
  record(CORONER_ACQUIRED, &ledger, 0, HERE, 0);
  record(CORONER_TASK_SUSPEND, &bob, 0, HERE, 0);
  await(&bob, &account, &turn[0], HERE);
  await(&alice, &ledger, &turn[1], HERE);
  record(CORONER_LOOP_IDLE, &loop, 0, 0, UINT32_MAX);
}

/* Whether events have been lost: where these threads hardly get a processor, each may be written down. */
static bool has_lost(void) {
  uint64_t lost = 0;
  int trace = open(getenv("CORONER_TRACE"), O_RDONLY);
  ssize_t size = pread(trace, &lost, sizeof lost, offsetof(struct coroner_file_header, lost_events));
  close(trace);
  return size == sizeof lost && lost > 0;
}

int main(int argc, char **argv) {
  if (argc < 2 || !coroner_start("overload")) return fprintf(stderr, "nothing is recorded\n"), 1;
  coroner_define_fact("runtime", "C");
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, hand_over, NULL);
  usleep(400000);
  for (int i = 0; i < 600 && !has_lost(); i++) usleep(100000);
  bool hangs = !strcmp(argv[1], "hang");
  if (hangs) over = true;
  if (hangs) for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  if (hangs) deadlock();
  printf("recorded\n");
  fflush(stdout);
  pause();
}
