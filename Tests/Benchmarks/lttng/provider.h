/* The peer of recorder_threads.c: one tracepoint with three integer fields. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER coroner_bench

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./provider.h"

#if !defined(CORONER_BENCH_PROVIDER) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define CORONER_BENCH_PROVIDER
#include <lttng/tracepoint.h>
#include <stdint.h>

LTTNG_UST_TRACEPOINT_EVENT(
    coroner_bench, wait, LTTNG_UST_TP_ARGS(uint64_t, task, uint64_t, future, uint32_t, site),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer_hex(uint64_t, task, task)
                            lttng_ust_field_integer_hex(uint64_t, future, future)
                                lttng_ust_field_integer(uint32_t, site, site)))
#endif

#include <lttng/tracepoint-event.h>
