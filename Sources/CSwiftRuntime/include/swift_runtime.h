/* What the probe sees of the Swift runtime, and what Embedded Swift cannot say of it: interposed functions
 * with their calling conventions, thread-locals, layouts of the runtime's objects. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder_link.h"

#define PROBE_HIDDEN __attribute__((visibility("hidden")))

/* Whether events are recorded: the process runs Swift concurrency of a known layout, and a trace is asked
 * for. Set once, before the program's first task. */
extern bool probe_is_on PROBE_HIDDEN;

/* ---- called from the hooks, written in Swift ---- */

/* A task's turn on this thread begins, ends. */
void probe_task_runs(const void *task) PROBE_HIDDEN;
void probe_task_leaves(const void *task) PROBE_HIDDEN;
