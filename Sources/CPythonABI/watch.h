/* What the watchdog and its schedule of snapshots know of each other. */
#pragma once
#include "probe_runtime.h"

/* ---- watch.c ---- */

uint64_t probe_coarse_ns(void) PROBE_HIDDEN;
/* Whether the watchdog's thread of this generation may still ask for the interpreter. */
bool probe_watch_may_look(int mine) PROBE_HIDDEN;
bool probe_watch_has_loops(void) PROBE_HIDDEN;
/* How often a loop's thread has come or gone; `is_all_seen`: no loop runs that does not tell. */
uint64_t probe_watch_movements(bool *is_all_seen) PROBE_HIDDEN;

/* ---- schedule.c ---- */

void probe_schedule_begin(void) PROBE_HIDDEN;
/* Takes a snapshot if one is due, as the watchdog's thread of this generation. */
void probe_schedule_look(int mine, uint64_t now) PROBE_HIDDEN;
