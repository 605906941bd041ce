/* A program that records while its disk, its clock or the drain thread fail. Calls of the recorder that go to the
 * disk or read the clock come by here. DiskTests.swift says what has to come of it.
 *
 *   disk_driver LIBRARY count       records; fill: more than a small disk has room for
 *   disk_driver LIBRARY quota       the disk has no room, later it has again
 *   disk_driver LIBRARY hang        the disk does not answer, later it does again
 *   disk_driver LIBRARY hung        the disk does not answer any more
 *   disk_driver LIBRARY killed      the drain thread is killed by the kernel, alone
 *   disk_driver LIBRARY clock       the wall clock is set back, and forward
 *   disk_driver LIBRARY oom FILE    takes memory until the kernel kills it, or 512 MB; FILE gets the number of events
 *
 * Events are kind 22 with the number of a writer as subject, their own as object. Prints how many there were, the
 * longest time that one took in ms, and how often a thread other than the drain thread called the disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool (*start)(const char *);
static void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);

/* ---- the disk ---- */

static enum { HEALTHY, FULL, SILENT } disk; /* atomic */
static uint64_t calls_of_threads;           /* atomic */
static bool is_over;                        /* the program's own calls begin */

/* 0, or why the disk refuses. */
static int ask_disk(void) {
  char name[16] = "";
  prctl(PR_GET_NAME, name, 0, 0, 0);
  if (strcmp(name, "coroner-drain") && !__atomic_load_n(&is_over, __ATOMIC_ACQUIRE))
    __atomic_fetch_add(&calls_of_threads, 1, __ATOMIC_RELAXED);
  while (__atomic_load_n(&disk, __ATOMIC_ACQUIRE) == SILENT) usleep(1000);
  return __atomic_load_n(&disk, __ATOMIC_ACQUIRE) == FULL ? EDQUOT : 0;
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
  int error = ask_disk();
  if (error) return errno = error, -1;
  return syscall(SYS_pwrite64, file, bytes, size, offset);
}
int posix_fallocate(int file, off_t offset, off_t size) {
  int error = ask_disk();
  if (error) return error;
  return syscall(SYS_fallocate, file, 0, offset, size) ? errno : 0;
}

/* ---- the clock ---- */

static time_t step; /* atomic */
int clock_gettime(clockid_t clock, struct timespec *now) {
  if (syscall(SYS_clock_gettime, clock, now)) return -1;
  if (clock == CLOCK_REALTIME) now->tv_sec += __atomic_load_n(&step, __ATOMIC_RELAXED);
  return 0;
}
static double ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* ---- the program ---- */

enum { THREADS = 4 };
static uint64_t recorded; /* atomic */
static double longest;    /* of the first thread */

/* In bursts, with pauses in which a drain thread can follow. */
static void count(uint64_t writer, uint64_t from, uint64_t events) {
  for (uint64_t i = from; i < from + events; i++) {
    double before = writer ? 0 : ms();
    record(22, writer, i, 0, (uint32_t)i);
    if (!writer && ms() - before > longest) longest = ms() - before;
    if (i % 5000 == 4999) usleep(2000);
  }
  __atomic_fetch_add(&recorded, events, __ATOMIC_RELAXED);
}

static uint64_t share, first;
static void *count_share(void *writer) {
  count((uintptr_t)writer, first, share);
  return NULL;
}
/* So many events on several threads. */
static void count_all(uint64_t events) {
  static pthread_t handles[THREADS];
  first += share;
  share = events / THREADS;
  for (uintptr_t i = 1; i < THREADS; i++)
    if (pthread_create(&handles[i], NULL, count_share, (void *)i)) exit(9);
  count_share(NULL);
  for (int i = 1; i < THREADS; i++) pthread_join(handles[i], NULL);
}

/* The kernel ends the thread, and only that, which writes or allocates. */
static void forbid_disk(void) {
  struct sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fallocate, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof rules / sizeof *rules, rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program))
    exit(77); /* not permitted here */
}

static void set(int to) { __atomic_store_n(&disk, to, __ATOMIC_RELEASE); }

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  void *library = dlopen(argv[1], RTLD_NOW);
  if (!library) return fprintf(stderr, "%s\n", dlerror()), 2;
  *(void **)&start = dlsym(library, "coroner_start");
  *(void **)&record = dlsym(library, "coroner_record");
  if (!start("disk_driver")) return 3;
  calls_of_threads = 0; /* beginning a trace takes some */

  const char *mode = argv[2];
  if (!strcmp(mode, "count")) {
    count_all(800000);
  } else if (!strcmp(mode, "fill")) {
    count_all(8000000);
  } else if (!strcmp(mode, "quota") || !strcmp(mode, "hang")) {
    count_all(200000);
    set(*mode == 'q' ? FULL : SILENT);
    count_all(2000000);
    set(HEALTHY);
    usleep(300000);
    count(9, 0, 20000);
  } else if (!strcmp(mode, "hung")) {
    count_all(200000);
    set(SILENT);
    count_all(2000000);
  } else if (!strcmp(mode, "killed")) {
    count_all(200000);
    forbid_disk();
    count_all(2000000);
  } else if (!strcmp(mode, "clock")) {
    for (int i = 0; i < 3; i++) {
      count(0, (uint64_t)i * 10000, 10000);
      step = i ? 86400 : -86400;
      usleep(250000);
    }
  } else if (!strcmp(mode, "oom")) {
    int file = open(argv[3], O_RDWR);
    uint64_t *progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (progress == MAP_FAILED) return 4;
    /* The kernel may not hold its group to the limit: then the machine's memory is not ours to take. */
    for (uint64_t i = 0; i < 500 * 5000; i++) {
      record(22, 0, i, 0, (uint32_t)i);
      *progress = i + 1;
      if (i % 500 == 499) memset(malloc(100000), 1, 100000);
    }
  } else {
    return 2;
  }
  printf("%lu %.0f %lu\n", (unsigned long)recorded, longest, (unsigned long)calls_of_threads);
  fflush(stdout);
  is_over = true;
  return 0;
}
