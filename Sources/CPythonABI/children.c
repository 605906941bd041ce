/* Which children of this process wait for what only this process can do: read what they write into a pipe or
 * socket, or write what they read. Asked by /proc; what cannot be read proves nothing. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "recorder_link.h"

/* Beyond these nothing is said. */
enum { PROCESS_LIMIT = 64, THREAD_LIMIT = 64, WANT_LIMIT = 4, END_LIMIT = 2048, OWN_LIMIT = 1024 };

/* One end of a pipe or socket that a process has. */
struct end {
  int process;     /* among the descendants, -1: this one */
  int descriptor;
  bool is_socket, reads, writes;
  uint64_t inode;
  uint64_t other;  /* of a socket: the inode of its other end, 0 unknown */
};

struct descendant {
  int number;
  int parent;      /* among the descendants, -1: this process */
  bool goes_on;    /* it may do something by itself, or wait for others than this process */
  bool waits_for_children;
  int want_count;
  struct { int descriptor; bool reads; } wants[WANT_LIMIT];
};

struct family {
  struct descendant all[PROCESS_LIMIT];
  int count;
  struct end ends[END_LIMIT];
  int end_count;
  int netlink;
  bool is_complete;
};

/* Calls `body` with the numbers that a folder under /proc lists; false if it cannot be read. */
static bool each_number(const char *path, struct family *family, int who,
                        void (*body)(struct family *, int, int)) {
  DIR *folder = opendir(path);
  if (!folder) return false;
  struct dirent *entry;
  while ((entry = readdir(folder)))
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') {
      int number = atoi(entry->d_name);
      if (who >= 0 || number != dirfd(folder)) body(family, who, number);
    }
  closedir(folder);
  return true;
}

/* MARK: Who they are */

static void add_children(struct family *family, int who, int thread) {
  char path[64];
  long process = who < 0 ? (long)getpid() : family->all[who].number;
  snprintf(path, sizeof path, "/proc/%ld/task/%d/children", process, thread);
  FILE *list = fopen(path, "re");
  if (!list) {
    /* The kernel was built without these lists, or the thread has ended. */
    family->is_complete = false;
    return;
  }
  int number;
  while (fscanf(list, "%d", &number) == 1) {
    if (family->count == PROCESS_LIMIT) {
      family->is_complete = false;
      break;
    }
    family->all[family->count++] = (struct descendant){.number = number, .parent = who};
  }
  fclose(list);
}

static void find_descendants(struct family *family) {
  char path[64];
  each_number("/proc/self/task", family, -1, add_children);
  for (int who = 0; who < family->count && family->is_complete; who++) {
    snprintf(path, sizeof path, "/proc/%d/task", family->all[who].number);
    if (!each_number(path, family, who, add_children)) family->all[who].goes_on = true;
  }
}

/* MARK: What they wait for */

static void look_at_thread(struct family *family, int who, int thread) {
  struct descendant *d = &family->all[who];
  struct probe_call call = probe_call_of(d->number, thread);
  switch (call.kind) {
  case PROBE_CALL_FUTEX: return;
  case PROBE_CALL_CHILD: d->waits_for_children = true; return;
  case PROBE_CALL_READ:
  case PROBE_CALL_WRITE:
    if (d->want_count < WANT_LIMIT) {
      d->wants[d->want_count].descriptor = call.object;
      d->wants[d->want_count++].reads = call.kind == PROBE_CALL_READ;
      return;
    }
    break;
  default: break;
  }
  if (!probe_is_recorder(d->number, thread)) d->goes_on = true;
}

static void add_end(struct family *family, int who, int descriptor) {
  char path[64], target[64];
  struct stat link;
  if (who < 0)
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  else
    snprintf(path, sizeof path, "/proc/%d/fd/%d", family->all[who].number, descriptor);
  /* The link says it without asking a file system, which might not answer. */
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length <= 0) return;
  target[length] = 0;
  unsigned long inode;
  bool is_socket = sscanf(target, "socket:[%lu]", &inode) == 1;
  if (!is_socket && sscanf(target, "pipe:[%lu]", &inode) != 1) return;
  if (family->end_count == END_LIMIT || lstat(path, &link) != 0) {
    family->is_complete = false;
    return;
  }
  family->ends[family->end_count++] = (struct end){
      .process = who,
      .descriptor = descriptor,
      .is_socket = is_socket,
      .reads = is_socket || link.st_mode & S_IRUSR,
      .writes = is_socket || link.st_mode & S_IWUSR,
      .inode = inode,
      .other = is_socket ? probe_other_inode(family->netlink, inode) : 0,
  };
}

static const struct end *end_of(const struct family *family, int who, int descriptor) {
  for (int i = 0; i < family->end_count; i++)
    if (family->ends[i].process == who && family->ends[i].descriptor == descriptor)
      return &family->ends[i];
  return NULL;
}

/* Whether what `end` reads comes from `other`, or what it writes goes there. */
static bool is_opposite(const struct end *end, bool reads, const struct end *other) {
  if (end->is_socket != other->is_socket) return false;
  if (end->is_socket) return end->other != 0 && end->other == other->inode;
  return end->inode == other->inode && (reads ? other->writes : other->reads);
}

/* Whether a process waits for none but this one and those that wait in turn. */
static bool waits(const struct family *family, int who) {
  const struct descendant *d = &family->all[who];
  if (d->goes_on || (d->want_count == 0 && !d->waits_for_children)) return false;
  bool has_child = false;
  for (int i = 0; i < family->count && d->waits_for_children; i++) {
    if (family->all[i].parent != who) continue;
    if (family->all[i].goes_on) return false;
    has_child = true;
  }
  if (d->waits_for_children && !has_child) return false;
  for (int want = 0; want < d->want_count; want++) {
    const struct end *end = end_of(family, who, d->wants[want].descriptor);
    if (!end) return false;
    bool has_other = false;
    for (int i = 0; i < family->end_count; i++) {
      const struct end *other = &family->ends[i];
      if (!is_opposite(end, d->wants[want].reads, other)) continue;
      if (other->process >= 0 && family->all[other->process].goes_on) return false;
      has_other = has_other || other->process != who;
    }
    if (!has_other) return false;
  }
  return true;
}

/* MARK: What is found */

static int child_above(const struct family *family, int who) {
  while (family->all[who].parent >= 0) who = family->all[who].parent;
  return family->all[who].number;
}

static void tell_wants(const struct family *family, int who,
                       void (*found)(int, int, uint32_t)) {
  const struct descendant *d = &family->all[who];
  for (int want = 0; want < d->want_count; want++) {
    const struct end *end = end_of(family, who, d->wants[want].descriptor);
    for (int i = 0; end && i < family->end_count; i++) {
      const struct end *other = &family->ends[i];
      if (other->process < 0 && is_opposite(end, d->wants[want].reads, other))
        found(child_above(family, who), other->descriptor,
              d->wants[want].reads ? CORONER_PROCESS_READS : CORONER_PROCESS_WRITES);
    }
  }
}

/* The child that a descriptor stands for, if it is one that stands for a process. */
static int process_of(int descriptor) {
  char path[64], line[128];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", descriptor);
  FILE *info = fopen(path, "re");
  if (!info) return 0;
  int number = 0;
  while (number == 0 && fgets(line, sizeof line, info)) sscanf(line, "Pid: %d", &number);
  fclose(info);
  return number;
}

static void tell_process(struct family *family, int who, int descriptor,
                         void (*found)(int, int, uint32_t)) {
  (void)who;
  char path[64], target[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(path, target, sizeof target - 1);
  if (length <= 0) return;
  target[length] = 0;
  if (strcmp(target, "anon_inode:[pidfd]") != 0) return;
  int number = process_of(descriptor);
  for (int i = 0; i < family->count; i++)
    if (family->all[i].number == number && family->all[i].parent < 0 && !family->all[i].goes_on)
      found(number, descriptor, CORONER_PROCESS_ALONE);
}

/* What nobody but waiting children has the other end of. */
static void tell_held(const struct family *family, const struct end *own,
                      void (*found)(int, int, uint32_t)) {
  int children[PROCESS_LIMIT], count = 0;
  for (int i = 0; i < family->end_count; i++) {
    const struct end *other = &family->ends[i];
    if (!is_opposite(own, own->reads, other)) continue;
    if (other->process < 0 || family->all[other->process].goes_on) return;
    int child = child_above(family, other->process), known = 0;
    while (known < count && children[known] != child) known++;
    if (known == count) children[count++] = child;
  }
  for (int i = 0; i < count; i++) found(children[i], own->descriptor, CORONER_PROCESS_ALONE);
}

static void (*receiver)(int, int, uint32_t);
static void tell_own(struct family *family, int who, int descriptor) {
  tell_process(family, who, descriptor, receiver);
}

int probe_children(int *into, int limit) {
  struct family *family = calloc(1, sizeof *family);
  if (!family) return -1;
  family->is_complete = true;
  find_descendants(family);
  int count = family->is_complete && family->count <= limit ? family->count : -1;
  for (int i = 0; i < count; i++) into[i] = family->all[i].number;
  free(family);
  return count;
}

static void ask(struct family *family, void (*found)(int, int, uint32_t)) {
  char path[64];
  find_descendants(family);
  if (!family->is_complete || family->count == 0) return;
  int waiting = 0;
  for (int who = 0; who < family->count; who++) {
    snprintf(path, sizeof path, "/proc/%d/task", family->all[who].number);
    if (!each_number(path, family, who, look_at_thread)) family->all[who].goes_on = true;
    waiting += !family->all[who].goes_on;
  }
  if (waiting == 0) return;
  each_number("/proc/self/fd", family, -1, add_end);
  for (int who = 0; who < family->count && family->is_complete; who++) {
    snprintf(path, sizeof path, "/proc/%d/fd", family->all[who].number);
    /* Whose descriptors are hidden may have any. */
    if (!each_number(path, family, who, add_end)) family->is_complete = false;
  }
  if (!family->is_complete) return;
  for (bool changes = true; changes;) {
    changes = false;
    for (int who = 0; who < family->count; who++)
      if (!family->all[who].goes_on && !waits(family, who))
        changes = family->all[who].goes_on = true;
  }
  for (int who = 0; who < family->count; who++)
    if (!family->all[who].goes_on) tell_wants(family, who, found);
  for (int i = 0; i < family->end_count; i++)
    if (family->ends[i].process < 0) tell_held(family, &family->ends[i], found);
  receiver = found;
  each_number("/proc/self/fd", family, -1, tell_own);
}

void probe_each_child_wait(void (*found)(int, int, uint32_t)) {
  struct family *family = calloc(1, sizeof *family);
  if (!family) return;
  family->is_complete = true;
  family->netlink = probe_diagnosis();
  ask(family, found);
  if (family->netlink >= 0) close(family->netlink);
  free(family);
}
