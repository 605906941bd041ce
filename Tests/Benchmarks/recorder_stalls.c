/* How long the recorder holds up a thread that records, when processors are short: threads record without a pause,
 * others compute. What counts is what the recorder lets a thread wait for: a lock, or a buffer.
 *
 *   recorder_stalls LIBRARY THREADS OTHERS SECONDS [EVENTS]
 *
 * Prints one JSON object: events, those lost, waits for a buffer, and in ms: the longest time that the recorder asked to
 * wait for one event, of a thread's first event, and how long one wait and one for a lock took until the kernel gave the
 * thread a processor again. With EVENTS, each thread ends after so many and another one begins. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);
static volatile bool over;
static uint64_t recorded, waits;          /* atomic */
static uint64_t longest_wait, longest_lock, longest_asked, longest_asked_at_first; /* ns; atomic */
static _Thread_local bool records;
static _Thread_local uint64_t asked; /* for the current event */

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
static void note(uint64_t *longest, uint64_t taken) {
  uint64_t before = __atomic_load_n(longest, __ATOMIC_RELAXED);
  while (before < taken &&
         !__atomic_compare_exchange_n(longest, &before, taken, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
}

/* The recorder's waits come by here: this program's functions are found before those of libc. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *lock, const struct timespec *until) {
  static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  uint64_t since = now();
  int result = real(condition, lock, until);
  if (!records) return result;
  uint64_t limit = (uint64_t)until->tv_sec * 1000000000u + (uint64_t)until->tv_nsec - since, taken = now() - since;
  asked += taken < limit ? taken : limit; /* the rest is the kernel's */
  note(&longest_wait, taken);
  __atomic_fetch_add(&waits, 1, __ATOMIC_RELAXED);
  return result;
}
int pthread_mutex_lock(pthread_mutex_t *lock) {
  static int (*real)(pthread_mutex_t *);
  if (!real) *(void **)&real = dlsym(RTLD_NEXT, "pthread_mutex_lock");
  if (!records || pthread_mutex_trylock(lock) == 0) return records ? 0 : real(lock);
  uint64_t since = now();
  int result = real(lock);
  note(&longest_lock, now() - since);
  return result;
}

static uint64_t most;

static void *write_events(void *unused) {
  (void)unused;
  uint64_t i = 0;
  records = true;
  while (!over && i < most) {
    asked = 0;
    record(12, 0x7f0000001000u + i * 7919 % 300 * 176, 0x7f0000400000u + i % 1024 * 112, (uint32_t)(i * 31 % 200) + 1, 0);
    if (asked) note(i ? &longest_asked : &longest_asked_at_first, asked);
    i++;
  }
  records = false;
  __atomic_fetch_add(&recorded, i, __ATOMIC_RELAXED);
  return NULL;
}
static void *write_in_turn(void *unused) {
  while (!over) {
    pthread_t writer;
    if (pthread_create(&writer, NULL, write_events, unused)) exit(9);
    pthread_join(writer, NULL);
  }
  return NULL;
}
static void *compute(void *unused) {
  while (!over) {}
  return unused;
}

int main(int argc, char **argv) {
  if (argc < 5) return fprintf(stderr, "see the beginning of recorder_stalls.c\n"), 2;
  int threads = atoi(argv[2]), others = atoi(argv[3]);
  if (threads < 1 || others < 0 || threads + others > 256) return 2;
  most = argc > 5 ? strtoull(argv[5], NULL, 10) : UINT64_MAX;
  char path[] = "/tmp/recorder-stalls-XXXXXX";
  int file = mkstemp(path);
  if (file < 0) return perror("mkstemp"), 2;
  setenv("CORONER_TRACE", path, 1);
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
  bool (*start)(const char *) = (bool (*)(const char *))dlsym(library, "coroner_start");
  record = (void (*)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t))dlsym(library, "coroner_record");
  if (!start || !record || !start("recorder_stalls")) return 2;

  pthread_t handles[256];
  for (int i = 0; i < threads + others; i++) {
    void *(*body)(void *) = i < others ? compute : argc > 5 ? write_in_turn : write_events;
    if (pthread_create(&handles[i], NULL, body, NULL)) return 9;
  }
  usleep((useconds_t)(atof(argv[4]) * 1e6));
  over = true;
  for (int i = 0; i < threads + others; i++) pthread_join(handles[i], NULL);
  uint64_t lost = 0;
  if (pread(file, &lost, sizeof lost, 72) != sizeof lost) lost = 0;
  printf("{\"events\": %lu, \"lost\": %lu, \"waits\": %lu, \"asked_ms\": %.1f, \"asked_at_first_ms\": %.1f, "
         "\"longest_wait_ms\": %.1f, \"longest_lock_ms\": %.1f}\n",
         (unsigned long)recorded, (unsigned long)lost, (unsigned long)waits, (double)longest_asked * 1e-6,
         (double)longest_asked_at_first * 1e-6, (double)longest_wait * 1e-6, (double)longest_lock * 1e-6);
  unlink(path);
  return 0;
}
