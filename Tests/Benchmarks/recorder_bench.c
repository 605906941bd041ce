/* Measures the recorder through its C interface: what an event costs the thread that records it and the
 * whole process, and how many bytes it takes in the file. For comparison: what zlib's lowest
 * level would take, in time and bytes, to deflate what is in the trace's sections.
 *
 *   cc -O2 -o recorder_bench recorder_bench.c -ldl -lz && ./recorder_bench libcoroner.so [events]
 *
 * The events imitate tasks that wait for futures: a few hundred tasks and sites, every time a new future.
 * The times are medians of five repetitions; between two of them the drain thread may catch up. Prints one
 * JSON object. Exit status 2: usage or the library cannot record. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { REPETITIONS = 5 };

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}
static double median(double *values) {
  qsort(values, REPETITIONS, sizeof *values, by_value);
  return values[REPETITIONS / 2];
}

/* Waits until the drain thread has used no processor time for a while. */
static void settle(void) {
  double before = -1, now = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < 100 && now - before > 0.002; i++) {
    usleep(300000);
    before = now;
    now = seconds(CLOCK_PROCESS_CPUTIME_ID);
  }
}

/* Deflates all events of a trace anew; the seconds it takes, and the bytes. */
static double deflate_anew(const char *path, double *bytes) {
  enum { HEADER = 72 };
  FILE *file = fopen(path, "rb");
  if (!file) return 0;
  unsigned char header[HEADER];
  static unsigned char packed[1 << 20], plain[1 << 20];
  double taken = 0;
  *bytes = 0;
  for (long at = 4096; fseek(file, at, SEEK_SET) == 0 && fread(header, HEADER, 1, file) == 1;) {
    uint32_t magic, inflated;
    uint16_t kind;
    uint64_t length, payload;
    memcpy(&magic, header, 4), memcpy(&kind, header + 4, 2), memcpy(&length, header + 8, 8);
    memcpy(&payload, header + 16, 8), memcpy(&inflated, header + 60, 4);
    if (magic != 0x4e524f43 || length < HEADER) break;
    at += (long)length;
    uLongf plain_size = sizeof plain, size = sizeof packed;
    if (kind != 1 || payload > sizeof packed || inflated > sizeof plain ||
        fread(packed, payload, 1, file) != 1)
      continue;
    /* It misses the checksum that our streams do not have. */
    uncompress(plain, &plain_size, packed, payload);
    if (plain_size != inflated) continue;
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    if (compress2(packed, &size, plain, plain_size, 1) == Z_OK) *bytes += (double)size;
    taken += seconds(CLOCK_THREAD_CPUTIME_ID) - start;
  }
  fclose(file);
  return taken;
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: %s libcoroner.so [events]\n", argv[0]), 2;
  long events = argc > 2 ? atol(argv[2]) : 1000000;
  if (events < 1) return fprintf(stderr, "events must be a number above 0\n"), 2;
  char path[] = "/tmp/recorder-bench-XXXXXX";
  int file = mkstemp(path);
  if (file < 0) return perror("mkstemp"), 2;
  close(file);
  setenv("CORONER_TRACE", path, 1);

  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
  bool (*start)(const char *) = (bool (*)(const char *))dlsym(library, "coroner_start");
  void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t) =
      (void (*)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t))dlsym(library, "coroner_record");
  void (*stop)(void) = (void (*)(void))dlsym(library, "coroner_stop");
  if (!start || !record || !stop || !start("recorder_bench")) return 2;

  record(11, 0x7f0000001000u, 0, 0, 0); /* the thread's first buffer */
  double wall[REPETITIONS], cpu[REPETITIONS];
  for (int r = 0; r < REPETITIONS; r++) {
    settle();
    double cpu_start = seconds(CLOCK_PROCESS_CPUTIME_ID), start_time = seconds(CLOCK_MONOTONIC);
    for (long i = 0; i < events; i++) {
      uint64_t task = 0x7f0000001000u + (uint64_t)(i * 7919 % 300) * 176;
      if (i & 1)
        record(11, task, 0, 0, 0);
      else
        record(12, task, 0x7f0000400000u + (uint64_t)(i % 1024) * 112, (uint32_t)(i * 31 % 200) + 1, 0);
    }
    wall[r] = (seconds(CLOCK_MONOTONIC) - start_time) * 1e9 / (double)events;
    settle();
    cpu[r] = (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start) * 1e9 / (double)events;
  }
  stop();
  struct stat status;
  if (stat(path, &status) != 0) return perror(path), 2;
  uint64_t lost = 0;
  file = open(path, O_RDONLY);
  if (file >= 0 && pread(file, &lost, sizeof lost, 72) != sizeof lost) lost = 0;
  double kept = (double)events * REPETITIONS - (double)lost;
  double zlib_bytes = 0, zlib_seconds = deflate_anew(path, &zlib_bytes);
  printf("{\"record_ns\": %.2f, \"record_total_cpu_ns\": %.2f, "
         "\"bytes_per_event\": %.3f, \"zlib_ns\": %.2f, \"zlib_bytes_per_event\": %.3f, "
         "\"events\": %ld, \"lost\": %lu}\n",
         median(wall), median(cpu), (double)status.st_blocks * 512 / kept,
         zlib_seconds * 1e9 / kept, zlib_bytes / kept, events * REPETITIONS, (unsigned long)lost);
  if (getenv("KEEP_TRACE")) fprintf(stderr, "%s\n", path);
  else unlink(path);
  return 0;
}
