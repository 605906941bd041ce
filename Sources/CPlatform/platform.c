#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older kernels refuse it and the pages come one by one */
#endif

/* ---- the calling thread ---- */

_Thread_local struct platform_thread platform_thread_storage
    __attribute__((tls_model("initial-exec")));

static pthread_key_t end_key;
static void (*thread_end_function)(void);
static pthread_t spawned;
static int spawned_id; /* atomic: as the kernel counts it, 0 until it runs */

uint64_t platform_thread_id(void) { return (uint64_t)syscall(SYS_gettid); }
uint32_t platform_process_id(void) { return (uint32_t)getpid(); }
uint32_t platform_parent_id(void) { return (uint32_t)getppid(); }

/* The parent of a process: the second field after the name, which is in parentheses and may hold any. */
static uint32_t parent_of(uint32_t process) {
  char path[32], text[512];
  snprintf(path, sizeof path, "/proc/%u/stat", process);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t n = read(file, text, sizeof text - 1);
  close(file);
  if (n <= 0) return 0;
  text[n] = 0;
  const char *after_name = strrchr(text, ')');
  unsigned parent = 0;
  if (!after_name || sscanf(after_name + 1, " %*c %u", &parent) != 1) return 0;
  return parent;
}

bool platform_is_ancestor(uint32_t process) {
  uint32_t ancestor = (uint32_t)getppid();
  for (int depth = 0; depth < 64 && ancestor > 1; depth++) {
    if (ancestor == process) return true;
    ancestor = parent_of(ancestor);
  }
  return false;
}

void platform_thread_name(char name[16]) {
  memset(name, 0, 16);
  prctl(PR_GET_NAME, name, 0, 0, 0);
  name[15] = 0;
}

static void run_thread_end(void *unused) {
  (void)unused;
  thread_end_function();
}

void platform_watch_thread_end(void) { pthread_setspecific(end_key, &end_key); }

struct start {
  void (*body)(void);
  char name[16];
};
static struct start starting; /* read by the one thread that platform_spawn starts */

static void *run_body(void *argument) {
  struct start *start = argument;
  __atomic_store_n(&spawned_id, (int)syscall(SYS_gettid), __ATOMIC_RELEASE);
  prctl(PR_SET_NAME, start->name, 0, 0, 0);
  start->body();
  return NULL;
}

int platform_spawn(const char *name, void (*body)(void)) {
  starting.body = body;
  strncpy(starting.name, name, sizeof starting.name - 1);
  sigset_t all, before;
  sigfillset(&all);
  sigdelset(&all, SIGBUS); /* a fault that is blocked ends the process: see platform_survive_cuts */
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error) return error;
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  error = pthread_create(&spawned, &attributes, run_body, &starting);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

/* The kernel counts a thread for a moment longer than it can be joined. */
void platform_join(void) {
  pthread_join(spawned, NULL);
  int id = __atomic_exchange_n(&spawned_id, 0, __ATOMIC_ACQUIRE);
  const struct timespec moment = {0, 20000};
  for (int i = 0; i < 1000 && syscall(SYS_tgkill, getpid(), id, 0) == 0; i++) nanosleep(&moment, NULL);
}

bool platform_is_spawned_alive(void) {
  int id = __atomic_load_n(&spawned_id, __ATOMIC_ACQUIRE);
  return id == 0 || syscall(SYS_tgkill, getpid(), id, 0) == 0;
}

int platform_defer_cancel(void) {
  int before;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  return before;
}
void platform_allow_cancel(int before) { pthread_setcancelstate(before, &before); }

/* ---- the clock ---- */

struct platform_clock platform_clock = {0, 0, 1000000000u, false};

static uint64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
uint64_t platform_monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }
uint64_t platform_wall_ns(void) { return clock_ns(CLOCK_REALTIME); }

/* The counter is usable when the processor says that its rate is constant (CPUID 80000007h, EDX bit 8)
 * and the kernel, which watches it for differences between processors, uses it as well. */
static bool tsc_is_usable(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (!__get_cpuid(0x80000007u, &a, &b, &c, &d) || !(d & (1u << 8))) return false;
  int file = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                  O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char source[4] = {0};
  ssize_t n = read(file, source, sizeof source);
  close(file);
  return n == 4 && memcmp(source, "tsc\n", 4) == 0;
#else
  return false;
#endif
}

void platform_read_clocks(uint64_t *ticks, uint64_t *monotonic_ns) {
  /* The pair whose two readings lie closest together, of a few: the thread may lose its processor. */
  uint64_t best = UINT64_MAX;
  for (int i = 0; i < 4; i++) {
    uint64_t before = platform_raw_ticks();
    uint64_t now = platform_monotonic_ns();
    uint64_t after = platform_raw_ticks();
    if (after - before < best) {
      best = after - before;
      *ticks = before + best / 2 - platform_clock.start;
      *monotonic_ns = now;
    }
  }
}

void platform_start_clock(void) {
  static bool chosen;
  if (!chosen) {
    chosen = true;
    platform_clock.is_tsc = tsc_is_usable();
    if (platform_clock.is_tsc) {
      uint64_t tick0, tick1, ns0, ns1;
      platform_read_clocks(&tick0, &ns0);
      while (platform_monotonic_ns() - ns0 < 300000) {}
      platform_read_clocks(&tick1, &ns1);
      platform_clock.ticks_per_second =
          (uint64_t)((double)(tick1 - tick0) * 1e9 / (double)(ns1 - ns0));
    }
  }
  platform_clock.start = 0;
  uint64_t ticks = 0, ns = 0;
  platform_read_clocks(&ticks, &ns);
  platform_clock.start = ticks;
  platform_clock.start_ns = ns;
}

/* ---- locks ---- */

enum { LOCKS = 3 };
static pthread_mutex_t locks[LOCKS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
                                       PTHREAD_MUTEX_INITIALIZER};
static pthread_cond_t work, room;

void platform_lock(int lock) { pthread_mutex_lock(&locks[lock]); }
void platform_unlock(int lock) { pthread_mutex_unlock(&locks[lock]); }

static void make_conditions(void) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&work, &attributes);
  pthread_cond_init(&room, &attributes);
  pthread_condattr_destroy(&attributes);
}

static void wait_for(pthread_cond_t *condition, uint32_t ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += ms / 1000;
  until.tv_nsec += (long)(ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_sec++;
    until.tv_nsec -= 1000000000;
  }
  pthread_cond_timedwait(condition, &locks[PLATFORM_POOL], &until);
}
void platform_wait(uint32_t ms) { wait_for(&work, ms); }
void platform_wake(void) { pthread_cond_signal(&work); }
void platform_wait_for_room(uint32_t ms) { wait_for(&room, ms); }
void platform_announce_room(bool to_all) {
  if (to_all) pthread_cond_broadcast(&room);
  else pthread_cond_signal(&room);
}

/* ---- memory and files ---- */

void *platform_reserve(size_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? NULL : p;
}
void platform_unmap(void *address, size_t size) { munmap(address, size); }

int platform_open_trace(const char *path, int *descriptor, uint32_t *owner) {
  *owner = 0;
  /* O_NONBLOCK: do not wait for the other end of a named pipe, which is refused below. */
  int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
  if (file < 0) return errno;
  struct stat status;
  int error = 0;
  if (fstat(file, &status) != 0) {
    error = errno;
  } else if (!S_ISREG(status.st_mode)) {
    error = EINVAL;
  } else if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    /* Emptying a file under another recorder's mapping would kill that process with SIGBUS. */
    error = EBUSY;
    if (pread(file, owner, sizeof *owner, 20) != sizeof *owner) *owner = 0;
  } else if (ftruncate(file, 0) != 0 || fchmod(file, 0600) != 0) {
    error = errno;
  }
  if (error) {
    close(file);
    return error;
  }
  *descriptor = file;
  return 0;
}
void platform_close(int descriptor) { close(descriptor); }

/* Beyond the process's own limit a write would kill it with SIGXFSZ. */
static bool is_beyond_limit(uint64_t end) {
  struct rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
         end > limit.rlim_cur;
}

int platform_allocate(int descriptor, uint64_t offset, uint64_t size) {
  if (is_beyond_limit(offset + size)) return EFBIG;
  int error;
  do {
    error = posix_fallocate(descriptor, (off_t)offset, (off_t)size);
  } while (error == EINTR);
  return error;
}

/* Where the file has been mapped: its header, the hot sections, the window. A handler reads it: entries are only added. */
enum { MAPPINGS = 96 };
static struct { uintptr_t start, end; } mappings[MAPPINGS];
static int mapping_count; /* atomic; written by one thread at a time */

static void note_mapping(void *start, size_t size) {
  int count = __atomic_load_n(&mapping_count, __ATOMIC_RELAXED);
  if (count == MAPPINGS) return;
  mappings[count].start = (uintptr_t)start;
  mappings[count].end = (uintptr_t)start + size;
  __atomic_store_n(&mapping_count, count + 1, __ATOMIC_RELEASE); /* after the entry */
}

static struct sigaction bus_before;

static bool replace_page(uintptr_t address) {
  int count = __atomic_load_n(&mapping_count, __ATOMIC_ACQUIRE);
  for (int i = 0; i < count; i++) {
    if (address < mappings[i].start || address >= mappings[i].end) continue;
    void *page = (void *)(address & ~(uintptr_t)4095);
    return mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page;
  }
  return false;
}

static void handle_bus(int signal, siginfo_t *information, void *context) {
  int error = errno;
  bool isOurs = information->si_code == BUS_ADRERR && replace_page((uintptr_t)information->si_addr);
  errno = error;
  if (isOurs) return;
  if (bus_before.sa_flags & SA_SIGINFO) {
    bus_before.sa_sigaction(signal, information, context);
  } else if (bus_before.sa_handler != SIG_DFL && bus_before.sa_handler != SIG_IGN) {
    bus_before.sa_handler(signal);
  } else {
    /* As if this had never been here: the fault comes again, a signal that was sent is sent again. */
    sigaction(SIGBUS, &bus_before, NULL);
    if (information->si_code <= 0) raise(signal);
  }
}

void platform_survive_cuts(void) {
  static bool done;
  if (done) return;
  done = true;
  struct sigaction action = {.sa_sigaction = handle_bus, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, NULL, &bus_before) == 0) sigaction(SIGBUS, &action, NULL);
}

bool platform_is_gone(int descriptor, uint64_t size) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && (status.st_nlink == 0 || (uint64_t)status.st_size < size);
}

void *platform_map(int descriptor, uint64_t offset, uint64_t size) {
  void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, (off_t)offset);
  if (p == MAP_FAILED) return NULL;
  note_mapping(p, size);
  madvise(p, size, MADV_POPULATE_WRITE);
  return p;
}

void *platform_reserve_mapping(uint64_t size) {
  void *p = platform_reserve(size);
  if (p) note_mapping(p, size);
  return p;
}

bool platform_remap(void *address, int descriptor, uint64_t offset, uint64_t size) {
  int flags = MAP_SHARED | MAP_FIXED;
  if (mmap(address, size, PROT_READ | PROT_WRITE, flags, descriptor, (off_t)offset) != address) return false;
  madvise(address, size, MADV_POPULATE_WRITE);
  return true;
}

void platform_detach(void *address, size_t size) {
  mmap(address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
       -1, 0);
}

int platform_write(int descriptor, const void *bytes, uint64_t size, uint64_t offset) {
  if (is_beyond_limit(offset + size)) return EFBIG;
  const char *p = bytes;
  while (size > 0) {
    ssize_t n = pwrite(descriptor, p, size, (off_t)offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return ENOSPC;
    p += n;
    offset += (uint64_t)n;
    size -= (uint64_t)n;
  }
  return 0;
}
int platform_truncate(int descriptor, uint64_t size) {
  return ftruncate(descriptor, (off_t)size) == 0 ? 0 : errno;
}
void platform_punch(int descriptor, uint64_t offset, uint64_t size) {
  fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size);
}

/* ---- the process ---- */

const char *platform_setting(const char *name) {
  const char *value = getenv(name);
  return value && *value ? value : NULL;
}
bool platform_is_privileged(void) { return getauxval(AT_SECURE) != 0; }
const char *platform_program_name(void) { return program_invocation_short_name; }

void platform_complain(const char *what, const char *detail, const char *what2, int error) {
  char line[4096 + 256], reason[128];
  int n = snprintf(line, sizeof line - 1, "coroner: %s%s%s%s%s", what, detail, what2,
                   error ? ": " : "", error ? strerror_r(error, reason, sizeof reason) : "");
  if (n < 0) return;
  if ((size_t)n > sizeof line - 2) n = sizeof line - 2;
  for (int i = 0; i < n; i++) {
    if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) line[i] = '?'; /* a path may hold anything */
  }
  line[n] = '\n';
  ssize_t written = write(STDERR_FILENO, line, (size_t)n + 1);
  (void)written;
}

static void (*child_function)(void);
/* A thread that forks holds all locks meanwhile, so that the child finds nothing half done. */
static void before_fork(void) {
  for (int i = 0; i < LOCKS; i++) platform_lock(i);
}
static void after_fork(void) {
  for (int i = LOCKS - 1; i >= 0; i--) platform_unlock(i);
}
static void after_fork_in_child(void) {
  after_fork();
  make_conditions(); /* the drain thread that waited on it is not here */
  child_function();
}

void platform_start_once(void (*thread_end)(void), void (*process_end)(void), void (*child)(void)) {
  thread_end_function = thread_end;
  child_function = child;
  make_conditions();
  pthread_key_create(&end_key, run_thread_end);
  pthread_atfork(before_fork, after_fork, after_fork_in_child);
  atexit(process_end);
}
