#include "tasks.h"

/* Tables that only grow: a reader needs no lock. */
#define COUNT 4096u
#define TRIES 16u

static size_t place_of(const void *object) {
  return (size_t)(((uintptr_t)object >> 4) * 0x9e3779b97f4a7c15u >> 32);
}

static const void *told[COUNT];
bool probe_is_forked;

void probe_seen_forked(void) {
  /* What is defined stays so. Pages that hold nothing stay the parent's, too. */
  for (size_t i = 0; i < COUNT; i++)
    if (told[i]) told[i] = NULL;
  probe_thread.readied = NULL;
  probe_is_forked = true;
}

bool probe_is_new(const void *object) {
  size_t place = place_of(object);
  for (size_t i = 0; i < TRIES; i++) {
    const void *found = NULL;
    if (__atomic_compare_exchange_n(&told[(place + i) % COUNT], &found, object, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
      return true;
    if (found == object) return false;
  }
  return false;
}

static struct {
  const void *object;
  uint32_t id;
} ids[COUNT];

uint32_t probe_id_known(const void *object) {
  /* Something else may lie where a file was that is gone. */
  if (__atomic_load_n(&probe_unloads, __ATOMIC_ACQUIRE)) return 0;
  size_t place = place_of(object);
  for (size_t i = 0; i < TRIES; i++) {
    const void *found = __atomic_load_n(&ids[(place + i) % COUNT].object, __ATOMIC_ACQUIRE);
    if (found == object) return __atomic_load_n(&ids[(place + i) % COUNT].id, __ATOMIC_ACQUIRE);
    if (!found) break;
  }
  return 0;
}

void probe_id_remember(const void *object, uint32_t id) {
  size_t place = place_of(object);
  for (size_t i = 0; i < TRIES; i++) {
    const void *found = NULL;
    if (!__atomic_compare_exchange_n(&ids[(place + i) % COUNT].object, &found, object, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
        found != object)
      continue;
    __atomic_store_n(&ids[(place + i) % COUNT].id, id, __ATOMIC_RELEASE);
    return;
  }
}
