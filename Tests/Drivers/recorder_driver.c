/* A program that records through the recorder's C interface, for RecorderTests.
 *
 *   recorder_driver LIBRARY count EVENTS THREADS     every thread records numbered events, then the end
 *   recorder_driver LIBRARY forever THREADS PROGRESS numbered events until it is killed; how many each
 *                                                    thread has completed is in PROGRESS, u64 each
 *   recorder_driver LIBRARY fork EVENTS              parent and child record; the child leaves by _exit
 *   recorder_driver LIBRARY forks COUNT              forks while other threads record and define
 *   recorder_driver LIBRARY define                   strings, sites, stacks and facts; prints their ids
 *   recorder_driver LIBRARY late                     records on while and after the recording is stopped
 *   recorder_driver LIBRARY crowd THREADS            so many threads at once, each one event
 *   recorder_driver LIBRARY random SEED EVENTS       one thread, events of random fields
 *   recorder_driver LIBRARY generations COUNT        24 short threads, then random fields, and so on
 *
 * Events are kind 22 with the thread's number as subject, their own number as object and value. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static bool (*start)(const char *);
static bool (*is_recording)(void);
static void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);
static uint32_t (*define_string)(const char *, size_t);
static uint32_t (*define_site)(uint32_t, uint32_t, uint32_t, uint32_t, uint16_t, uint16_t, uint32_t);
static uint32_t (*define_stack)(const uint32_t *, size_t);
static void (*define_fact)(const char *, const char *);
static void (*name_thread)(const char *);
static void (*stop)(void);

static uint64_t *progress; /* null: none asked for */
static uint64_t events;
static volatile bool over;
static pthread_barrier_t everybody;

static void record_number(uint64_t thread, uint64_t number) {
  record(22, thread, number, 0, (uint32_t)number);
}

static void *count(void *thread) {
  char name[32];
  snprintf(name, sizeof name, "counter %d", (int)(uintptr_t)thread);
  name_thread(name);
  for (uint64_t i = 0; i < events; i++) record_number((uintptr_t)thread, i);
  return NULL;
}

/* Fields that repeat, that count, that are wide and that are noise, in turns of random length: what the
 * encoder of columns has to cope with. RecordingTests draws the same numbers. */
static uint64_t draw(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

static void record_random(uint64_t state, uint64_t count) {
  uint64_t turn = 0, manner = 0, base = 0;
  for (uint64_t i = 0; i < count; i++) {
    if (turn-- == 0) {
      turn = draw(&state) % 700;
      manner = draw(&state) % 4;
      base = draw(&state);
    }
    uint64_t field = manner == 0 ? base : manner == 1 ? base + i : manner == 2 ? i % 7 : draw(&state);
    record(22, field, field * 16, 0, (uint32_t)(field >> 8));
  }
}

/* In bursts: the drain thread of a busy machine must be able to keep up, or events are dropped. */
static void *count_forever(void *thread) {
  for (uint64_t i = 0;; i++) {
    record_number((uintptr_t)thread, i);
    __atomic_store_n(&progress[(uintptr_t)thread], i + 1, __ATOMIC_RELEASE);
    if (i % 100 == 99) usleep(200);
  }
  return NULL;
}

static void *count_until_over(void *thread) {
  for (uint64_t i = 0; !over; i++) {
    record_number((uintptr_t)thread, i);
    char text[32];
    int length = snprintf(text, sizeof text, "%d/%d", (int)(uintptr_t)thread, (int)(i % 5000));
    define_string(text, (size_t)length);
    if (i % 100 == 99) usleep(200);
  }
  return NULL;
}

static void *count_on(void *thread) {
  for (uint64_t i = 0; !over; i++) record_number((uintptr_t)thread, i);
  return NULL;
}

static void *record_together(void *thread) {
  record_number((uintptr_t)thread, 0);
  pthread_barrier_wait(&everybody);
  return NULL;
}

static void run_threads(int threads, void *(*body)(void *), pthread_t *handles) {
  for (int i = 0; i < threads; i++) {
    int error = pthread_create(&handles[i], NULL, body, (void *)(uintptr_t)i);
    if (error) {
      fprintf(stderr, "no thread %d: %s\n", i, strerror(error));
      exit(9);
    }
  }
}
static void join(int threads, pthread_t *handles) {
  for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL);
}

static void fork_often(int times) {
  for (int i = 0; i < times; i++) {
    pid_t child = fork();
    if (child == 0) {
      record_number(100, (uint64_t)i);
      _exit(define_string("in the child", 12) == 0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (status != 0) exit(8);
  }
}

static void define_all(void) {
  uint32_t file = define_string("app.py", 6), function = define_string("main", 4);
  uint32_t site = define_site(file, function, 12, 13, 5, 20, 0);
  uint32_t other = define_site(file, function, 14, 14, 0, 0, 2);
  uint32_t frames[] = {site, other};
  uint32_t stack = define_stack(frames, 2);
  define_fact("runtime", "C");
  bool same = define_string("app.py", 6) == file && define_site(file, function, 12, 13, 5, 20, 0) == site &&
              define_stack(frames, 2) == stack;
  printf("%u %u %u %u %u %s\n", file, function, site, other, stack, same ? "same" : "different");
  fflush(stdout);
  for (int i = 0; i < 20000; i++) {
    char text[64];
    int length = snprintf(text, sizeof text, "a string of some length, number %d", i);
    define_string(text, (size_t)length);
  }
  record(22, 1000, 0, stack, 0);
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
#define FIND(name) *(void **)&name = dlsym(library, "coroner_" #name)
  FIND(start), FIND(is_recording), FIND(record), FIND(define_string), FIND(define_site);
  FIND(define_stack), FIND(define_fact), FIND(name_thread), FIND(stop);
  bool started = start("/somewhere/driver");
  if (started != is_recording() || started != start("again")) return 7;
  printf("%s\n", started ? "recording" : "not recording");
  fflush(stdout);

  static pthread_t handles[4096];
  const char *mode = argv[2];
  int number = argc > 3 ? atoi(argv[3]) : 0;
  if (!strcmp(mode, "count")) {
    int threads = atoi(argv[4]);
    events = (uint64_t)number;
    run_threads(threads, count, handles);
    join(threads, handles);
  } else if (!strcmp(mode, "forever")) {
    int file = open(argv[4], O_RDWR);
    progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (progress == MAP_FAILED) return 3;
    run_threads(number, count_forever, handles);
    for (;;) pause();
  } else if (!strcmp(mode, "fork")) {
    events = (uint64_t)number;
    define_all();
    count((void *)0);
    pid_t child = fork();
    if (child == 0) {
      count((void *)1);
      printf("child %d\n", (int)getpid());
      fflush(stdout);
      _exit(0);
    }
    waitpid(child, NULL, 0);
    count((void *)2);
  } else if (!strcmp(mode, "forks")) {
    run_threads(4, count_until_over, handles);
    fork_often(number);
    over = true;
    join(4, handles);
  } else if (!strcmp(mode, "define")) {
    define_all();
  } else if (!strcmp(mode, "late")) {
    run_threads(2, count_on, handles);
    usleep(2000);
    stop();
    if (is_recording()) return 6;
    usleep(20000);
    over = true;
    join(2, handles);
    if (define_string("late", 4) != 0) return 5;
  } else if (!strcmp(mode, "random")) {
    record_random(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
  } else if (!strcmp(mode, "generations")) {
    events = 1;
    for (int i = 1; i <= number; i++) {
      run_threads(24, count, handles);
      join(24, handles);
      record_random((uint64_t)i, 1500);
    }
  } else if (!strcmp(mode, "crowd")) {
    pthread_barrier_init(&everybody, NULL, (unsigned)number);
    run_threads(number, record_together, handles);
    join(number, handles);
  } else {
    return 2;
  }
  return 0;
}
