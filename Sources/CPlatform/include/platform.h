/* What the recorder needs of the operating system: memory, files, threads, the clock, atomics.
 *
 * Embedded Swift has no module for libc and cannot name thread-locals or C atomics, so the recorder sees
 * the system through these functions alone. Those of the hot path are inline. Nothing here allocates from
 * the heap. Functions that can fail return an errno value, 0 for success, unless they say otherwise.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coroner.h"
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* ---- the calling thread ---- */

/* What a thread knows of itself. All zero until its first event. */
struct platform_thread {
  struct coroner_writer writer; /* full: take the slow path */
  uint64_t first_index;   /* index of the buffer's first record among the thread's events */
  int32_t buffer;         /* number of the buffer in the pool + 1, 0 if it has none */
  uint32_t slot;          /* 0 until it is defined */
  uint32_t phase;         /* 0 living, 1 … passes of its destructors seen, UINT32_MAX ended */
  uint32_t busy;          /* inside the slow path: what that calls must not record */
  uint64_t lost, lost_since;
  uint32_t loss;          /* number of the header's entry that says so + 1, 0 if there is none */
};

/* Initial-exec: one instruction instead of a call. The few bytes come out of the room that glibc keeps
 * for libraries that are loaded late. */
extern _Thread_local struct platform_thread platform_thread_storage
    __attribute__((tls_model("initial-exec")));

static inline struct platform_thread *platform_this_thread(void) { return &platform_thread_storage; }

uint64_t platform_thread_id(void);
uint32_t platform_process_id(void);
uint32_t platform_parent_id(void);
/* Whether the calling process descends from `process`. Reads /proc. */
bool platform_is_ancestor(uint32_t process);
/* The kernel's name of the calling thread, zero-terminated. */
void platform_thread_name(char name[16]);
/* Has the thread's end reported to the function given to platform_start_once. */
void platform_watch_thread_end(void);
/* Starts a thread with a small stack and all signals blocked; one at a time. */
int platform_spawn(const char *name, void (*body)(void));
void platform_join(void);
/* Whether it has not been killed by the kernel, alone, as a filter for system calls may have it. */
bool platform_is_spawned_alive(void);
/* How often the calling thread has waited for something; that others had its processor does not count. */
uint64_t platform_times_waited(void);
/* Keeps a request to cancel the calling thread waiting until `platform_allow_cancel` gets what this returned. */
int platform_defer_cancel(void);
void platform_allow_cancel(int before);

/* ---- atomics ---- */

static inline uint64_t platform_load(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void platform_store(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
static inline uint32_t platform_load32(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static inline void platform_store32(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
/* Nothing moves across it for a signal's handler on this thread. */
static inline void platform_order_signals(void) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
/* The count before one more. A signal's handler on this thread comes before or after it: on x86-64 that takes one
 * instruction, and no locked one. */
static inline uint32_t platform_take_place(uint32_t *count) {
#ifdef __x86_64__
  uint32_t place = 1;
  __asm__ volatile("xaddl %0, %1" : "+r"(place), "+m"(*count) : : "memory", "cc");
  return place;
#else
  return __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
#endif
}
/* Whether the word was zero, and is `v` now. */
static inline bool platform_claim32(uint32_t *p, uint32_t v) {
  uint32_t zero = 0;
  return __atomic_compare_exchange_n(p, &zero, v, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}
static inline uint64_t platform_add(uint64_t *p, uint64_t v) {
  return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); /* a count; orders nothing */
}

/* ---- the clock ---- */

struct platform_clock {
  uint64_t start;            /* raw ticks when the recording began */
  uint64_t start_ns;         /* CLOCK_MONOTONIC then */
  uint64_t ticks_per_second;
  bool is_tsc;               /* raw ticks are the processor's, otherwise ns of CLOCK_MONOTONIC */
};
extern struct platform_clock platform_clock;

uint64_t platform_monotonic_ns(void);
uint64_t platform_wall_ns(void);

/* A tick of the processor's counter is 32 of its own, some 10 ns: finer bits say nothing and would not
 * compress. */
#define PLATFORM_TICK_SHIFT 5
static inline uint64_t platform_raw_ticks(void) {
#if defined(__x86_64__)
  if (__builtin_expect(platform_clock.is_tsc, 1)) return __rdtsc() >> PLATFORM_TICK_SHIFT;
#endif
  return platform_monotonic_ns();
}
static inline uint64_t platform_ticks_per_second(void) { return platform_clock.ticks_per_second; }
static inline uint64_t platform_start_ns(void) { return platform_clock.start_ns; }
/* Ticks since the recording began. */
static inline uint64_t platform_ticks(void) { return platform_raw_ticks() - platform_clock.start; }

/* Whether ticks are the processor's, which a writer can count by itself, and how it does. */
static inline bool platform_clock_is_counter(void) { return platform_clock.is_tsc; }
static inline void platform_tell_clock(struct coroner_writer *writer) {
  writer->start = platform_clock.start;
  writer->shift = PLATFORM_TICK_SHIFT;
}

/* Chooses the clock and starts it. The first estimate of its rate takes 300 µs; a later call keeps it. */
void platform_start_clock(void);
/* A simultaneous reading of ticks and CLOCK_MONOTONIC. */
void platform_read_clocks(uint64_t *ticks, uint64_t *monotonic_ns);

/* ---- locks, in the order in which they are taken ---- */

enum { PLATFORM_START = 0, PLATFORM_DEFINITIONS = 1, PLATFORM_POOL = 2 };
void platform_lock(int lock);
void platform_unlock(int lock);
/* Waits for platform_wake or for `ms`, with PLATFORM_POOL held. Who is woken is so when the lock is given up: who wakes
 * somebody may lose its processor to that one at once, and would keep the lock meanwhile. */
void platform_wait(uint32_t ms);
void platform_wake(void);
/* The same for those that wait for a buffer, of whom one is woken or all. */
void platform_wait_for_room(uint32_t ms);
void platform_announce_room(bool to_all);

/* ---- files ---- */

/* Opens a trace for writing: a regular file of our own, mode 0600, emptied, locked against a second
 * recorder. EBUSY: another process records into it; `owner` is then that process, 0 if unknown. */
int platform_open_trace(const char *path, int *descriptor, uint32_t *owner);
void platform_close(int descriptor);
int platform_allocate(int descriptor, uint64_t offset, uint64_t size);
/* Whether somebody has removed the file, or made it shorter than `size`. */
bool platform_is_gone(int descriptor, uint64_t size);
int platform_write(int descriptor, const void *bytes, uint64_t size, uint64_t offset);
int platform_truncate(int descriptor, uint64_t size);
void platform_punch(int descriptor, uint64_t offset, uint64_t size);

/* ---- memory ---- */

/* Zeroed private memory that costs nothing until it is touched; null if there is none. */
void *platform_reserve(size_t size);
void platform_unmap(void *address, size_t size);
/* Maps a part of the file, shared and writable, and has its pages made; null on failure. */
void *platform_map(int descriptor, uint64_t offset, uint64_t size, bool populated);
/* Addresses that nothing is mapped to yet; and a part of the file there, in place of what was. */
void *platform_reserve_mapping(uint64_t size);
bool platform_remap(void *address, int descriptor, uint64_t offset, uint64_t size);
/* From now on, and for ever: a store into a mapping of the file that the file does not reach any more, because
 * somebody has made it shorter, gets private memory there instead of ending the process. A handler that the
 * program has for other such faults is called as before, and one that it installs later replaces this one. */
void platform_survive_cuts(void);
/* Puts private memory in the place of a mapping: who still writes there does no harm. */
void platform_detach(void *address, size_t size);

static inline void platform_copy(void *to, const void *from, size_t n) { __builtin_memcpy(to, from, n); }
static inline int platform_compare(const void *a, const void *b, size_t n) {
  return __builtin_memcmp(a, b, n);
}
static inline size_t platform_length(const char *s) { return __builtin_strlen(s); }

/* ---- records as planes ---- */

/* Not a power of two: planes are written side by side, and would share a place in the cache. */
#define PLATFORM_PLANE_STRIDE 2112
/* The bytes of `count` records of a buffer, at most 2048, as the planes of the format, by kind. Ticks are those
 * since the record before in the buffer. `used` has what the bytes of time, subject, object, and site and value have
 * in them. */
void platform_split(const void *records, size_t count, uint8_t *planes, uint64_t used[4]);

/* ---- the process ---- */

/* The value of an environment variable; null if unset or empty. */
const char *platform_setting(const char *name);
/* Whether the process has rights that its starter had not (set-uid, file capabilities). */
bool platform_is_privileged(void);
const char *platform_program_name(void);
/* Writes "coroner: <what><detail><what2><: error>" as one line to standard error. */
void platform_complain(const char *what, const char *detail, const char *what2, int error);
/* Registers the recorder with the process. `child` runs in a forked child, with no lock held. */
void platform_start_once(void (*thread_end)(void), void (*process_end)(void), void (*child)(void));
