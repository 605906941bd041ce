/* The recorder, reached through dlopen: a probe must load and do nothing where it is missing. Each call
 * before a successful `probe_link_recorder` does nothing. */
#pragma once
#include "coroner.h"
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

struct probe_recorder {
  bool (*start)(const char *);
  void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);
  uint32_t (*define_string)(const char *, size_t);
  uint32_t (*define_site)(uint32_t, uint32_t, uint32_t, uint32_t, uint16_t, uint16_t, uint32_t);
  uint32_t (*define_stack)(const uint32_t *, size_t);
  void (*define_fact)(const char *, const char *);
  void (*name_thread)(const char *);
  struct coroner_writer *(*writer)(void);
  uint64_t (*now)(void);
  uint64_t (*ticks_per_second)(void);
  uint32_t (*define_module)(const char *, const void *, size_t);
  uint32_t (*define_address)(uint32_t, uint64_t, uint32_t);
  void (*rest)(void);
  void (*go_on)(void);
};
extern struct probe_recorder probe_recorder __attribute__((visibility("hidden")));

/* Loads the recorder's library and starts recording; whether events are recorded. */
bool probe_link_recorder(const char *library, const char *program)
    __attribute__((visibility("hidden")));

/* Where the calling thread writes, null until its first event. */
extern _Thread_local struct coroner_writer *probe_writer
    __attribute__((visibility("hidden"), tls_model("initial-exec")));
/* By a call of the recorder. */
void probe_record_slowly(uint8_t kind, uint64_t subject, uint64_t object, uint32_t site,
                         uint32_t value) __attribute__((visibility("hidden"), cold));

/* An event of one of these kinds has the time of the thread's event before it, unless another thread has recorded
 * anything since: docs/architecture.md says why that keeps the order of all events. Not among them are ends of steps,
 * waits of threads, and all that a time limit counts from. */
#define PROBE_KIND(kind) ((uint64_t)1 << (kind))
#define PROBE_UNTIMED                                                                                     \
  (PROBE_KIND(CORONER_TASK_CREATE) | PROBE_KIND(CORONER_TASK_RESUME) | PROBE_KIND(CORONER_TASK_CANCEL) |  \
   PROBE_KIND(CORONER_WAIT_BEGIN) | PROBE_KIND(CORONER_RESOURCE_CREATE) | PROBE_KIND(CORONER_DEPENDS) |   \
   PROBE_KIND(CORONER_NAME) | PROBE_KIND(CORONER_FUTURE_DONE) | PROBE_KIND(CORONER_ACQUIRED) |            \
   PROBE_KIND(CORONER_RELEASED) | PROBE_KIND(CORONER_EVENT_SET) | PROBE_KIND(CORONER_EVENT_CLEARED) |     \
   PROBE_KIND(CORONER_NOTIFIED) | PROBE_KIND(CORONER_QUEUE_PUT) | PROBE_KIND(CORONER_QUEUE_GOT) |         \
   PROBE_KIND(CORONER_QUEUE_TASK_DONE) | PROBE_KIND(CORONER_BARRIER_PASSED))

/* Whose event was the latest, null: the next one reads the clock. A probe of a runtime with a lock that all events are
 * recorded under may have somebody make it null now and then, so that no time gets older, and says so here. Else it
 * stays null. */
extern struct coroner_writer *probe_latest __attribute__((visibility("hidden")));
extern bool probe_times_watched __attribute__((visibility("hidden")));

static inline void probe_renew_time(void) { __atomic_store_n(&probe_latest, NULL, __ATOMIC_RELAXED); }
static inline void probe_watch_times(bool watched) {
  __atomic_store_n(&probe_times_watched, watched, __ATOMIC_RELAXED);
  probe_renew_time();
}

#if defined(__x86_64__)
/* The first word of the next record. */
static inline uint64_t probe_time_kind(const struct coroner_writer *writer, const uint64_t *words, uint8_t kind) {
  if ((PROBE_UNTIMED >> (kind & 63) & 1) && __atomic_load_n(&probe_latest, __ATOMIC_RELAXED) == writer &&
      writer->count)
    return (words[-4] & ~(uint64_t)0xff) | kind;
  /* Else it stays null: threads without a common lock do not share a line that they write. */
  if (__atomic_load_n(&probe_times_watched, __ATOMIC_RELAXED))
    __atomic_store_n(&probe_latest, (struct coroner_writer *)writer, __ATOMIC_RELAXED);
  return ((__rdtsc() >> writer->shift) - writer->start) << 8 | kind;
}
#endif

static inline void probe_record(uint8_t kind, uint64_t subject, uint64_t object, uint32_t site,
                                uint32_t value) {
#if defined(__x86_64__)
  struct coroner_writer *writer = probe_writer;
  if (writer && writer->count != writer->limit) {
    uint64_t *words = (uint64_t *)writer->records + 4 * (size_t)writer->count;
    words[0] = probe_time_kind(writer, words, kind);
    words[1] = subject;
    words[2] = object;
    words[3] = site | (uint64_t)value << 32;
    __atomic_store_n(writer->committed, ++writer->count, __ATOMIC_RELEASE);
    return;
  }
#endif
  probe_record_slowly(kind, subject, object, site, value);
}
#if defined(__x86_64__)
/* Counts an operation of a queue as one more of those in a record; false if they are not the same. */
static inline bool probe_count_in(uint64_t *words, uint8_t kind, uint64_t subject, uint32_t site,
                                  uint32_t value) {
  if ((uint8_t)words[0] != kind || words[1] != subject || (uint32_t)words[3] != site ||
      words[2] >= CORONER_MORE_LIMIT)
    return false;
  /* In one store, for the process may be killed at any instruction. */
  _mm_store_si128((__m128i *)(words + 2), _mm_set_epi64x((int64_t)(site | (uint64_t)value << 32),
                                                         (int64_t)words[2] + 1));
  return true;
}
#endif
/* Counts it as one more of the thread's latest record, or of the one before where one of the two is a take and
 * the other says that what was taken is done. False if there is none such. */
static inline bool probe_record_more(uint8_t kind, uint64_t subject, uint32_t site, uint32_t value) {
#if defined(__x86_64__)
  struct coroner_writer *writer = probe_writer;
  if (!writer || writer->count < 2) return false;
  uint64_t *last = (uint64_t *)writer->records + 4 * (size_t)(writer->count - 1);
  if (probe_count_in(last, kind, subject, site, value)) return true;
  return (uint8_t)last[0] + kind == CORONER_QUEUE_GOT + CORONER_QUEUE_TASK_DONE &&
         (uint8_t)last[0] != kind && probe_count_in(last - 4, kind, subject, site, value);
#else
  (void)kind, (void)subject, (void)site, (void)value;
  return false;
#endif
}
static inline uint32_t probe_define_string(const char *text, size_t length) {
  return probe_recorder.define_string ? probe_recorder.define_string(text, length) : 0;
}
static inline uint32_t probe_define_site(uint32_t file, uint32_t function, uint32_t line,
                                         uint32_t end_line, uint16_t column, uint16_t end_column,
                                         uint32_t flags) {
  return probe_recorder.define_site
             ? probe_recorder.define_site(file, function, line, end_line, column, end_column, flags)
             : 0;
}
static inline uint32_t probe_define_stack(const uint32_t *sites, size_t count) {
  return probe_recorder.define_stack ? probe_recorder.define_stack(sites, count) : 0;
}
static inline uint32_t probe_define_module(const char *path, const void *build_id, size_t length) {
  return probe_recorder.define_module ? probe_recorder.define_module(path, build_id, length) : 0;
}
static inline uint32_t probe_define_address(uint32_t module, uint64_t offset, uint32_t flags) {
  return probe_recorder.define_address ? probe_recorder.define_address(module, offset, flags) : 0;
}
static inline void probe_define_fact(const char *key, const char *value) {
  if (probe_recorder.define_fact) probe_recorder.define_fact(key, value);
}
static inline void probe_name_thread(const char *name) {
  if (probe_recorder.name_thread) probe_recorder.name_thread(name);
}
static inline void probe_rest_recorder(void) {
  if (probe_recorder.rest) probe_recorder.rest();
}
static inline void probe_let_recorder_go_on(void) {
  if (probe_recorder.go_on) probe_recorder.go_on();
}
static inline uint64_t probe_now(void) { return probe_recorder.now ? probe_recorder.now() : 0; }
/* Microseconds since a time of probe_now; UINT32_MAX if there are more. */
static inline uint32_t probe_microseconds_since(uint64_t ticks) {
  uint64_t rate = probe_recorder.ticks_per_second ? probe_recorder.ticks_per_second() / 1000000 : 0;
  uint64_t now = probe_now(), passed = rate && now > ticks ? (now - ticks) / rate : 0;
  return passed < UINT32_MAX ? (uint32_t)passed : UINT32_MAX;
}
