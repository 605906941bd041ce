#define _GNU_SOURCE
#include "recorder_link.h"

#include <dlfcn.h>

struct probe_recorder probe_recorder;

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
      .now = dlsym(handle, "coroner_now"),
      .ticks_per_second = dlsym(handle, "coroner_ticks_per_second"),
      .define_module = dlsym(handle, "coroner_define_module"),
      .define_address = dlsym(handle, "coroner_define_address"),
      .rest = dlsym(handle, "coroner_rest"),
      .go_on = dlsym(handle, "coroner_go_on"),
  };
  if (!found.start || !found.record || !found.define_string || !found.define_site ||
      !found.define_stack || !found.define_fact || !found.name_thread || !found.now ||
      !found.ticks_per_second || !found.define_module || !found.define_address ||
      !found.rest || !found.go_on)
    return false;
  if (!found.start(program)) return false;
  probe_recorder = found;
  return true;
}
