/* A program that does a microsecond of work for each event: a million events a second, on one processor. Its CPU time is
 * measured by who runs it, with and without CORONER_TRACE; rate_bench.py does so.
 *
 *   recorder_rate LIBRARY EVENTS tasks|random
 *
 * `tasks` records what a program of some hundred tasks would, `random` fields without any order: the worst case. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Some microsecond: a chain of multiplications, each of which waits for the one before. */
enum { STEPS = 1000 };
static uint64_t work(uint64_t number) {
  for (int i = 0; i < STEPS; i++) number = number * 6364136223846793005u + 1442695040888963407u;
  return number;
}

static uint64_t state = 88172645463325252u;
static uint64_t draw(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
  bool (*start)(const char *) = (bool (*)(const char *))dlsym(library, "coroner_start");
  void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t) =
      (void (*)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t))dlsym(library, "coroner_record");
  if (!start || !record) return 2;
  start("recorder_rate");
  bool is_random = !strcmp(argv[3], "random");
  uint64_t result = 0, events = strtoull(argv[2], NULL, 10);
  for (uint64_t i = 0; i < events; i++) {
    result += work(i);
    uint64_t task = 0x7f0000001000u + i * 7919 % 300 * 176;
    if (is_random) record((uint8_t)(draw() % 40), draw(), draw(), (uint32_t)draw(), (uint32_t)draw());
    else if (i & 1) record(11, task, 0, 0, 0);
    else record(12, task, 0x7f0000400000u + i % 1024 * 112, (uint32_t)(i * 31 % 200) + 1, 0);
  }
  printf("%lu\n", (unsigned long)result);
  return 0;
}
