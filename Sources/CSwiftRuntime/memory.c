/* The process's own memory and threads, as the kernel shows them: read while all rests, by a thread of the probe. What
 * is read may be gone by then, so nothing is read by its address. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "locks.h"
#include "memory.h"

/* ---- files of the kernel ---- */

/* Reads lines, without the C library's buffers: they are the program's memory. */
struct lines {
  int file;
  size_t begin, end;
  char text[4096 + 1];
};

static bool open_lines(struct lines *lines, const char *path) {
  lines->begin = lines->end = 0;
  lines->file = open(path, O_RDONLY | O_CLOEXEC);
  return lines->file >= 0;
}

/* The next line, without its end; what is longer than the buffer is cut. NULL: no more. */
static char *next_line(struct lines *lines) {
  for (;;) {
    char *start = lines->text + lines->begin, *newline = memchr(start, '\n', lines->end - lines->begin);
    if (newline) {
      *newline = 0;
      lines->begin = (size_t)(newline + 1 - lines->text);
      return start;
    }
    memmove(lines->text, start, lines->end - lines->begin);
    lines->end -= lines->begin;
    lines->begin = 0;
    if (lines->end == sizeof lines->text - 1) lines->end = 0;
    ssize_t n = read(lines->file, lines->text + lines->end, sizeof lines->text - 1 - lines->end);
    if (n <= 0) return NULL;
    lines->end += (size_t)n;
  }
}

static uint64_t hex(const char **text) {
  uint64_t value = 0;
  for (;; (*text)++) {
    unsigned digit = (unsigned char)**text;
    if (digit - '0' < 10) digit -= '0';
    else if ((digit | 32) - 'a' < 6) digit = (digit | 32) - 'a' + 10;
    else return value;
    value = value << 4 | digit;
  }
}

/* A path below /proc/self: the parts, and a number between them. */
static const char *path_of(char path[64], const char *before, uint32_t number, const char *after) {
  char digits[11], *digit = digits + sizeof digits;
  *--digit = 0;
  do *--digit = (char)('0' + number % 10);
  while (number /= 10);
  strcpy(path, "/proc/self/");
  strcat(path, before);
  strcat(path, digit);
  return strcat(path, after);
}

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
  static struct lines lines;
  uint64_t trace = 0;
  uintptr_t written = probe_writer ? (uintptr_t)probe_writer->records : 0, guard = 0;
  size_t found = 0;
  *count = 0;
  if (sysconf(_SC_PAGESIZE) != PROBE_PAGE) return NULL;
  if (!written || !open_lines(&lines, "/proc/self/maps")) return NULL;
  for (const char *line; (line = next_line(&lines));) {
    struct probe_region region = {0};
    region.start = hex(&line);
    if (*line++ != '-') break;
    region.end = hex(&line);
    if (strlen(line) < 6) break;
    bool can_read = line[1] == 'r', can_write = line[2] == 'w';
    region.is_shared = line[4] == 's';
    line += 6;
    hex(&line); /* its place in the file */
    line++;
    uint64_t device = hex(&line) << 8;
    line++;
    device |= hex(&line);
    line++;
    uint64_t node = 0;
    for (; (unsigned)*line - '0' < 10; line++) node = node * 10 + (uint64_t)(*line - '0');
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

/* ---- what the kernel keeps for the program ---- */

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
  static struct lines lines;
  char path[64];
  /* It may be closed by now. */
  if (!open_lines(&lines, path_of(path, "fdinfo/", (uint32_t)set, ""))) return true;
  bool is_all = true;
  for (const char *line; is_all && (line = next_line(&lines));) {
    const char *data = strncmp(line, "tfd:", 4) ? NULL : strstr(line, "data:");
    if (!data) continue;
    data += 5;
    while (*data == ' ') data++;
    is_all = *count < limit;
    if (is_all) into[(*count)++] = hex(&data);
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

/* ---- threads ---- */

uint32_t probe_gone_thread;
const void *probe_task_type;

/* How often it has begun to run; false: it runs, or cannot be looked at. */
static bool look_at_thread(struct probe_stand *stand) {
  static struct lines lines;
  char path[64];
  int found = 0;
  if (!open_lines(&lines, path_of(path, "task/", stand->tid, "/syscall"))) return false;
  const char *line = next_line(&lines);
  close(lines.file);
  /* Its number, six arguments, where its stack ends and what it runs. */
  if (!line || (unsigned)*line - '0' >= 10) return false;
  for (int i = 0; i < 7 && line; i++) {
    line = strchr(line, ' ');
    if (line) line++;
  }
  if (!line || line[0] != '0' || line[1] != 'x') return false;
  line += 2;
  stand->stack = hex(&line);
  if (!open_lines(&lines, path_of(path, "task/", stand->tid, "/status"))) return false;
  stand->turns = 0;
  while (found < 2 && (line = next_line(&lines))) {
    const char *number = strstr(line, "voluntary_ctxt_switches:");
    if (!number) continue;
    while (*number && (unsigned)*number - '0' >= 10) number++;
    uint64_t turns = 0;
    for (; (unsigned)*number - '0' < 10; number++) turns = turns * 10 + (uint64_t)(*number - '0');
    stand->turns += turns;
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
  int file = open(path_of(path, "task/", tid, "/comm"), O_RDONLY | O_CLOEXEC);
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
      uint32_t tid = 0;
      for (const char *c = entry->name; (unsigned)*c - '0' < 10; c++) tid = tid * 10 + (uint32_t)(*c - '0');
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
