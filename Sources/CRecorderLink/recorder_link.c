#define _GNU_SOURCE
#include "recorder_link.h"

#include <dlfcn.h>

struct probe_recorder probe_recorder;
_Thread_local struct coroner_writer *probe_writer;
struct coroner_writer *probe_latest;
bool probe_times_watched;

void probe_record_slowly(uint8_t kind, uint64_t subject, uint64_t object, uint32_t site,
                         uint32_t value) {
  if (!probe_recorder.record) return;
  probe_renew_time();
  probe_recorder.record(kind, subject, object, site, value);
  if (!probe_writer) probe_writer = probe_recorder.writer();
}

bool probe_link_recorder(const char *library, const char *program) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) return false;
  struct probe_recorder found = {
      .start = dlsym(handle, "coroner_start"),
      .record = dlsym(handle, "coroner_record"),
      .define_string = dlsym(handle, "coroner_define_string"),
      .define_site = dlsym(handle, "coroner_define_site"),
      .define_stack = dlsym(handle, "coroner_define_stack"),
      .define_fact = dlsym(handle, "coroner_define_fact"),
      .name_thread = dlsym(handle, "coroner_name_thread"),
      .writer = dlsym(handle, "coroner_writer"),
      .now = dlsym(handle, "coroner_now"),
      .ticks_per_second = dlsym(handle, "coroner_ticks_per_second"),
      .define_module = dlsym(handle, "coroner_define_module"),
      .define_address = dlsym(handle, "coroner_define_address"),
      .rest = dlsym(handle, "coroner_rest"),
      .go_on = dlsym(handle, "coroner_go_on"),
  };
  if (!found.start || !found.record || !found.define_string || !found.define_site ||
      !found.define_stack || !found.define_fact || !found.name_thread || !found.writer || !found.now ||
      !found.ticks_per_second || !found.define_module || !found.define_address ||
      !found.rest || !found.go_on)
    return false;
  if (!found.start(program)) return false;
  probe_recorder = found;
  return true;
}
