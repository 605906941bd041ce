/* How the annotation library reaches the recorder of its process, if there is one. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* What of coroner.h an annotation needs. */
struct ccoroner_recorder {
  void (*record)(uint8_t kind, uint64_t subject, uint64_t object, uint32_t site, uint32_t value);
  uint32_t (*define_string)(const char *utf8, size_t length);
  uint32_t (*define_site)(uint32_t file, uint32_t function, uint32_t line, uint32_t end_line,
                          uint16_t column, uint16_t end_column, uint32_t flags);
  uint32_t (*define_stack)(const uint32_t *sites, size_t count);
};

/* Not looked for yet, none, or found. Never goes back. */
extern const struct ccoroner_recorder *ccoroner_found;

/* Looks for a recorder that is loaded. Any thread; takes the dynamic loader's lock. */
const struct ccoroner_recorder *ccoroner_look(void);

/* The recorder, NULL if nothing is recorded: a load and a branch after the first call. Any thread. */
static inline const struct ccoroner_recorder *ccoroner(void) {
  const struct ccoroner_recorder *found = __atomic_load_n(&ccoroner_found, __ATOMIC_ACQUIRE);
  if (!found) found = ccoroner_look();
  return found->record ? found : NULL;
}
