/* What a snapshot needs to look at the whole heap: memory that is not the program's, the collector's
 * lists, and the kernel's numbers of threads. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpython_abi.h"

void *probe_map(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (size >= 4 << 20) madvise(memory, size, MADV_HUGEPAGE);
  return memory;
}

void *probe_remap(void *memory, size_t old_size, size_t size) {
  void *moved = mremap(memory, old_size, size, MREMAP_MAYMOVE);
  return moved == MAP_FAILED ? NULL : moved;
}

void probe_unmap(void *memory, size_t size) { munmap(memory, size); }

/* The collector's lists, as 3.9 to 3.13 keep them: three generations of a head (next, previous) and two
 * counters, a pointer to the youngest, and one more for what is never collected. */
enum { HEADER = 16, GENERATION = 24, YOUNGEST = 3 * GENERATION, FROZEN = YOUNGEST + 8 };

static uintptr_t word(uintptr_t at) { return *(const uintptr_t *)at; }

/* What was made last is the last of the youngest generation: after it comes the list's head. */
static uintptr_t generations(void *fresh) {
  uintptr_t head = word((uintptr_t)fresh - HEADER);
  return head && head % 8 == 0 && word(head + YOUNGEST) == head ? head : 0;
}

static bool each_of(uintptr_t head, bool (*visit)(void *)) {
  for (uintptr_t at = word(head); at != head; at = word(at))
    if (!visit((void *)(at + HEADER))) return false;
  return true;
}

struct visiting {
  bool (*visit)(void *);
};
static int visiting(void *object, void *argument) {
  return ((struct visiting *)argument)->visit(object);
}

bool probe_each_tracked(void *fresh, bool (*visit)(void *)) {
  uintptr_t head = fresh ? generations(fresh) : 0;
  if (head) {
    for (int i = 0; i < 3; i++)
      if (!each_of(head + (uintptr_t)i * GENERATION, visit)) return true;
    each_of(head + FROZEN, visit);
    return true;
  }
  void (*each)(int (*)(void *, void *), void *) = dlsym(RTLD_DEFAULT, "PyUnstable_GC_VisitObjects");
  if (!each) return false;
  struct visiting argument = {visit};
  each(visiting, &argument);
  return true;
}

/* Where a thread's state keeps its pthread_t, and whether the kernel's number follows it (3.11+); else
 * where that is behind the pthread_t. Found by the calling thread's own. */
static long thread_at = -1, kernel_at = -1, behind_at = -1;

static void find_tid(void *own) {
  uintptr_t self = (uintptr_t)pthread_self();
  uint32_t tid = (uint32_t)syscall(SYS_gettid);
  const uintptr_t *words = own;
  for (long i = 8; i < 40; i++) {
    if (words[i] != self) continue;
    thread_at = i;
    if (words[i + 1] == tid) kernel_at = i + 1;
    break;
  }
  if (kernel_at >= 0 || !dlsym(RTLD_DEFAULT, "gnu_get_libc_version")) return;
  const uint32_t *behind = (const uint32_t *)self;
  long found = 0;
  for (long i = 0; i < 256; i++) {
    if (behind[i] != tid) continue;
    behind_at = i;
    found++;
  }
  if (found != 1) behind_at = -1;
}

static void find_once(void) {
  static bool looked;
  if (looked) return;
  find_tid(PyThreadState_Get());
  looked = true;
}

uint64_t probe_ident(void *thread_state) {
  find_once();
  return thread_at < 0 ? 0 : ((const uintptr_t *)thread_state)[thread_at];
}

uint64_t probe_tid(void *thread_state) {
  find_once();
  if (thread_at < 0) return 0;
  const uintptr_t *words = thread_state;
  if (kernel_at >= 0) return words[kernel_at];
  return behind_at < 0 || !words[thread_at] ? 0 : ((const uint32_t *)words[thread_at])[behind_at];
}

uint64_t probe_peek_tid(uintptr_t thread_state) {
  uintptr_t word;
  uint32_t tid;
  long at = kernel_at >= 0 ? kernel_at : thread_at;
  if (at < 0 || !probe_peek(thread_state + (uintptr_t)at * sizeof word, &word, sizeof word)) return 0;
  if (kernel_at >= 0) return word;
  return behind_at >= 0 && word && probe_peek(word + (uintptr_t)behind_at * sizeof tid, &tid, sizeof tid) ? tid : 0;
}
