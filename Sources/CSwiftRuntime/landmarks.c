#define _GNU_SOURCE
#include <link.h>
#include <string.h>

#include "tasks.h"

struct probe_landmarks probe_landmarks;
const void *probe_canary_type, *probe_canary_end;

/* Functions by the beginning of their names; of an async function, each part that goes on after an await has a
 * name that begins with the function's. */
static const struct {
  const char *prefix;
  enum probe_landmark kind;
  bool is_whole;
} functions[] = {
    {"swift_task_enqueue", PROBE_ENQUEUE, true},
    {"swift_continuation_resume", PROBE_RESUME, true},
    {"swift_continuation_throwingResume", PROBE_RESUME, true},
    {"swift_continuation_throwingResumeWithError", PROBE_RESUME_ERROR, true},
    {"_ZN12_GLOBAL__N_116DefaultActorImpl6unlock", PROBE_UNLOCK, false},
    {"swift_task_switch", PROBE_SWITCH, true},
    {"swift_task_cancel", PROBE_CANCEL, true},
    {"$sScTss5NeverORszABRs_rlE5sleep", PROBE_SLEEP, false},
    {"$sScTss5NeverORszABRs_rlE6_sleep", PROBE_SLEEP, false},
    {"$sScTss5NeverORszABRs_rlE5yieldyyYaFZ", PROBE_YIELD, false},
    {"$sScS8_StorageC4nextxSgyYaFADyYaXEfU_TQ1_", PROBE_NEXT_ELEMENT, true},
    {"$sScs8_StorageC4nextxSgyYaKFADyYaKXEfU_TQ1_", PROBE_NEXT_ELEMENT, true},
    {"swift_taskGroup_waitAll", PROBE_ALL_CHILDREN, true},
};
#define FUNCTION_COUNT (sizeof functions / sizeof *functions)

/* Also what is called by its address elsewhere. */
static void look_at(const struct probe_symbol *symbol, void *found) {
  const char *name = symbol->name;
  if (!strcmp(name, "$ss25CheckedContinuationCanaryCN")) probe_canary_type = (const void *)symbol->address;
  if (!strcmp(name, "$ss25CheckedContinuationCanaryCfD")) probe_canary_end = (const void *)symbol->address;
  uintptr_t offset = symbol->address - probe_landmarks.start;
  if (!symbol->is_function || offset >= probe_landmarks.size) return;
  for (uint32_t i = 0; i < FUNCTION_COUNT; i++) {
    size_t length = strlen(functions[i].prefix);
    if (strncmp(name, functions[i].prefix, length) || (functions[i].is_whole && name[length])) continue;
    for (uintptr_t at = offset; at < offset + symbol->size; at += PROBE_LANDMARK_GRAIN)
      if (at < probe_landmarks.size)
        probe_landmarks.kinds[at / PROBE_LANDMARK_GRAIN] = (uint8_t)functions[i].kind;
    *(uint32_t *)found |= 1u << i;
    return;
  }
}

static int find_code(struct dl_phdr_info *info, size_t size, void *code) {
  (void)size;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + segment->p_vaddr;
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || (uintptr_t)code - start >= segment->p_memsz)
      continue;
    uintptr_t limit = (uintptr_t)PROBE_LANDMARK_COUNT * PROBE_LANDMARK_GRAIN;
    probe_landmarks.start = start;
    probe_landmarks.size = segment->p_memsz < limit ? segment->p_memsz : limit;
    return 1;
  }
  return 0;
}

void probe_landmarks_find(const void *code) {
  if (!dl_iterate_phdr(find_code, (void *)code)) return;
  memset(probe_landmarks.kinds, PROBE_RUNTIME, sizeof probe_landmarks.kinds);
  uint32_t found = 0;
  probe_symbols(code, look_at, &found);
  probe_landmarks.is_complete = found == (1u << FUNCTION_COUNT) - 1;
}
