#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

static uint32_t look_at_symbol(const char *name, uintptr_t offset, uintptr_t size) {
  for (uint32_t i = 0; i < FUNCTION_COUNT; i++) {
    size_t length = strlen(functions[i].prefix);
    if (strncmp(name, functions[i].prefix, length) || (functions[i].is_whole && name[length])) continue;
    for (uintptr_t at = offset; at < offset + size; at += PROBE_LANDMARK_GRAIN)
      if (at < probe_landmarks.size)
        probe_landmarks.kinds[at / PROBE_LANDMARK_GRAIN] = (uint8_t)functions[i].kind;
    return 1u << i;
  }
  return 0;
}

/* What is called by its address elsewhere. */
static void look_at_name(const char *name, uintptr_t address) {
  if (!strcmp(name, "$ss25CheckedContinuationCanaryCN")) probe_canary_type = (const void *)address;
  if (!strcmp(name, "$ss25CheckedContinuationCanaryCfD")) probe_canary_end = (const void *)address;
}

/* `code`: the address of the library's code in its file's terms. */
static uint32_t look_at_symbols(const char *file, size_t size, uintptr_t code) {
  const ElfW(Ehdr) *header = (const void *)file;
  if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
      header->e_shentsize != sizeof(ElfW(Shdr)) || header->e_shoff > size ||
      header->e_shnum > (size - header->e_shoff) / sizeof(ElfW(Shdr)))
    return 0;
  const ElfW(Shdr) *sections = (const void *)(file + header->e_shoff);
  uint32_t found = 0;
  for (size_t i = 0; i < header->e_shnum; i++) {
    const ElfW(Shdr) *table = &sections[i];
    if ((table->sh_type != SHT_SYMTAB && table->sh_type != SHT_DYNSYM) || table->sh_offset > size ||
        table->sh_size > size - table->sh_offset || table->sh_link >= header->e_shnum)
      continue;
    const ElfW(Shdr) *names = &sections[table->sh_link];
    if (names->sh_offset > size || names->sh_size > size - names->sh_offset || !names->sh_size ||
        file[names->sh_offset + names->sh_size - 1])
      continue;
    const ElfW(Sym) *symbols = (const void *)(file + table->sh_offset);
    for (size_t k = 0; k < table->sh_size / sizeof *symbols; k++) {
      const ElfW(Sym) *symbol = &symbols[k];
      if (symbol->st_name >= names->sh_size || !symbol->st_value) continue;
      look_at_name(file + names->sh_offset + symbol->st_name,
                   symbol->st_value + probe_landmarks.start - code);
      if ((symbol->st_info & 0xf) != STT_FUNC || symbol->st_value < code) continue;
      found |= look_at_symbol(file + names->sh_offset + symbol->st_name, symbol->st_value - code,
                              symbol->st_size);
    }
  }
  return found;
}

static int find_code(struct dl_phdr_info *info, size_t size, void *argument) {
  (void)size;
  uintptr_t pc = *(const uintptr_t *)argument;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + segment->p_vaddr;
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || pc - start >= segment->p_memsz)
      continue;
    uintptr_t limit = (uintptr_t)PROBE_LANDMARK_COUNT * PROBE_LANDMARK_GRAIN;
    probe_landmarks.start = start;
    probe_landmarks.size = segment->p_memsz < limit ? segment->p_memsz : limit;
    *(uintptr_t *)argument = segment->p_vaddr;
    return 1;
  }
  return 0;
}

void probe_landmarks_find(const void *code) {
  uintptr_t place = (uintptr_t)code;
  Dl_info info;
  if (!dladdr(code, &info) || !info.dli_fname || !dl_iterate_phdr(find_code, &place)) return;
  memset(probe_landmarks.kinds, PROBE_RUNTIME, sizeof probe_landmarks.kinds);
  int file = open(info.dli_fname, O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  struct stat status;
  if (fstat(file, &status) == 0 && status.st_size > 0) {
    size_t size = (size_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes != MAP_FAILED) {
      uint32_t found = look_at_symbols(bytes, size, place);
      probe_landmarks.is_complete = found == (1u << FUNCTION_COUNT) - 1;
      munmap(bytes, size);
    }
  }
  close(file);
}
