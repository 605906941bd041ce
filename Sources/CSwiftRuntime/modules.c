#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include "swift_runtime.h"

uint32_t probe_unloads;

/* A file of which code is loaded. */
struct module {
  uintptr_t base; /* what is added to the addresses in its headers */
  const char *path;
  const ElfW(Phdr) *headers;
  size_t header_count;
};

static char program_path[4096];
static uintptr_t own_start, own_end;

/* ---- finding a module ---- */

#ifdef DLFO_EH_SEGMENT_TYPE
typedef int (*find_object_function)(void *, struct dl_find_object *);
static find_object_function find_object; /* from glibc 2.35: takes no lock */

static bool find_without_lock(const void *pc, struct module *module) {
  struct dl_find_object found;
  if (find_object((void *)pc, &found) || !found.dlfo_link_map) return false;
  const ElfW(Ehdr) *header = found.dlfo_map_start;
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_phentsize != sizeof(ElfW(Phdr)) ||
      header->e_phoff + header->e_phnum * sizeof(ElfW(Phdr)) > 4096)
    return false;
  module->base = found.dlfo_link_map->l_addr;
  module->path = found.dlfo_link_map->l_name;
  module->headers = (const void *)((const char *)header + header->e_phoff);
  module->header_count = header->e_phnum;
  return true;
}
#endif

struct search {
  uintptr_t pc;
  struct module *module;
};

static int look_at_module(struct dl_phdr_info *info, size_t size, void *argument) {
  (void)size;
  struct search *search = argument;
  for (size_t i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &info->dlpi_phdr[i];
    if (header->p_type != PT_LOAD || search->pc - info->dlpi_addr - header->p_vaddr >= header->p_memsz)
      continue;
    *search->module =
        (struct module){info->dlpi_addr, info->dlpi_name, info->dlpi_phdr, info->dlpi_phnum};
    return 1;
  }
  return 0;
}

static bool find_module(const void *pc, struct module *module) {
#ifdef DLFO_EH_SEGMENT_TYPE
  if (find_object) return find_without_lock(pc, module);
#endif
  struct search search = {(uintptr_t)pc, module};
  return dl_iterate_phdr(look_at_module, &search) != 0;
}

/* ---- its build id ---- */

static size_t build_id(const struct module *module, const void **id) {
  for (size_t i = 0; i < module->header_count; i++) {
    const ElfW(Phdr) *header = &module->headers[i];
    if (header->p_type != PT_NOTE) continue;
    const char *at = (const char *)module->base + header->p_vaddr, *end = at + header->p_memsz;
    while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
      const ElfW(Nhdr) *note = (const void *)at;
      size_t name = (note->n_namesz + 3) & ~3ul, text = (note->n_descsz + 3) & ~3ul;
      at += sizeof *note;
      if (name > (size_t)(end - at) || text > (size_t)(end - at) - name) break;
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && !memcmp(at, "GNU", 4)) {
        *id = at + name;
        return note->n_descsz;
      }
      at += name + text;
    }
  }
  return 0;
}

/* ---- pointers to async functions ---- */

/* A word of data that says how far off the function is, and how large its context. */
struct async_pointer {
  int32_t offset;
  uint32_t context_size;
};
#define CONTEXT_LIMIT (1u << 20)

/* Whether an address lies in a segment of the file, of code or of something else. */
static bool is_in(const struct module *module, uintptr_t address, size_t size, bool code) {
  for (size_t i = 0; i < module->header_count; i++) {
    const ElfW(Phdr) *header = &module->headers[i];
    uintptr_t offset = address - module->base - header->p_vaddr;
    if (header->p_type == PT_LOAD && ((header->p_flags & PF_X) != 0) == code &&
        (header->p_flags & PF_R) && offset < header->p_memsz)
      return header->p_memsz - offset >= size;
  }
  return false;
}

const void *probe_async_function(const void *pointer, const void *code) {
  struct module module;
  uintptr_t place = (uintptr_t)pointer;
  if (place % _Alignof(struct async_pointer) || !find_module(code, &module) ||
      !is_in(&module, place, sizeof(struct async_pointer), false))
    return NULL;
  const struct async_pointer *async = pointer;
  uintptr_t function = place + (uintptr_t)(intptr_t)async->offset;
  bool is_sound = async->context_size && async->context_size < CONTEXT_LIMIT &&
                  is_in(&module, function, 1, true);
  return is_sound ? (const void *)function : NULL;
}

const void *probe_function_beside(const void *pointer, const void *code) {
  struct module module;
  return find_module(code, &module) && is_in(&module, (uintptr_t)pointer, 1, true) ? pointer : NULL;
}

/* ---- what the others use ---- */

uint32_t probe_define_code(const void *pc, uint32_t flags) {
  struct module module;
  if (!find_module(pc, &module)) return 0;
  const void *id = NULL;
  size_t length = build_id(&module, &id);
  if (length > CORONER_BUILD_ID_LIMIT) length = CORONER_BUILD_ID_LIMIT;
  /* Only the program itself has no name. */
  const char *path = module.path && *module.path ? module.path : program_path;
  uint32_t number = probe_define_module(path, id, length);
  return number ? probe_define_address(number, (uintptr_t)pc - module.base, flags) : 0;
}

bool probe_is_own_code(const void *pc) {
  return (uintptr_t)pc - own_start < own_end - own_start;
}

void probe_modules_start(void) {
  ssize_t length = readlink("/proc/self/exe", program_path, sizeof program_path - 1);
  program_path[length > 0 ? length : 0] = 0;
#ifdef DLFO_EH_SEGMENT_TYPE
  find_object = (find_object_function)dlsym(RTLD_DEFAULT, "_dl_find_object");
#endif
  struct module own;
  if (!find_module((void *)probe_modules_start, &own)) return;
  own_start = UINTPTR_MAX;
  for (size_t i = 0; i < own.header_count; i++) {
    const ElfW(Phdr) *header = &own.headers[i];
    if (header->p_type != PT_LOAD) continue;
    if (own.base + header->p_vaddr < own_start) own_start = own.base + header->p_vaddr;
    if (own.base + header->p_vaddr + header->p_memsz > own_end)
      own_end = own.base + header->p_vaddr + header->p_memsz;
  }
}

/* ---- unloading ---- */

__attribute__((visibility("default"))) int dlclose(void *handle) {
  static int (*next)(void *);
  if (!next) next = (int (*)(void *))dlsym(RTLD_NEXT, "dlclose");
  int result = next(handle);
  if (probe_is_on) __atomic_add_fetch(&probe_unloads, 1, __ATOMIC_RELEASE);
  return result;
}
