/* One tracepoint with the fields of an event, for LTTng's macros to include several times. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER coroner
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./lttng_recorder.h"
#if !defined(LTTNG_RECORDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define LTTNG_RECORDER_H
#include <lttng/tracepoint.h>
#include <stdint.h>
LTTNG_UST_TRACEPOINT_EVENT(
    coroner, event,
    LTTNG_UST_TP_ARGS(uint8_t, kind, uint64_t, subject, uint64_t, object, uint32_t, site, uint32_t, value),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(uint8_t, kind, kind)
                            lttng_ust_field_integer_hex(uint64_t, subject, subject)
                                lttng_ust_field_integer_hex(uint64_t, object, object)
                                    lttng_ust_field_integer(uint32_t, site, site)
                                        lttng_ust_field_integer(uint32_t, value, value)))
#endif
#include <lttng/tracepoint-event.h>
