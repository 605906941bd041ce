/* Which locks each thread holds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpython_abi.h"

static struct probe_holder *first;
static pthread_key_t end_key;
static bool has_key;

/* Runs without the GIL, at the thread's end. */
static void thread_ends(void *holder) {
  __atomic_store_n(&((struct probe_holder *)holder)->over, 1, __ATOMIC_RELEASE);
}

/* Of threads that ended with locks in hand so many are kept: then the oldest is forgotten. */
enum { ABANDONED_LIMIT = 256 };

static struct probe_holder *unused(void) {
  struct probe_holder *oldest = NULL;
  int abandoned = 0;
  for (struct probe_holder *h = first; h; h = h->next) {
    if (!__atomic_load_n(&h->over, __ATOMIC_ACQUIRE)) continue;
    if (h->count == 0) return h;
    oldest = h;
    abandoned++;
  }
  if (abandoned >= ABANDONED_LIMIT) {
    oldest->count = 0;
    return oldest;
  }
  struct probe_holder *h = calloc(1, sizeof *h);
  if (h) {
    h->next = first;
    first = h;
  }
  return h;
}

struct probe_holder *probe_this_holder(void) {
  struct probe_thread *thread = probe_this_thread();
  if (thread->holder) return thread->holder;
  if (!has_key && pthread_key_create(&end_key, thread_ends) != 0) return NULL;
  has_key = true;
  struct probe_holder *h = unused();
  if (!h) return NULL;
  h->tid = (uint32_t)syscall(SYS_gettid);
  h->waits = 0;
  __atomic_store_n(&h->over, 0, __ATOMIC_RELEASE);
  if (pthread_setspecific(end_key, h) != 0) {
    h->over = 1;
    return NULL;
  }
  return thread->holder = h;
}

void probe_holders_forked(void) {
  struct probe_holder *mine = probe_this_thread()->holder;
  for (struct probe_holder *h = first; h; h = h->next) {
    if (h == mine)
      h->tid = (uint32_t)syscall(SYS_gettid);
    else
      h->over = PROBE_LEFT_BEHIND;
    h->waits = 0;
    /* The child's trace says nothing yet. */
    for (int i = 0; i < h->count; i++) h->holds[i].told = false;
  }
}

struct probe_holder *probe_first_holder(void) { return first; }

uint64_t probe_thread_ident(void) { return (uint64_t)pthread_self(); }
