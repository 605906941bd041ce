/* A program that records while something goes wrong. FaultTests.swift says what has to come of it.
 *
 *   fault_driver LIBRARY cut         the trace is cut off to nothing, again and again
 *   fault_driver LIBRARY removed     the trace is removed
 *   fault_driver LIBRARY bus         a fault of the program's own, in a file that it has cut off: dies of it
 *   fault_driver LIBRARY ownbus      the same with a handler of its own, installed before
 *   fault_driver LIBRARY files       no file descriptor is left
 *   fault_driver LIBRARY memory      no memory is left
 *   fault_driver LIBRARY storm       10,000 threads, eight at a time, one event each
 *   fault_driver LIBRARY signals     a handler records while what it interrupted does
 *   fault_driver LIBRARY rest        the drain thread is gone, then SIGKILL
 *   fault_driver LIBRARY abort       ends in abort
 *   fault_driver LIBRARY _exit       ends in _exit
 *
 * Events are kind 22 with the number of a writer as subject, their own as object. Prints "survived". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

static bool (*start)(const char *);
static void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);
static void (*rest)(void);
static uint32_t (*define_string)(const char *, size_t);

static void count(uint64_t writer, uint64_t from, uint64_t events) {
  for (uint64_t i = from; i < from + events; i++) {
    record(22, writer, i, 0, (uint32_t)i);
    if (i % 5000 == 4999) usleep(2000);
  }
}

static void *count_once(void *number) {
  count((uintptr_t)number, 0, 1);
  return NULL;
}
static void *count_many(void *number) {
  count((uintptr_t)number, 0, 20000);
  return NULL;
}

static void run(void *(*body)(void *), int threads, int first) {
  pthread_t handles[64];
  for (int i = 0; i < threads; i++)
    if (pthread_create(&handles[i], NULL, body, (void *)(uintptr_t)(first + i))) exit(9);
  for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL);
}

static volatile uint64_t ticks;
static void tick(int signal) {
  (void)signal;
  record(22, 2, ticks++, 0, 0);
}

static sigjmp_buf back;
static void leap(int signal) {
  (void)signal;
  siglongjmp(back, 1);
}

static volatile char *cut_file(void) {
  char path[] = "/tmp/coroner-cut-XXXXXX";
  int file = mkstemp(path);
  unlink(path);
  if (file < 0 || ftruncate(file, 4096)) exit(9);
  char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED || ftruncate(file, 0)) exit(9);
  return memory;
}

static void limit(int what, rlim_t value) {
  struct rlimit limits;
  if (getrlimit(what, &limits)) exit(9);
  limits.rlim_cur = value;
  if (setrlimit(what, &limits)) exit(9);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  const char *mode = argv[2], *trace = getenv("CORONER_TRACE");
  if (!strcmp(mode, "ownbus")) signal(SIGBUS, leap);
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
#define FIND(name) *(void **)&name = dlsym(library, "coroner_" #name)
  FIND(start), FIND(record), FIND(rest), FIND(define_string);
  if (!start("fault_driver")) return 3;
  count(1, 0, 3000);

  if (!strcmp(mode, "cut")) {
    for (int i = 0; i < 20; i++) {
      if (truncate(trace, 0)) return 4;
      run(count_many, 4, 10);
      count(1, 3000, 3000);
      define_string(trace, strlen(trace));
    }
  } else if (!strcmp(mode, "removed")) {
    if (unlink(trace)) return 4;
    run(count_many, 4, 10);
    usleep(500000);
    run(count_many, 4, 10);
  } else if (!strcmp(mode, "bus")) {
    *cut_file() = 1;
    return 5;
  } else if (!strcmp(mode, "ownbus")) {
    if (sigsetjmp(back, 1) == 0) {
      *cut_file() = 1;
      return 5;
    }
  } else if (!strcmp(mode, "files")) {
    while (open("/dev/null", O_RDONLY) >= 0) {}
    if (errno != EMFILE) return 4;
    /* So few at once that none of them has to wait for a buffer. */
    for (int i = 0; i < 40; i += 2) {
      run(count_many, 2, 10 + i);
      usleep(2000);
    }
  } else if (!strcmp(mode, "memory")) {
    pthread_t handles[8];
    for (int i = 0; i < 8; i++)
      if (pthread_create(&handles[i], NULL, count_many, (void *)(uintptr_t)(10 + i))) return 9;
    limit(RLIMIT_AS, 1);
    if (mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) return 4;
    count(1, 3000, 300000);
    for (int i = 0; i < 8; i++) pthread_join(handles[i], NULL);
  } else if (!strcmp(mode, "storm")) {
    for (int i = 0; i < 10000; i += 8) run(count_once, 8, 10 + i);
  } else if (!strcmp(mode, "signals")) {
    struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 200}, {0, 200}};
    sigset_t unblocked; /* whatever was inherited */
    sigemptyset(&unblocked);
    sigaddset(&unblocked, SIGALRM);
    sigprocmask(SIG_UNBLOCK, &unblocked, NULL);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (uint64_t i = 0; i < 2000000; i++) record(22, 1, 3000 + i, 0, 0);
    memset(&often, 0, sizeof often);
    setitimer(ITIMER_REAL, &often, NULL);
    printf("%lu signals\n", (unsigned long)ticks);
  } else if (!strcmp(mode, "rest")) {
    rest();
    count(1, 3000, 200000);
    raise(SIGKILL);
  } else if (!strcmp(mode, "abort")) {
    abort();
  } else if (!strcmp(mode, "_exit")) {
    _exit(0);
  } else {
    return 2;
  }
  printf("survived\n");
  return 0;
}
