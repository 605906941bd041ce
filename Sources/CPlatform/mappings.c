/* Memory: of our own, and of the trace, which somebody may cut short under us. */
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older kernels refuse it and the pages come one by one */
#endif

void *platform_reserve(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}
void platform_unmap(void *address, size_t size) { munmap(address, size); }

/* Where the file has been mapped: its header, the hot sections, the window. A handler reads it: entries are only added. */
enum { MAPPINGS = 96 };
static struct { uintptr_t start, end; } mappings[MAPPINGS];
static int mapping_count; /* atomic; written by one thread at a time */

static void note_mapping(void *start, size_t size) {
  int count = __atomic_load_n(&mapping_count, __ATOMIC_RELAXED);
  if (count == MAPPINGS) return;
  mappings[count].start = (uintptr_t)start;
  mappings[count].end = (uintptr_t)start + size;
  __atomic_store_n(&mapping_count, count + 1, __ATOMIC_RELEASE); /* after the entry */
}

void *platform_map(int descriptor, uint64_t offset, uint64_t size, bool populated) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, (off_t)offset);
  if (p == MAP_FAILED) return NULL;
  note_mapping(p, size);
  if (populated) madvise(p, size, MADV_POPULATE_WRITE);
  return p;
}

void *platform_reserve_mapping(uint64_t size) {
  void *p = platform_reserve(size);
  if (p) note_mapping(p, size);
  return p;
}

bool platform_remap(void *address, int descriptor, uint64_t offset, uint64_t size) {
  int flags = MAP_SHARED | MAP_FIXED;
  if (mmap(address, size, PROT_READ | PROT_WRITE, flags, descriptor, (off_t)offset) != address) return false;
  madvise(address, size, MADV_POPULATE_WRITE);
  return true;
}

void platform_detach(void *address, size_t size) {
  mmap(address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
       -1, 0);
}

/* ---- a file that was cut short ---- */

static struct sigaction bus_before;

static bool replace_page(uintptr_t address) {
  int count = __atomic_load_n(&mapping_count, __ATOMIC_ACQUIRE);
  for (int i = 0; i < count; i++) {
    if (address < mappings[i].start || address >= mappings[i].end) continue;
    void *page = (void *)(address & ~(uintptr_t)4095);
    return mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page;
  }
  return false;
}

static void handle_bus(int signal, siginfo_t *information, void *context) {
  int error = errno;
  bool isOurs = information->si_code == BUS_ADRERR && replace_page((uintptr_t)information->si_addr);
  errno = error;
  if (isOurs) return;
  if (bus_before.sa_flags & SA_SIGINFO) {
    bus_before.sa_sigaction(signal, information, context);
  } else if (bus_before.sa_handler != SIG_DFL && bus_before.sa_handler != SIG_IGN) {
    bus_before.sa_handler(signal);
  } else {
    /* As if this had never been here: the fault comes again, a signal that was sent is sent again. */
    sigaction(SIGBUS, &bus_before, NULL);
    if (information->si_code <= 0) raise(signal);
  }
}

void platform_survive_cuts(void) {
  static bool done;
  if (done) return;
  done = true;
  struct sigaction action = {.sa_sigaction = handle_bus, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, NULL, &bus_before) == 0) sigaction(SIGBUS, &action, NULL);
}
