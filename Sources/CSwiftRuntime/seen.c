#include "tasks.h"

/* Tables that only grow: a reader needs no lock. */
#define COUNT 4096u
#define TRIES 16u

static size_t place_of(const void *object) {
  return (size_t)(((uintptr_t)object >> 4) * 0x9e3779b97f4a7c15u >> 32);
}

bool probe_is_new(const void *object) {
  static const void *told[COUNT];
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
  const void *type;
  uint32_t name;
} names[COUNT];

uint32_t probe_name_known(const void *type) {
  size_t place = place_of(type);
  for (size_t i = 0; i < TRIES; i++) {
    const void *found = __atomic_load_n(&names[(place + i) % COUNT].type, __ATOMIC_ACQUIRE);
    if (found == type) return __atomic_load_n(&names[(place + i) % COUNT].name, __ATOMIC_ACQUIRE);
    if (!found) break;
  }
  return 0;
}

void probe_name_remember(const void *type, uint32_t name) {
  size_t place = place_of(type);
  for (size_t i = 0; i < TRIES; i++) {
    const void *found = NULL;
    if (!__atomic_compare_exchange_n(&names[(place + i) % COUNT].type, &found, type, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) &&
        found != type)
      continue;
    __atomic_store_n(&names[(place + i) % COUNT].name, name, __ATOMIC_RELEASE);
    return;
  }
}
