/* The calling thread, locks, and the process as a whole. */
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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

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

uint64_t platform_times_waited(void) {
  struct rusage used;
  return getrusage(RUSAGE_THREAD, &used) == 0 ? (uint64_t)used.ru_nvcsw : 0;
}

int platform_defer_cancel(void) {
  int before;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  return before;
}
void platform_allow_cancel(int before) { pthread_setcancelstate(before, &before); }

/* ---- locks ---- */

enum { LOCKS = 3 };
static pthread_mutex_t locks[LOCKS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
                                       PTHREAD_MUTEX_INITIALIZER};
static pthread_cond_t work_condition, room_condition;

/* What to signal when PLATFORM_POOL, which guards it, is given up. */
struct signals {
  bool work, room, all_rooms;
};
static struct signals signals;

static struct signals take_signals(void) {
  struct signals taken = signals;
  signals = (struct signals){0};
  return taken;
}
static void send(struct signals taken) {
  if (taken.work) pthread_cond_signal(&work_condition);
  if (taken.all_rooms) pthread_cond_broadcast(&room_condition);
  else if (taken.room) pthread_cond_signal(&room_condition);
}

void platform_lock(int lock) { pthread_mutex_lock(&locks[lock]); }
void platform_unlock(int lock) {
  struct signals taken = {0};
  if (lock == PLATFORM_POOL) taken = take_signals();
  pthread_mutex_unlock(&locks[lock]);
  send(taken);
}

static void make_conditions(void) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&work_condition, &attributes);
  pthread_cond_init(&room_condition, &attributes);
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
  send(take_signals());
  pthread_cond_timedwait(condition, &locks[PLATFORM_POOL], &until);
}
void platform_wait(uint32_t ms) { wait_for(&work_condition, ms); }
void platform_wake(void) { signals.work = true; }
void platform_wait_for_room(uint32_t ms) { wait_for(&room_condition, ms); }
void platform_announce_room(bool to_all) {
  signals.room = true;
  if (to_all) signals.all_rooms = true;
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
