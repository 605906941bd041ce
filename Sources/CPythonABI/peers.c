/* Which descriptors of this process are the two ends of one connection. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "cpython_abi.h"

/* Programs with more are not looked at: they serve the outside. */
enum { END_LIMIT = 512 };

enum kind { INTERNET, UNIX, PIPE };

struct end {
  int descriptor;
  enum kind kind;
  uint64_t own[4], other[4]; /* of a connection: what this end and the other one are called */
};

bool probe_name_of(const struct sockaddr_storage *address, uint64_t name[4]) {
  struct in6_addr full = {0};
  if (address->ss_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
    full = six->sin6_addr;
    name[2] = six->sin6_port;
  } else if (address->ss_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)address;
    full.s6_addr[10] = full.s6_addr[11] = 0xff;
    memcpy(full.s6_addr + 12, &four->sin_addr, 4);
    name[2] = four->sin_port;
  } else {
    return false;
  }
  memcpy(name, &full, sizeof full);
  return true;
}

int probe_diagnosis(void) {
  return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

uint64_t probe_other_inode(int netlink, uint64_t inode) {
  struct {
    struct nlmsghdr header;
    struct unix_diag_req request;
  } question = {
      .header = {.nlmsg_len = sizeof question, .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST},
      .request = {.sdiag_family = AF_UNIX, .udiag_ino = (uint32_t)inode,
                  .udiag_show = UDIAG_SHOW_PEER, .udiag_cookie = {UINT32_MAX, UINT32_MAX}},
  };
  if (send(netlink, &question, sizeof question, 0) != sizeof question) return 0;
  _Alignas(struct nlmsghdr) char answer[1024];
  ssize_t length = recv(netlink, answer, sizeof answer, MSG_DONTWAIT);
  struct nlmsghdr *header = (struct nlmsghdr *)answer;
  if (length < (ssize_t)sizeof *header || !NLMSG_OK(header, (size_t)length) ||
      header->nlmsg_type != SOCK_DIAG_BY_FAMILY)
    return 0;
  struct unix_diag_msg *message = NLMSG_DATA(header);
  int rest = (int)(header->nlmsg_len - NLMSG_LENGTH(sizeof *message));
  for (struct rtattr *at = (struct rtattr *)(message + 1); RTA_OK(at, rest);
       at = RTA_NEXT(at, rest))
    if (at->rta_type == UNIX_DIAG_PEER) return *(uint32_t *)RTA_DATA(at);
  return 0;
}

static bool describe_socket(int netlink, uint64_t inode, struct end *end) {
  int domain = 0, type = 0;
  socklen_t size = sizeof(int);
  if (getsockopt(end->descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return false;
  size = sizeof(int);
  if (getsockopt(end->descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return false;
  if (domain == AF_UNIX) {
    /* Who made the other end: a process that this one comes from might share it. */
    struct ucred maker;
    size = sizeof maker;
    if (getsockopt(end->descriptor, SOL_SOCKET, SO_PEERCRED, &maker, &size) != 0 ||
        maker.pid != getpid())
      return false;
    end->kind = UNIX;
    end->own[0] = inode;
    end->other[0] = probe_other_inode(netlink, inode);
    return end->other[0] != 0;
  }
  if (type != SOCK_STREAM) return false;
  end->kind = INTERNET;
  struct sockaddr_storage own, other;
  socklen_t own_size = sizeof own, other_size = sizeof other;
  return getsockname(end->descriptor, (struct sockaddr *)&own, &own_size) == 0 &&
         getpeername(end->descriptor, (struct sockaddr *)&other, &other_size) == 0 &&
         probe_name_of(&own, end->own) && probe_name_of(&other, end->other);
}

static bool describe(int netlink, struct end *end) {
  struct stat status;
  if (fstat(end->descriptor, &status) != 0) return false;
  if (S_ISSOCK(status.st_mode)) return describe_socket(netlink, status.st_ino, end);
  if (!S_ISFIFO(status.st_mode)) return false;
  int access = fcntl(end->descriptor, F_GETFL) & O_ACCMODE;
  if (access != O_RDONLY && access != O_WRONLY) return false;
  end->kind = PIPE;
  end->own[0] = end->other[0] = status.st_ino;
  end->own[1] = end->other[1] = status.st_dev;
  end->own[2] = access == O_RDONLY;
  end->other[2] = access != O_RDONLY;
  return true;
}

/* A child that was forked shares what this process has. */
static bool has_children(void) {
  DIR *tasks = opendir("/proc/self/task");
  if (!tasks) return true;
  bool found = false;
  struct dirent *entry;
  while (!found && (entry = readdir(tasks))) {
    if (entry->d_name[0] == '.') continue;
    char path[320], byte;
    snprintf(path, sizeof path, "/proc/self/task/%s/children", entry->d_name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    found = file < 0 || read(file, &byte, 1) > 0;
    if (file >= 0) close(file);
  }
  closedir(tasks);
  return found;
}

void probe_each_pair(void (*found)(int, int)) {
  if (has_children()) return;
  DIR *all = opendir("/proc/self/fd");
  if (!all) return;
  struct end *ends = calloc(END_LIMIT, sizeof *ends);
  int netlink = probe_diagnosis();
  int count = 0, seen = 0;
  struct dirent *entry;
  while (ends && count < END_LIMIT && seen < 2 * END_LIMIT && (entry = readdir(all))) {
    struct end end = {.descriptor = entry->d_name[0] == '.' ? -1 : atoi(entry->d_name)};
    if (end.descriptor < 0 || end.descriptor == netlink || end.descriptor == dirfd(all)) continue;
    seen++;
    if (describe(netlink, &end)) ends[count++] = end;
  }
  /* A list that was cut might lack the one that shares an end. */
  bool complete = count < END_LIMIT && seen < 2 * END_LIMIT;
  closedir(all);
  if (netlink >= 0) close(netlink);
  for (int a = 0; complete && a < count; a++) {
    int others = 0, other = 0;
    for (int b = 0; b < count; b++) {
      if (a == b || ends[a].kind != ends[b].kind) continue;
      /* Somebody else has this end, too. */
      if (memcmp(ends[a].own, ends[b].own, sizeof ends[a].own) == 0) others = 2;
      if (memcmp(ends[a].other, ends[b].own, sizeof ends[a].own) != 0) continue;
      others++;
      other = b;
    }
    if (others == 1) found(ends[a].descriptor, ends[other].descriptor);
  }
  free(ends);
}
