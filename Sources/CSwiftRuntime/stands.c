/* Where the process's threads stand, as the kernel shows them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lines.h"
#include "locks.h"
#include "memory.h"

uint32_t probe_gone_thread;
const void *probe_task_type;

/* How often it has begun to run; false: it runs, or cannot be looked at. */
static bool look_at_thread(struct probe_stand *stand) {
  static struct probe_lines lines;
  char path[64];
  int found = 0;
  if (!probe_open_lines(&lines, probe_own_path(path, "task/", stand->tid, "/syscall"))) return false;
  const char *line = probe_next_line(&lines);
  close(lines.file);
  /* Its number, six arguments, where its stack ends and what it runs. */
  if (!line || (unsigned)*line - '0' >= 10) return false;
  for (int i = 0; i < 7 && line; i++) {
    line = strchr(line, ' ');
    if (line) line++;
  }
  if (!line || line[0] != '0' || line[1] != 'x') return false;
  line += 2;
  stand->stack = probe_hex(&line);
  if (!probe_open_lines(&lines, probe_own_path(path, "task/", stand->tid, "/status"))) return false;
  stand->turns = 0;
  while (found < 2 && (line = probe_next_line(&lines))) {
    const char *number = strstr(line, "voluntary_ctxt_switches:");
    if (!number) continue;
    while (*number && (unsigned)*number - '0' >= 10) number++;
    stand->turns += probe_decimal(&number);
    found++;
  }
  close(lines.file);
  return found == 2;
}

/* libdispatch has one variable for each thread; in it, at this place, is what it keeps for its next work. */
enum { DISPATCH_SIZE = 0x60, DISPATCH_WORK = 0x18 };

static int note_dispatch(struct dl_phdr_info *info, size_t size, void *found) {
  (void)size;
  const char *name = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
  if (!name || strcmp(name, "/libdispatch.so")) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_TLS && info->dlpi_phdr[i].p_memsz == DISPATCH_SIZE)
      *(void **)found = info->dlpi_tls_data;
  return 1;
}

/* How far it is from a variable of ours to that one, the same in every thread; 0: not known. */
static intptr_t done_work(void) {
  static intptr_t distance;
  void *found = NULL;
  if (!distance && dl_iterate_phdr(note_dispatch, &found) && found)
    distance = (intptr_t)found + DISPATCH_WORK - (intptr_t)&probe_thread;
  return distance;
}

static bool is_own_thread(uint32_t tid) {
  char path[64], name[16] = "";
  int file = open(probe_own_path(path, "task/", tid, "/comm"), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t n = read(file, name, sizeof name - 1);
  close(file);
  return n > 0 && probe_is_own_name(name);
}

struct entry {
  uint64_t node;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[];
};

size_t probe_stands(struct probe_stand *stands, size_t limit) {
  char entries[4096] __attribute__((aligned(8)));
  size_t count = 0;
  int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return 0;
  long size;
  while ((size = syscall(SYS_getdents64, folder, entries, sizeof entries)) > 0) {
    for (long at = 0; at < size;) {
      const struct entry *entry = (const void *)(entries + at);
      at += entry->length;
      const char *name = entry->name;
      uint32_t tid = (uint32_t)probe_decimal(&name);
      if (!tid || is_own_thread(tid)) continue;
      struct probe_stand stand = {.tid = tid};
      const struct probe_holder *holder = probe_holder_of(tid);
      stand.is_gone = tid == probe_gone_thread;
      if (holder && done_work()) stand.done_work = (uintptr_t)holder->turns + (uintptr_t)done_work();
      bool stands_still = stand.is_gone || (holder && __atomic_load_n(&holder->stands, __ATOMIC_ACQUIRE));
      if (count == limit || !stands_still || !look_at_thread(&stand)) {
        close(folder);
        return 0;
      }
      stands[count++] = stand;
    }
  }
  close(folder);
  return size == 0 ? count : 0;
}
