#include "locks.h"

enum { COUNT = 4096, TRIES = 8 };
static struct probe_object objects[COUNT];

struct probe_object *probe_object(const void *address, bool new) {
  uintptr_t number = (uintptr_t)address, hash = (number >> 4) * 0x9e3779b97f4a7c15u >> 40;
  for (uintptr_t i = 0; i < TRIES; i++) {
    struct probe_object *found = &objects[(hash + i) % COUNT];
    uintptr_t it = __atomic_load_n(&found->address, __ATOMIC_ACQUIRE);
    if (it == number) return found;
    if (it) continue;
    if (!new) return NULL;
    if (__atomic_compare_exchange_n(&found->address, &it, number, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_RELAXED))
      return found;
    if (it == number) return found;
  }
  return NULL;
}

void probe_is_made(const void *address, intptr_t permits, const void *frame) {
  struct probe_object *new = probe_object(address, true);
  if (!new) return;
  struct probe_holder *own = probe_holder();
  new->permits = permits < INT32_MAX ? (int32_t)permits : INT32_MAX;
  new->maker = own ? own->tid : 0;
  new->is_waited_for = new->is_told = false;
  new->callers[0] = new->callers[1] = NULL;
  probe_walk(frame, new->callers, 2);
}

void probe_objects_forked(void) {
  for (size_t i = 0; i < COUNT; i++)
    if (objects[i].is_told) objects[i].is_told = false;
}

bool probe_tells_now(struct probe_object *known) {
  return known && !__atomic_load_n(&known->is_told, __ATOMIC_RELAXED) &&
         !__atomic_exchange_n(&known->is_told, true, __ATOMIC_ACQ_REL);
}

uint32_t probe_origin(const struct probe_object *known) {
  return probe_stack(known->callers, known->callers[0] ? known->callers[1] ? 2 : 1 : 0, 2);
}
