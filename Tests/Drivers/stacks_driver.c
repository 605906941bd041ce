/* Takes stacks as the Swift probe does, for RecorderTests. Is compiled with stacks.c and modules.c.
 *
 *   stacks_driver RECORDER
 *
 * Defines a stack that the C library is in, and says whether both ways of taking it agree; then follows frames
 * that lead nowhere. Prints a line each and ends with 0. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "swift_runtime.h"

bool probe_is_on = true;

/* There is no Swift here. */
void *probe_next(const char *name, const void *caller) {
  (void)name, (void)caller;
  return NULL;
}

static uintptr_t outer_return; /* into the C library */
static uint32_t first_stack, second_stack;

/* The code of this program counts as the probe's, and is left out. */
static int compare(const void *a, const void *b) {
  (void)a, (void)b;
  const void *walked[16], *unwound[16];
  void *frame = __builtin_frame_address(0);
  size_t walks = probe_walk(frame, walked, 16), unwinds = probe_unwind(frame, unwound, 16);
  outer_return = (uintptr_t)(walks ? walked[0] : NULL);
  printf("walk %s\n", walks >= 1 ? "some" : "none");
  printf("first %s\n", walks && unwinds && walked[0] == unwound[0] ? "same" : "differs");
  first_stack = probe_stack(unwound, unwinds, unwinds);
  second_stack = probe_stack(unwound, unwinds, unwinds);
  probe_record(CORONER_EVENT_SET, 1, 0, first_stack, 0);
  return 0;
}

/* Frames that a register of some other use may point at. */
static void *lead_astray(void *unused) {
  (void)unused;
  size_t page = 4096;
  char *area = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(area + 2 * page, page, PROT_NONE);
  uintptr_t *frame = (uintptr_t *)(area + page);
  uintptr_t ends[] = {0,
                      1,
                      (uintptr_t)frame,                   /* itself */
                      (uintptr_t)frame - 64,              /* further in */
                      (uintptr_t)frame + 3,               /* not aligned */
                      (uintptr_t)(area + 2 * page),       /* cannot be read */
                      (uintptr_t)(area + 2 * page) - 8,   /* half of it cannot */
                      (uintptr_t)(area + 40 * page),      /* far away */
                      (uintptr_t)frame + (1ul << 60),
                      UINTPTR_MAX - 7,
                      UINTPTR_MAX & ~7ul};
  const void *pcs[8];
  size_t found = 0;
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    frame[0] = ends[i];
    frame[1] = outer_return;
    found += probe_walk(frame, pcs, 8);
    /* Again from the real stack: what was learned of the other one is forgotten. */
    probe_walk(__builtin_frame_address(0), pcs, 8);
  }
  printf("astray %zu of %zu\n", found, sizeof ends / sizeof *ends);
  munmap(area, 3 * page);
  probe_walk(__builtin_frame_address(0), pcs, 8);
  return NULL;
}

int main(int count, char **arguments) {
  if (count < 2) return 2;
  if (!probe_link_recorder(arguments[1], arguments[0])) return 3;
  probe_modules_start();
  probe_stacks_start();
  int numbers[2] = {2, 1};
  qsort(numbers, 2, sizeof *numbers, compare);
  printf("known %s\n", first_stack && first_stack == second_stack ? "same" : "differs");
  __atomic_add_fetch(&probe_unloads, 1, __ATOMIC_RELEASE);
  const void *pc = (const void *)outer_return;
  printf("unknown %s\n", probe_site((void *)16) == 0 ? "none" : "some");
  printf("again %s\n", probe_stack(&pc, 1, 1) == probe_stack(&pc, 1, 1) ? "same" : "differs");
  pthread_t thread;
  pthread_create(&thread, NULL, lead_astray, NULL);
  pthread_join(thread, NULL);
  return 0;
}
