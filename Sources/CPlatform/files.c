/* The trace as a file. */
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

bool platform_is_gone(int descriptor, uint64_t size) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && (status.st_nlink == 0 || (uint64_t)status.st_size < size);
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
