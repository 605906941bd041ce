// What a recorder costs before it records anything: two threads that wake up as often as Coroner's do, and some
// mappings. Preloaded into the unrecorded program: system calls and changes of the memory map take longer
// in a process that has a second thread, on a virtual machine by more than the recording of a server's events.
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

enum { MAPPINGS = 12, MAPPING_SIZE = 65536 };

static void *sleep_in_turns(void *period_ms) {
  const struct timespec period = {0, (long)period_ms * 1000000};
  for (;;) nanosleep(&period, NULL);
}

__attribute__((constructor)) static void begin(void) {
  // Neighbours of other protection are not merged.
  for (int i = 0; i < MAPPINGS; i++)
    mmap(NULL, MAPPING_SIZE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, sleep_in_turns, (void *)100L);
  pthread_create(&thread, NULL, sleep_in_turns, (void *)200L);
}
