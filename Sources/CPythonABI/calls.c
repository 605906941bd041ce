/* In which call of the kernel a thread is blocked, by /proc. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

/* What a small file under /proc says. */
static bool read_text(const char *path, char *into, size_t size) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  ssize_t length = read(file, into, size - 1);
  close(file);
  if (length <= 0) return false;
  into[length] = 0;
  return true;
}

#ifdef SYS_poll
/* The call of a poll of one descriptor by this process. */
static void look_at_poll(const unsigned long a[6], struct probe_call *call) {
  struct pollfd one = {-1, 0, 0};
  struct iovec here = {&one, sizeof one}, there = {(void *)a[0], sizeof one};
  /* The thread may go on meanwhile, and its stack away. */
  if (a[1] != 1 || (int)a[2] >= 0 ||
      process_vm_readv(getpid(), &here, 1, &there, 1, 0) != sizeof one)
    return;
  call->object = one.fd;
  call->kind = one.events & POLLIN ? PROBE_CALL_READ : PROBE_CALL_WRITE;
}
#endif

static struct probe_call call_of(long number, const unsigned long a[6], bool is_own) {
  struct probe_call call = {PROBE_CALL_OTHER, (int)a[0]};
  switch (number) {
  case SYS_read:
  case SYS_readv:
  case SYS_recvfrom:
  case SYS_recvmsg: call.kind = PROBE_CALL_READ; break;
  case SYS_write:
  case SYS_writev:
  case SYS_sendto:
  case SYS_sendmsg: call.kind = PROBE_CALL_WRITE; break;
  case SYS_connect: call.kind = PROBE_CALL_CONNECT; break;
  case SYS_wait4:
    if (!((int)a[2] & WNOHANG)) call.kind = PROBE_CALL_CHILD;
    break;
  case SYS_waitid:
    call.object = (int)a[0] == P_PID ? (int)a[1] : -1;
    if (!((int)a[3] & WNOHANG) && (int)a[0] != P_PIDFD) call.kind = PROBE_CALL_CHILD;
    break;
  case SYS_futex:
    if (!a[3]) call.kind = PROBE_CALL_FUTEX;
    break;
#ifdef SYS_poll
  case SYS_poll:
    if (is_own) look_at_poll(a, &call);
    break;
#endif
  default: break;
  }
  (void)is_own;
  return call;
}

struct probe_call probe_call_of(long process, long thread) {
  char path[64], text[256];
  unsigned long a[6];
  long number;
  if (process == 0) process = getpid();
  snprintf(path, sizeof path, "/proc/%ld/task/%ld/syscall", process, thread);
  if (!read_text(path, text, sizeof text) ||
      sscanf(text, "%ld %lx %lx %lx %lx %lx %lx", &number, &a[0], &a[1], &a[2], &a[3], &a[4],
             &a[5]) != 7)
    return (struct probe_call){PROBE_CALL_OTHER, -1};
  return call_of(number, a, process == getpid());
}

bool probe_is_polling(long thread) {
  char path[64], text[64];
  snprintf(path, sizeof path, "/proc/self/task/%ld/syscall", thread);
  if (!read_text(path, text, sizeof text)) return true;
  long number = strtol(text, NULL, 10);
#ifdef SYS_epoll_wait
  if (number == SYS_epoll_wait) return true;
#endif
  return number == SYS_epoll_pwait || number == SYS_epoll_pwait2;
}

uint64_t probe_work_of(uint64_t tid) {
  /* As the kernel numbers the clock of a thread's work. */
  struct timespec work;
  if (tid == 0 || clock_gettime((clockid_t)(~(uint32_t)tid << 3 | 6), &work) != 0) return 0;
  return (uint64_t)work.tv_sec * 1000000000u + (uint64_t)work.tv_nsec;
}

bool probe_is_recorder(long process, long thread) {
  char path[64], text[64];
  snprintf(path, sizeof path, "/proc/%ld/task/%ld/comm", process, thread);
  return read_text(path, text, sizeof text) && strncmp(text, "coroner-", 8) == 0;
}

static uint64_t turns_of(long thread) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/self/task/%ld/status", thread);
  if (!read_text(path, text, sizeof text)) return 0;
  unsigned long own = 0, taken = 0;
  const char *line = strstr(text, "\nvoluntary_ctxt_switches:");
  if (line) sscanf(line + 1, "voluntary_ctxt_switches: %lu nonvoluntary_ctxt_switches: %lu", &own, &taken);
  return own + taken;
}

uint64_t probe_turns(void) {
  enum { LIMIT = 64 };
  static uint64_t calls;
  DIR *folder = opendir("/proc/self/task");
  if (!folder) return ++calls;
  uint64_t sum = 0;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(folder)) && count <= LIMIT;) {
    long thread = atol(entry->d_name);
    if (thread <= 0 || probe_is_recorder(getpid(), thread)) continue;
    count++;
    sum += turns_of(thread) * 31 + (uint64_t)thread;
  }
  closedir(folder);
  return count > LIMIT ? ++calls : sum;
}

bool probe_command(long process, char *into, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/comm", process);
  if (!read_text(path, into, size)) return false;
  into[strcspn(into, "\n")] = 0;
  return true;
}
