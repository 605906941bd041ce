/* The recorder's interface, as far as generate_trace uses it, with LTTng behind it: so both tools get a trace of
 * the same events.
 */
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "lttng_recorder.h"

#include <stdbool.h>
#include <stddef.h>

static uint32_t next;

bool coroner_start(const char *program) { return program != NULL; }
void coroner_stop(void) {}
uint32_t coroner_define_string(const char *text, size_t length) {
  (void)text, (void)length;
  return ++next;
}
uint32_t coroner_define_site(uint32_t file, uint32_t function, uint32_t line, uint32_t end_line,
                             uint16_t column, uint16_t end_column, uint32_t flags) {
  (void)file, (void)function, (void)line, (void)end_line, (void)column, (void)end_column, (void)flags;
  return ++next;
}
uint32_t coroner_define_stack(const uint32_t *sites, size_t count) {
  (void)sites, (void)count;
  return ++next;
}
void coroner_record(uint8_t kind, uint64_t subject, uint64_t object, uint32_t site, uint32_t value) {
  lttng_ust_tracepoint(coroner, event, kind, subject, object, site, value);
}
