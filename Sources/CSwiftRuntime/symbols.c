#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "swift_runtime.h"

/* A file that is loaded so far from where its headers say. */
static bool visit_all(const char *file, size_t size, uintptr_t bias, probe_visit visit, void *argument) {
  const ElfW(Ehdr) *header = (const void *)file;
  if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
      header->e_shentsize != sizeof(ElfW(Shdr)) || header->e_shoff > size ||
      header->e_shnum > (size - header->e_shoff) / sizeof(ElfW(Shdr)))
    return false;
  const ElfW(Shdr) *sections = (const void *)(file + header->e_shoff);
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
      struct probe_symbol found = {file + names->sh_offset + symbol->st_name, symbol->st_value + bias,
                                   symbol->st_size, (symbol->st_info & 0xf) == STT_FUNC};
      visit(&found, argument);
    }
  }
  return true;
}

bool probe_symbols(const void *code, probe_visit visit, void *argument) {
  Dl_info info;
  struct link_map *map = NULL;
  if (!dladdr1(code, &info, (void **)&map, RTLD_DL_LINKMAP) || !map || !info.dli_fname) return false;
  int file = open(info.dli_fname, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool is_read = false;
  struct stat status;
  if (fstat(file, &status) == 0 && status.st_size > 0) {
    size_t size = (size_t)status.st_size;
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes != MAP_FAILED) {
      is_read = visit_all(bytes, size, map->l_addr, visit, argument);
      munmap(bytes, size);
    }
  }
  close(file);
  return is_read;
}
