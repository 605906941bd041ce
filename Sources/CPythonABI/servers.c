/* Which descriptor of this process serves the other end of a connection that one of its threads waits at. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "calls.h"

/* Beyond these nothing is said. */
enum { OWN_LIMIT = 1024, CONNECTION_LIMIT = 8192 };

/* What a socket is called: an address and a port; or a path, or the inode of one without a name. */
struct name {
  bool is_local;
  uint64_t place[4];
  char path[sizeof((struct sockaddr_un *)0)->sun_path + 1];
};

static bool read_name(int descriptor, bool other, struct name *name) {
  struct sockaddr_storage address = {0};
  socklen_t size = sizeof address;
  *name = (struct name){0};
  if ((other ? getpeername : getsockname)(descriptor, (struct sockaddr *)&address, &size) != 0)
    return false;
  name->is_local = address.ss_family == AF_UNIX;
  if (!name->is_local) return probe_name_of(&address, name->place);
  /* Names without a file begin with a zero. */
  const char *path = ((struct sockaddr_un *)&address)->sun_path;
  size -= offsetof(struct sockaddr_un, sun_path);
  for (socklen_t i = 0; i < size && i < sizeof name->path - 1 && (path[i] || !path[0]); i++)
    name->path[i] = path[i] ? path[i] : '@';
  return true;
}

static bool is_any(const struct name *name) {
  struct in6_addr address;
  memcpy(&address, name->place, sizeof address);
  return IN6_IS_ADDR_UNSPECIFIED(&address) ||
         (IN6_IS_ADDR_V4MAPPED(&address) && !(uint32_t)(name->place[1] >> 32));
}

/* Whether what listens at `at` gets the connections to `wanted`. */
static bool listens_for(const struct name *at, const struct name *wanted) {
  if (at->is_local != wanted->is_local) return false;
  if (at->is_local) return at->path[0] && strcmp(at->path, wanted->path) == 0;
  return at->place[2] == wanted->place[2] &&
         (is_any(at) || memcmp(at->place, wanted->place, 2 * sizeof at->place[0]) == 0);
}

static bool is_same(const struct name *a, const struct name *b) {
  return memcmp(a->place, b->place, sizeof a->place) == 0;
}

/* The address of a line of /proc/net/tcp and tcp6: words as the kernel has them in memory. */
static bool parse(const char *text, bool is_six, uint64_t place[4]) {
  uint32_t words[4] = {0, 0, htonl(0xffff), 0};
  unsigned port;
  int count =
      is_six ? sscanf(text, "%8X%8X%8X%8X:%4X", &words[0], &words[1], &words[2], &words[3], &port)
             : sscanf(text, "%8X:%4X", &words[3], &port);
  if (count != (is_six ? 5 : 2)) return false;
  memset(place, 0, 4 * sizeof *place);
  memcpy(place, words, sizeof words);
  place[2] = htons((uint16_t)port);
  return true;
}

/* Whether a connection from `own` to `other` has been made, and nobody has accepted it. */
static bool is_unaccepted(const struct name *own, const struct name *other, bool is_six) {
  FILE *list = fopen(is_six ? "/proc/self/net/tcp6" : "/proc/self/net/tcp", "re");
  if (!list) return false;
  char line[512], local[64], remote[64];
  bool found = false;
  for (int i = 0; i < CONNECTION_LIMIT && !found && fgets(line, sizeof line, list); i++) {
    unsigned long inode;
    uint64_t at[4], from[4];
    if (sscanf(line, " %*d: %63s %63s %*s %*s %*s %*s %*s %*s %lu", local, remote, &inode) != 3 ||
        !parse(local, is_six, at) || !parse(remote, is_six, from))
      continue;
    found = inode == 0 && memcmp(at, other->place, sizeof at) == 0 &&
            memcmp(from, own->place, sizeof from) == 0;
  }
  fclose(list);
  return found;
}

static bool has_inode(const char *folder, uint64_t inode, bool *readable) {
  DIR *all = opendir(folder);
  *readable = all != NULL;
  if (!all) return false;
  bool found = false;
  char wanted[64], target[64];
  snprintf(wanted, sizeof wanted, "socket:[%lu]", (unsigned long)inode);
  struct dirent *entry;
  while (!found && (entry = readdir(all))) {
    ssize_t length = readlinkat(dirfd(all), entry->d_name, target, sizeof target - 1);
    if (length <= 0) continue;
    target[length] = 0;
    found = strcmp(target, wanted) == 0;
  }
  closedir(all);
  return found;
}

/* Whether another process may have the same socket, and accept what comes: a child, or the one that
 * started this one and runs the same. */
static bool is_shared(uint64_t inode) {
  char path[64], own[32], starter[32];
  bool readable;
  snprintf(path, sizeof path, "/proc/%d/fd", (int)getppid());
  if (has_inode(path, inode, &readable)) return true;
  if (!readable && (!probe_command(getpid(), own, sizeof own) ||
                    !probe_command(getppid(), starter, sizeof starter) || strcmp(own, starter) == 0))
    return true;
  int children[64];
  int count = probe_children(children, 64);
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "/proc/%d/fd", children[i]);
    if (has_inode(path, inode, &readable) || !readable) return true;
  }
  return count < 0;
}

int probe_serving(int descriptor) {
  struct stat status;
  int type = 0;
  socklen_t size = sizeof type;
  struct name own, other;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM ||
      fstat(descriptor, &status) != 0 || !read_name(descriptor, false, &own) ||
      !read_name(descriptor, true, &other))
    return -1;
  uint64_t other_inode = 0;
  if (own.is_local) {
    int netlink = probe_diagnosis();
    other_inode = probe_other_inode(netlink, status.st_ino);
    if (netlink >= 0) close(netlink);
  }
  DIR *all = opendir("/proc/self/fd");
  if (!all) return -1;
  int listening = -1, found = -1, seen = 0;
  uint64_t listening_inode = 0;
  bool is_six = false;
  struct dirent *entry;
  while (found < 0 && seen < OWN_LIMIT && (entry = readdir(all))) {
    int number = entry->d_name[0] == '.' ? -1 : atoi(entry->d_name);
    struct name at, from;
    if (number < 0 || number == descriptor) continue;
    seen++;
    if (!read_name(number, false, &at) || fstat(number, &status) != 0) continue;
    if (at.is_local != own.is_local) continue;
    if (own.is_local && other_inode && status.st_ino == other_inode) {
      found = number;
    } else if (probe_is_listening(number)) {
      if (!listens_for(&at, &other)) continue;
      int domain = 0;
      size = sizeof domain;
      getsockopt(number, SOL_SOCKET, SO_DOMAIN, &domain, &size);
      is_six = domain == AF_INET6;
      listening = number;
      listening_inode = status.st_ino;
    } else if (!own.is_local && is_same(&at, &other) && read_name(number, true, &from) &&
               is_same(&from, &own)) {
      found = number;
    }
  }
  closedir(all);
  if (found >= 0 || listening < 0 || seen == OWN_LIMIT) return found;
  bool waits = own.is_local ? other_inode == 0 : is_unaccepted(&own, &other, is_six);
  return waits && !is_shared(listening_inode) ? listening : -1;
}

bool probe_has_limit(int descriptor) {
  const int directions[2] = {SO_RCVTIMEO, SO_SNDTIMEO};
  for (int i = 0; i < 2; i++) {
    struct timeval limit = {0};
    socklen_t size = sizeof limit;
    if (getsockopt(descriptor, SOL_SOCKET, directions[i], &limit, &size) == 0 &&
        (limit.tv_sec || limit.tv_usec))
      return true;
  }
  return false;
}

bool probe_peer_name(int descriptor, char *into, size_t size) {
  struct name other;
  if (!read_name(descriptor, true, &other)) return false;
  if (other.is_local) return snprintf(into, size, "%s", other.path) > 0;
  char text[INET6_ADDRSTRLEN];
  struct in6_addr address;
  memcpy(&address, other.place, sizeof address);
  unsigned port = ntohs((uint16_t)other.place[2]);
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    if (!inet_ntop(AF_INET, address.s6_addr + 12, text, sizeof text)) return false;
    return snprintf(into, size, "%s:%u", text, port) > 0;
  }
  if (!inet_ntop(AF_INET6, &address, text, sizeof text)) return false;
  return snprintf(into, size, "[%s]:%u", text, port) > 0;
}
