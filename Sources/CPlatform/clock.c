/* The clock: the processor's counter where it can be trusted, otherwise the kernel's. */
#define _GNU_SOURCE
#include "platform.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

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
