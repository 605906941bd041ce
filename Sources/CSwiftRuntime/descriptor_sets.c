/* What the program has given to sets of descriptors: the kernel keeps it for the program. */
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "memory.h"

/* Sets of descriptors, a bit for each number; those with larger ones are too many. */
enum { SETS = 4096 };
static uint8_t sets[SETS / 8 + 1];

void probe_note_set(int set) {
  if (set < 0 || set > SETS) set = SETS;
  uint8_t bit = (uint8_t)(1u << set % 8);
  if (!(__atomic_load_n(&sets[set / 8], __ATOMIC_RELAXED) & bit))
    __atomic_fetch_or(&sets[set / 8], bit, __ATOMIC_RELAXED);
}

static bool add_kept(int set, uint64_t *into, size_t *count, size_t limit) {
  static struct probe_lines lines;
  char path[64];
  /* It may be closed by now. */
  if (!probe_open_lines(&lines, probe_own_path(path, "fdinfo/", (uint32_t)set, ""))) return true;
  bool is_all = true;
  for (const char *line; is_all && (line = probe_next_line(&lines));) {
    const char *data = strncmp(line, "tfd:", 4) ? NULL : strstr(line, "data:");
    if (!data) continue;
    data += 5;
    while (*data == ' ') data++;
    is_all = *count < limit;
    if (is_all) into[(*count)++] = probe_hex(&data);
  }
  close(lines.file);
  return is_all;
}

bool probe_kept(uint64_t *into, size_t *count, size_t limit) {
  *count = 0;
  if (sets[SETS / 8]) return false;
  for (int set = 0; set < SETS; set++)
    if (sets[set / 8] >> set % 8 & 1 && !add_kept(set, into, count, limit)) return false;
  return true;
}
