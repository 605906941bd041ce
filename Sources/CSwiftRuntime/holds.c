/* Who holds what. A thread writes its own table without a lock; others read it when they have to wait. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "locks.h"
#include "memory.h"

_Thread_local struct probe_holder *probe_own_holder;
static _Thread_local bool is_over PROBE_NEAR;

static struct probe_holder *first; /* atomic: grows only */
static pthread_key_t end_key;
static bool can_hold;

/* ---- tables ---- */

/* Tables come in so many at once. */
enum { CHUNK = 16 };
/* For so long a loop may leave its descriptors alone, in µs. */
enum { NEGLECT_US = 1000000 };

static struct probe_holder *unused(uint32_t tid) {
  for (struct probe_holder *h = __atomic_load_n(&first, __ATOMIC_ACQUIRE); h; h = h->next) {
    uint32_t none = 0;
    if (__atomic_compare_exchange_n(&h->tid, &none, tid, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
      return h;
  }
  struct probe_holder *chunk = mmap(NULL, CHUNK * sizeof *chunk, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (chunk == MAP_FAILED) return NULL;
  for (int i = 0; i + 1 < CHUNK; i++) chunk[i].next = &chunk[i + 1];
  chunk->tid = tid;
  struct probe_holder *last = &chunk[CHUNK - 1];
  last->next = __atomic_load_n(&first, __ATOMIC_ACQUIRE);
  while (!__atomic_compare_exchange_n(&first, &last->next, chunk, false, __ATOMIC_ACQ_REL,
                                      __ATOMIC_ACQUIRE)) {}
  return chunk;
}

const struct probe_holder *probe_holder_of(uint32_t tid) {
  const struct probe_holder *h = __atomic_load_n(&first, __ATOMIC_ACQUIRE);
  while (h && __atomic_load_n(&h->tid, __ATOMIC_ACQUIRE) != tid) h = h->next;
  return h;
}

size_t probe_own_tables(struct probe_region *parts, size_t limit) {
  size_t count = 0;
  for (const struct probe_holder *h = __atomic_load_n(&first, __ATOMIC_ACQUIRE); h && count + 2 <= limit; h = h->next) {
    parts[count++] = (struct probe_region){.start = (uintptr_t)h, .end = (uintptr_t)(h + 1)};
    if (__atomic_load_n(&h->tid, __ATOMIC_ACQUIRE) && h->turns)
      parts[count++] = (struct probe_region){.start = (uintptr_t)h->turns,
                                             .end = (uintptr_t)h->turns + sizeof probe_thread};
  }
  return count;
}

/* The recorder's and the probes' own threads are nobody's business. */
bool probe_is_own_name(const char *name) { return strncmp(name, "coroner-", 8) == 0; }

struct probe_holder *probe_make_holder(void) {
  if (is_over || !can_hold || !probe_is_on) return NULL;
  int saved = errno;
  struct probe_holder *own = unused((uint32_t)syscall(SYS_gettid));
  errno = saved;
  if (!own) return NULL;
  char name[16] = "";
  prctl(PR_GET_NAME, name, 0, 0, 0);
  own->busy = probe_is_own_name(name);
  own->count = own->waits = own->python_asked = 0;
  own->python_mutex = own->works_on = NULL;
  own->is_bound = own->keeps_python = false;
  own->loop = 0;
  own->stands = false;
  own->endings = 0;
  own->turns = &probe_thread;
  probe_own_holder = own;
  pthread_setspecific(end_key, own);
  return own;
}

/* Other destructors of the thread may still give locks back: so it is over at the second pass. */
static void thread_ends(void *argument) {
  struct probe_holder *own = argument;
  if (own->endings++ == 0) {
    pthread_setspecific(end_key, own);
    return;
  }
  if (own->count) probe_tell_holds_of(NULL);
  is_over = true;
  probe_own_holder = NULL;
  own->count = 0;
  __atomic_store_n(&own->tid, 0, __ATOMIC_RELEASE);
}

/* In the number of a thread that a fork has not taken along. Nobody will give back what it held. */
#define LEFT_BEHIND (1u << 31)

static void leave_behind(struct probe_holder *gone) {
  gone->tid = gone->tid && gone->count ? gone->tid | LEFT_BEHIND : 0;
  gone->loop = 0;
  gone->waits = 0;
  gone->stands = false;
  /* Its memory will be another thread's. */
  gone->turns = NULL;
  for (uint32_t i = 0; i < gone->count; i++) gone->holds[i].resource &= ~(uintptr_t)1;
}

/* In a forked child the other threads are gone, and its trace says nothing yet. */
static void forked(void) {
  probe_watch_forked();
  probe_seen_forked();
  probe_objects_forked();
  probe_python_forked();
  struct probe_holder *own = probe_own_holder;
  for (struct probe_holder *h = first; h; h = h->next)
    if (h != own) leave_behind(h);
  if (!own) return;
  own->tid = (uint32_t)syscall(SYS_gettid);
  own->is_bound = false;
  for (uint32_t i = 0; i < own->count; i++) own->holds[i].resource &= ~(uintptr_t)1;
}

/* A loop whose thread waits for something, although there is work for it: it is told once a wait. */
void probe_look_at_loops(void) {
  for (struct probe_holder *h = __atomic_load_n(&first, __ATOMIC_ACQUIRE); h; h = h->next) {
    uint64_t loop = h->loop, since = h->waits_since;
    if (!__atomic_load_n(&h->tid, __ATOMIC_ACQUIRE) || !loop || !h->waits || since == h->called) continue;
    if (probe_microseconds_since(since) < NEGLECT_US) continue;
    struct pollfd set = {(int)(uint32_t)loop, POLLIN, 0};
    if (poll(&set, 1, 0) != 1 || !(set.revents & POLLIN)) continue;
    h->called = since;
    probe_record_call(loop);
  }
}

void probe_holds_start(void) {
  probe_watch_start();
  /* The first 32 keys of a process need no memory in a thread. */
  can_hold = pthread_key_create(&end_key, thread_ends) == 0 && end_key < 32 &&
             pthread_atfork(NULL, NULL, forked) == 0;
  if (!can_hold) probe_define_fact("probe.fallback", "no locks: the process has no room for a key");
}

/* ---- holds ---- */

static uintptr_t resource_of(const struct probe_hold *hold) {
  return __atomic_load_n(&hold->resource, __ATOMIC_ACQUIRE) & ~(uintptr_t)1;
}

void probe_make_room(struct probe_holder *own) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < own->count; i++)
    if (resource_of(&own->holds[i])) own->holds[kept++] = own->holds[i];
  if (kept == PROBE_HOLD_LIMIT) {
    kept--;
    for (uint32_t i = 0; i < kept; i++) own->holds[i] = own->holds[i + 1];
  }
  __atomic_store_n(&own->count, kept, __ATOMIC_RELEASE);
}

static bool remove(struct probe_holder *holder, const void *resource, const void *frame) {
  uint32_t count = __atomic_load_n(&holder->count, __ATOMIC_ACQUIRE);
  uint32_t at = count;
  while (at > 0 && resource_of(&holder->holds[at - 1]) != (uintptr_t)resource) at--;
  if (at == 0) return false;
  bool told = holder->holds[at - 1].resource & 1;
  for (; at < count; at++) holder->holds[at - 1] = holder->holds[at];
  __atomic_store_n(&holder->count, count - 1, __ATOMIC_RELEASE);
  if (told) probe_record_given_back((uint64_t)(uintptr_t)resource, probe_stack_near(frame));
  return true;
}

/* What another thread took: its entry is voided, and goes when that thread comes to it. */
static bool void_anothers(const void *resource, const void *frame) {
  for (struct probe_holder *h = __atomic_load_n(&first, __ATOMIC_ACQUIRE); h; h = h->next) {
    uint32_t count = __atomic_load_n(&h->count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count && i < PROBE_HOLD_LIMIT; i++) {
      uintptr_t found = __atomic_load_n(&h->holds[i].resource, __ATOMIC_ACQUIRE);
      if ((found & ~(uintptr_t)1) != (uintptr_t)resource) continue;
      if (!__atomic_compare_exchange_n(&h->holds[i].resource, &found, 0, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED))
        continue;
      if (found & 1) probe_record_given_back((uint64_t)(uintptr_t)resource, probe_stack_near(frame));
      return true;
    }
  }
  return false;
}

bool probe_gave_back_slowly(const void *resource, bool anybody, const void *frame) {
  struct probe_holder *own = probe_own_holder;
  if (own) {
    while (own->count && own->holds[own->count - 1].resource == 0) own->count--;
    if (own->busy) return false;
    if (remove(own, resource, frame)) return true;
  }
  return anybody && void_anothers(resource, frame);
}

static uint32_t stack_of(const struct probe_hold *hold) {
  size_t count = 0;
  while (count < PROBE_HOLD_CALLERS && hold->callers[count]) count++;
  return probe_stack(hold->callers, count, count);
}

static void tell(const struct probe_holder *holder, struct probe_hold *hold, uintptr_t resource) {
  struct probe_hold seen = *hold;
  uintptr_t expected = resource;
  /* Whose entry it has become meanwhile is told by its own waiters. */
  if (!__atomic_compare_exchange_n(&hold->resource, &expected, resource | 1, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_RELAXED))
    return;
  uint64_t who = seen.task ? (uint64_t)(uintptr_t)seen.task : holder->tid;
  bool is_left = holder->tid & LEFT_BEHIND;
  probe_record_held((uint64_t)resource, is_left ? 0 : who, stack_of(&seen),
                    is_left ? UINT32_MAX : probe_microseconds_since(seen.since));
}

void probe_tell_holders(const void *resource, uint32_t tid) {
  bool is_known = false;
  for (struct probe_holder *h = __atomic_load_n(&first, __ATOMIC_ACQUIRE); h; h = h->next) {
    uint32_t its = __atomic_load_n(&h->tid, __ATOMIC_ACQUIRE);
    if (!its || ((tid || its & LEFT_BEHIND) && (its & ~LEFT_BEHIND) != tid)) continue;
    uint32_t count = __atomic_load_n(&h->count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count && i < PROBE_HOLD_LIMIT; i++) {
      if (resource_of(&h->holds[i]) != (uintptr_t)resource) continue;
      is_known = true;
      tell(h, &h->holds[i], (uintptr_t)resource);
      if (tid) break;
    }
  }
  /* Taken before the recording began, or where it is not seen. */
  if (tid && !is_known) probe_record_held((uint64_t)(uintptr_t)resource, tid, 0, 0);
}

void probe_tell_holds_of(const void *task) {
  struct probe_holder *own = probe_own_holder;
  if (!own || own->busy) return;
  for (uint32_t i = 0; i < own->count; i++) {
    struct probe_hold *hold = &own->holds[i];
    uintptr_t resource = resource_of(hold);
    if (!resource || hold->task != task || (hold->resource & 1)) continue;
    __atomic_store_n(&hold->resource, resource | 1, __ATOMIC_RELEASE);
    probe_record_taken((uint64_t)resource, stack_of(hold));
  }
}
