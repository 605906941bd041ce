/* Loops that poll in a library of their own, such as uvloop with its copy of libuv: the library's calls of
 * epoll are directed here, by its table of imported functions. They come without the GIL. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpython_abi.h"

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

enum { OWN_LIMIT = 4096 };
/* Descriptors by which a loop wakes itself. */
static atomic_bool own[OWN_LIMIT];

void probe_own_descriptor(int descriptor) {
  if (descriptor >= 0 && descriptor < OWN_LIMIT) own[descriptor] = true;
}

static bool is_own(int descriptor) {
  if (descriptor >= 0 && descriptor < OWN_LIMIT && own[descriptor]) return true;
  char path[64], target[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length <= 0) return false;
  target[length] = 0;
  return strstr(target, "[eventfd]") != NULL;
}

/* The loop of the calling thread, 0 if none is recorded. */
static uint64_t this_loop(void) {
  int slot = probe_this_thread()->watched;
  return slot ? probe_watched_loop(slot) : 0;
}

static int poll_pwait(int epoll, struct epoll_event *events, int limit, int timeout,
                      const sigset_t *mask) {
  int slot = probe_this_thread()->watched;
  if (!slot) return epoll_pwait(epoll, events, limit, timeout, mask);
  uint64_t loop = probe_watched_loop(slot);
  if (timeout != 0) {
    probe_record(CORONER_LOOP_IDLE, loop, 0, 0, timeout < 0 ? UINT32_MAX : (uint32_t)timeout);
    probe_watch_mark(slot, false);
  }
  int ready = epoll_pwait(epoll, events, limit, timeout, mask);
  int error = errno;
  probe_watch_mark(slot, true);
  if (timeout != 0) probe_record(CORONER_LOOP_WAKE, loop, 0, 0, ready > 0 ? (uint32_t)ready : 0);
  errno = error;
  return ready;
}

static int poll_wait(int epoll, struct epoll_event *events, int limit, int timeout) {
  return poll_pwait(epoll, events, limit, timeout, NULL);
}

static void note(int descriptor, bool registered, uint32_t direction) {
  if (registered && probe_is_listening(descriptor)) direction |= CORONER_IO_LISTEN;
  if (registered && is_own(descriptor)) direction |= CORONER_IO_INTERNAL;
  probe_record(registered ? CORONER_IO_REGISTER : CORONER_IO_UNREGISTER, (uint64_t)descriptor,
               this_loop(), 0, direction);
}

static int poll_ctl(int epoll, int operation, int descriptor, struct epoll_event *event) {
  int result = epoll_ctl(epoll, operation, descriptor, event);
  int error = errno;
  if (result == 0) {
    uint32_t wanted = operation == EPOLL_CTL_DEL || !event ? 0 : event->events;
    if (wanted & EPOLLIN || operation != EPOLL_CTL_ADD)
      note(descriptor, wanted & EPOLLIN, CORONER_IO_READ);
    if (wanted & EPOLLOUT || operation != EPOLL_CTL_ADD)
      note(descriptor, wanted & EPOLLOUT, CORONER_IO_WRITE);
    if (operation == EPOLL_CTL_DEL && descriptor >= 0 && descriptor < OWN_LIMIT)
      own[descriptor] = false;
  }
  errno = error;
  return result;
}

/* libuv would hand its descriptors to the kernel through a ring in memory, past epoll_ctl, where the kernel
 * has such rings; otherwise it calls. */
static long call_kernel(long number, long a, long b, long c, long d, long e, long f) {
  if (number == SYS_io_uring_setup) {
    errno = ENOSYS;
    return -1;
  }
  if (number == SYS_close && a >= 0 && a < OWN_LIMIT) own[a] = false;
  return syscall(number, a, b, c, d, e, f);
}

/* The pipe by which a library's signal handlers wake its loop; what they can bring is recorded below. */
static int make_pipe(int ends[2], int flags) {
  int result = pipe2(ends, flags);
  if (result == 0 && flags & O_NONBLOCK) probe_own_descriptor(ends[0]);
  return result;
}

static int close_descriptor(int descriptor) {
  if (descriptor >= 0 && descriptor < OWN_LIMIT) own[descriptor] = false;
  return close(descriptor);
}

static int handle_signal(int number, const struct sigaction *new, struct sigaction *old) {
  int result = sigaction(number, new, old);
  int error = errno;
  if (result == 0 && new) {
    bool handles = new->sa_handler != SIG_DFL && new->sa_handler != SIG_IGN;
    probe_record(CORONER_SIGNAL_HANDLER, (uint64_t)number, 0, 0, handles);
  }
  errno = error;
  return result;
}

/* A name is looked up on a thread that the trace does not know: until it is found, something will come by
 * itself, as from a timer. */
static void lookup(const void *key, bool begins) {
  probe_record(begins ? CORONER_TIMER_ARM : CORONER_TIMER_CANCEL, (uint64_t)(uintptr_t)key, 0, 0,
               begins ? UINT32_MAX - 1 : 0);
}

static int look_up_address(const char *node, const char *service, const struct addrinfo *hints,
                           struct addrinfo **result) {
  lookup(&hints, true);
  int status = getaddrinfo(node, service, hints, result);
  lookup(&hints, false);
  return status;
}

static int look_up_name(const struct sockaddr *address, socklen_t size, char *host,
                        socklen_t host_size, char *service, socklen_t service_size, int flags) {
  lookup(&host, true);
  int status = getnameinfo(address, size, host, host_size, service, service_size, flags);
  lookup(&host, false);
  return status;
}

static const struct {
  const char *name;
  void *function;
  bool is_wait;
} replaced[] = {
    {"epoll_wait", (void *)poll_wait, true},
    {"epoll_pwait", (void *)poll_pwait, true},
    {"epoll_ctl", (void *)poll_ctl, false},
    {"syscall", (void *)call_kernel, false},
    {"pipe2", (void *)make_pipe, false},
    {"close", (void *)close_descriptor, false},
    {"sigaction", (void *)handle_signal, false},
    {"getaddrinfo", (void *)look_up_address, false},
    {"getnameinfo", (void *)look_up_name, false},
};

/* Writes a slot of a table that may have been made read-only after it was filled. */
static bool write_slot(void **slot, void *value, bool is_protected) {
  uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
  void *page = (void *)((uintptr_t)slot & ~(size - 1));
  if (is_protected && mprotect(page, size, PROT_READ | PROT_WRITE) != 0) return false;
  __atomic_store_n(slot, value, __ATOMIC_RELEASE);
  if (is_protected) mprotect(page, size, PROT_READ);
  return true;
}

struct search {
  uintptr_t inside;
  bool waits, controls;
};

/* In tables of the loader, addresses are absolute with glibc and relative with musl. */
static uintptr_t absolute(const struct dl_phdr_info *object, uintptr_t address) {
  return address < object->dlpi_addr ? address + object->dlpi_addr : address;
}

static void redirect(const struct dl_phdr_info *object, struct search *search,
                     const ElfW(Dyn) *dynamic, uintptr_t from, uintptr_t to) {
  const ElfW(Sym) *symbols = NULL;
  const char *names = NULL;
  const ElfW(Rela) *tables[2] = {NULL, NULL};
  size_t sizes[2] = {0, 0};
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    uintptr_t address = absolute(object, dynamic->d_un.d_ptr);
    switch (dynamic->d_tag) {
      case DT_SYMTAB: symbols = (const void *)address; break;
      case DT_STRTAB: names = (const void *)address; break;
      case DT_JMPREL: tables[0] = (const void *)address; break;
      case DT_PLTRELSZ: sizes[0] = dynamic->d_un.d_val; break;
      case DT_RELA: tables[1] = (const void *)address; break;
      case DT_RELASZ: sizes[1] = dynamic->d_un.d_val; break;
    }
  }
  if (!symbols || !names) return;
  for (int table = 0; table < 2; table++) {
    if (!tables[table]) continue;
    for (size_t i = 0; i < sizes[table] / sizeof(ElfW(Rela)); i++) {
      const ElfW(Rela) *entry = &tables[table][i];
      uint32_t symbol = (uint32_t)(entry->r_info >> 32);
      if (!symbol || symbols[symbol].st_shndx != SHN_UNDEF || entry->r_addend) continue;
      for (size_t k = 0; k < sizeof replaced / sizeof *replaced; k++) {
        if (strcmp(names + symbols[symbol].st_name, replaced[k].name) != 0) continue;
        uintptr_t slot = object->dlpi_addr + entry->r_offset;
        if (!write_slot((void **)slot, replaced[k].function, slot >= from && slot < to)) continue;
        if (replaced[k].is_wait) search->waits = true;
        if (replaced[k].function == (void *)poll_ctl) search->controls = true;
      }
    }
  }
}

static int visit(struct dl_phdr_info *object, size_t size, void *data) {
  (void)size;
  struct search *search = data;
  const ElfW(Dyn) *dynamic = NULL;
  bool is_it = false;
  uintptr_t from = 0, to = 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    uintptr_t begin = object->dlpi_addr + part->p_vaddr, end = begin + part->p_memsz;
    if (part->p_type == PT_LOAD && search->inside >= begin && search->inside < end) is_it = true;
    if (part->p_type == PT_DYNAMIC) dynamic = (const void *)begin;
    if (part->p_type == PT_GNU_RELRO) from = begin, to = end;
  }
  if (!is_it) return 0;
  if (dynamic) redirect(object, search, dynamic, from, to);
  return 1;
}

bool probe_hook_polling(const void *inside) {
#if defined(__x86_64__) || defined(__aarch64__)
  struct search search = {.inside = (uintptr_t)inside};
  dl_iterate_phdr(visit, &search);
  return search.waits && search.controls;
#else
  return false;
#endif
}
