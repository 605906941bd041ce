/* Files of the kernel that are text. */
#include "lines.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool probe_open_lines(struct probe_lines *lines, const char *path) {
  lines->begin = lines->end = 0;
  lines->file = open(path, O_RDONLY | O_CLOEXEC);
  return lines->file >= 0;
}

char *probe_next_line(struct probe_lines *lines) {
  for (;;) {
    char *start = lines->text + lines->begin, *newline = memchr(start, '\n', lines->end - lines->begin);
    if (newline) {
      *newline = 0;
      lines->begin = (size_t)(newline + 1 - lines->text);
      return start;
    }
    memmove(lines->text, start, lines->end - lines->begin);
    lines->end -= lines->begin;
    lines->begin = 0;
    if (lines->end == sizeof lines->text - 1) lines->end = 0;
    ssize_t n = read(lines->file, lines->text + lines->end, sizeof lines->text - 1 - lines->end);
    if (n <= 0) return NULL;
    lines->end += (size_t)n;
  }
}

uint64_t probe_hex(const char **text) {
  uint64_t value = 0;
  for (;; (*text)++) {
    unsigned digit = (unsigned char)**text;
    if (digit - '0' < 10) digit -= '0';
    else if ((digit | 32) - 'a' < 6) digit = (digit | 32) - 'a' + 10;
    else return value;
    value = value << 4 | digit;
  }
}

uint64_t probe_decimal(const char **text) {
  uint64_t value = 0;
  for (; (unsigned)**text - '0' < 10; (*text)++) value = value * 10 + (uint64_t)(**text - '0');
  return value;
}

const char *probe_own_path(char path[64], const char *before, uint32_t number, const char *after) {
  char digits[11], *digit = digits + sizeof digits;
  *--digit = 0;
  do *--digit = (char)('0' + number % 10);
  while (number /= 10);
  strcpy(path, "/proc/self/");
  strcat(path, before);
  strcat(path, digit);
  return strcat(path, after);
}
