/* Reads what the kernel says of the process, a line at a time, without the C library's buffers: they are the
 * program's memory. */
#pragma once
#include "swift_runtime.h"

struct probe_lines {
  int file;
  size_t begin, end;
  char text[4096 + 1];
};

bool probe_open_lines(struct probe_lines *lines, const char *path) PROBE_HIDDEN;
/* The next line, without its end; what is longer than the buffer is cut. NULL: no more. */
char *probe_next_line(struct probe_lines *lines) PROBE_HIDDEN;
/* Numbers at the beginning of a text, which is moved behind them. */
uint64_t probe_hex(const char **text) PROBE_HIDDEN;
uint64_t probe_decimal(const char **text) PROBE_HIDDEN;
/* A path below /proc/self: the parts, and a number between them. */
const char *probe_own_path(char path[64], const char *before, uint32_t number, const char *after) PROBE_HIDDEN;
