/* What an event costs on 1, 2 or 8 threads, of this recorder or of LTTng-UST (built with -DLTTNG): three integer
 * fields, the same loop. Threads record in bursts of BURST events, with a pause of PAUSE µs in between that is not
 * counted, so that whoever drains can follow; ns is the processor time of the recording threads for an event.
 *
 *   recorder_threads LIBRARY THREADS EVENTS      prints "ns total-cpu-ns lost"; the total is the process's own */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifdef LTTNG
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng/provider.h"
#define RECORD(task, future, site) lttng_ust_tracepoint(coroner_bench, wait, task, future, site)
#else
static void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);
#define RECORD(task, future, site) record(12, task, future, site, 0)
#endif

enum { BURST = 10000, PAUSE = 20000 };

static long events;
static double taken[64];

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void *run(void *number) {
  uintptr_t self = (uintptr_t)number;
  RECORD(1, 0, 0); /* the thread's first buffer */
  for (long done = 0; done < events; done += BURST) {
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    for (long i = done; i < done + BURST; i++)
      RECORD(0x7f0000001000u + (uint64_t)(i * 7919 % 300) * 176,
             0x7f0000400000u + (uint64_t)(i % 1024) * 112, (uint32_t)(i * 31 % 200) + 1);
    taken[self] += seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    usleep(PAUSE);
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int threads = atoi(argv[2]);
  events = atol(argv[3]) / BURST * BURST;
  if (threads < 1 || threads > 64 || events < BURST) return 2;
#ifndef LTTNG
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
  bool (*start)(const char *) = (bool (*)(const char *))dlsym(library, "coroner_start");
  record = (void (*)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t))dlsym(library, "coroner_record");
  if (!start || !record || !start("recorder_threads")) return 2;
#endif
  pthread_t handles[64];
  for (int i = 0; i < threads; i++) pthread_create(&handles[i], NULL, run, (void *)(uintptr_t)i);
  double sum = 0;
  for (int i = 0; i < threads; i++) pthread_join(handles[i], NULL), sum += taken[i];
  usleep(500000);
  double all = (double)events * threads;
  printf("%.2f %.2f\n", sum * 1e9 / all, seconds(CLOCK_PROCESS_CPUTIME_ID) * 1e9 / all);
  return 0;
}
