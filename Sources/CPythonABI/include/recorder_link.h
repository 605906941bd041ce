/* The recorder, reached through dlopen: a probe must load and do nothing where it is missing. Each call
 * before a successful `probe_link_recorder` does nothing. */
#pragma once
#include "coroner.h"

struct probe_recorder {
  bool (*start)(const char *);
  void (*record)(uint8_t, uint64_t, uint64_t, uint32_t, uint32_t);
  uint32_t (*define_string)(const char *, size_t);
  uint32_t (*define_site)(uint32_t, uint32_t, uint32_t, uint32_t, uint16_t, uint16_t, uint32_t);
  uint32_t (*define_stack)(const uint32_t *, size_t);
  void (*define_fact)(const char *, const char *);
  void (*name_thread)(const char *);
};
extern struct probe_recorder probe_recorder __attribute__((visibility("hidden")));

/* Loads the recorder's library and starts recording; whether events are recorded. */
bool probe_link_recorder(const char *library, const char *program)
    __attribute__((visibility("hidden")));

static inline void probe_record(uint8_t kind, uint64_t subject, uint64_t object, uint32_t site,
                                uint32_t value) {
  if (probe_recorder.record) probe_recorder.record(kind, subject, object, site, value);
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
static inline void probe_define_fact(const char *key, const char *value) {
  if (probe_recorder.define_fact) probe_recorder.define_fact(key, value);
}
static inline void probe_name_thread(const char *name) {
  if (probe_recorder.name_thread) probe_recorder.name_thread(name);
}
