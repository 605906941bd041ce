/* The process's own memory, as the kernel shows it: read while all rests, by a thread of the probe. What
 * is read may be gone by then, so nothing is read by its address. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lines.h"
#include "locks.h"
#include "memory.h"

/* ---- regions ---- */

/* What is this probe's or the recorder's own is left out: it names all that it has recorded. */
static struct probe_region own[8];
static size_t own_count;

static int note_own(struct dl_phdr_info *info, size_t size, void *unused) {
  (void)size, (void)unused;
  const char *name = info->dlpi_name ? strrchr(info->dlpi_name, '/') : NULL;
  if (!name || (strcmp(name, "/libcoroner.so") && strcmp(name, "/libcoroner-swift.so"))) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_W) || own_count >= 4) continue;
    uintptr_t start = info->dlpi_addr + part->p_vaddr;
    own[own_count++] = (struct probe_region){.start = start, .end = start + part->p_memsz};
  }
  return 0;
}

static void note_own_stack(void) {
  pthread_attr_t attributes;
  void *start;
  size_t size;
  if (pthread_getattr_np(pthread_self(), &attributes)) return;
  if (!pthread_attr_getstack(&attributes, &start, &size))
    own[own_count++] = (struct probe_region){.start = (uintptr_t)start, .end = (uintptr_t)start + size};
  pthread_attr_destroy(&attributes);
}

size_t probe_own_memory(struct probe_region *parts, size_t limit) {
  if (!own_count) {
    dl_iterate_phdr(note_own, NULL);
    note_own_stack();
  }
  if (limit < own_count) return 0;
  memcpy(parts, own, own_count * sizeof *own);
  return own_count + probe_own_tables(parts + own_count, limit - own_count);
}

void probe_memory_forked(void) {
  own_count = 0;
  probe_gone_thread = 0;
}

/* In .bss, so that it is left out with the rest of it. */
static struct probe_region regions[PROBE_REGION_LIMIT];

const struct probe_region *probe_regions(size_t *count) {
  static struct probe_lines lines;
  uint64_t trace = 0;
  uintptr_t written = probe_writer ? (uintptr_t)probe_writer->records : 0, guard = 0;
  size_t found = 0;
  *count = 0;
  if (sysconf(_SC_PAGESIZE) != PROBE_PAGE) return NULL;
  if (!written || !probe_open_lines(&lines, "/proc/self/maps")) return NULL;
  for (const char *line; (line = probe_next_line(&lines));) {
    struct probe_region region = {0};
    region.start = probe_hex(&line);
    if (*line++ != '-') break;
    region.end = probe_hex(&line);
    if (strlen(line) < 6) break;
    bool can_read = line[1] == 'r', can_write = line[2] == 'w';
    region.is_shared = line[4] == 's';
    line += 6;
    probe_hex(&line); /* its place in the file */
    line++;
    uint64_t device = probe_hex(&line) << 8;
    line++;
    device |= probe_hex(&line);
    line++;
    uint64_t node = probe_decimal(&line);
    while (*line == ' ') line++;
    region.file = node ? device << 48 ^ node : 0;
    if (written - region.start < region.end - region.start) trace = region.file;
    /* The kernel keeps references for it. */
    if (strstr(line, "[io_uring]")) {
      close(lines.file);
      return NULL;
    }
    bool is_guarded = guard == region.start;
    guard = can_read || can_write ? 0 : region.end;
    if (!can_read || !strncmp(line, "[v", 2) || (region.file && !can_write)) continue;
    region.kind = !strcmp(line, "[stack]")                             ? PROBE_REGION_STACK
                  : !strcmp(line, "[heap]")                            ? PROBE_REGION_HEAP
                  : node || *line                                      ? PROBE_REGION_OTHER
                  : region.start % PROBE_ARENA == 0                    ? PROBE_REGION_HEAP
                  : is_guarded                                         ? PROBE_REGION_STACK
                                                                       : PROBE_REGION_OTHER;
    if (found == PROBE_REGION_LIMIT) {
      found = 0;
      break;
    }
    regions[found++] = region;
  }
  close(lines.file);
  size_t kept = 0;
  for (size_t i = 0; i < found; i++)
    if (!trace || regions[i].file != trace) regions[kept++] = regions[i];
  *count = trace ? kept : 0;
  return regions;
}

/* ---- contents ---- */

bool probe_peek(uintptr_t address, void *into, size_t size) {
  struct iovec to = {into, size}, from = {(void *)address, size};
  return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)size;
}

bool probe_pages(uintptr_t start, size_t count, uint64_t *into) {
  int file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t size = (ssize_t)(count * sizeof *into);
  bool is_read = pread(file, into, (size_t)size, (off_t)(start / 4096 * sizeof *into)) == size;
  close(file);
  return is_read;
}

void *probe_reserve(size_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}
void probe_unreserve(void *memory, size_t size) { munmap(memory, size); }

uint64_t probe_freed_mark(void) {
  static uint64_t mark;
  static bool is_known;
  if (is_known) return mark;
  is_known = true;
  uint64_t words[2] = {0, 0};
  uintptr_t place = (uintptr_t)malloc(sizeof words);
  __asm__ volatile("" : "+r"(place));
  free((void *)place);
  /* It is random, and no number that a program would have. */
  if (place && probe_peek(place, words, sizeof words) && words[1] >> 56) mark = words[1];
  return mark;
}
