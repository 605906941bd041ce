/* The process's own memory and threads, for a snapshot. */
#pragma once
#include "tasks.h"

/* ---- memory.c ---- */

enum probe_region_kind {
  PROBE_REGION_OTHER,
  PROBE_REGION_HEAP,  /* perhaps of the C library's: one that begins where those do */
  PROBE_REGION_STACK, /* perhaps a thread's: what lies further down cannot be touched */
};
struct probe_region {
  uintptr_t start, end;
  uint64_t file; /* 0: none */
  enum probe_region_kind kind;
  bool is_shared;
};
/* Other heaps than the first begin at multiples of this. */
#define PROBE_ARENA 0x4000000u
#define PROBE_REGION_LIMIT 1024
/* All that may refer to something, but for the trace. NULL or none: it cannot be read, or there is too much. */
const struct probe_region *probe_regions(size_t *count) PROBE_HIDDEN;
/* Of the calling thread, the recorder and its probe: it says nothing about the program. At most so many. */
size_t probe_own_memory(struct probe_region *parts, size_t limit) PROBE_HIDDEN;
/* The part of it that threads have, in holds.c. */
size_t probe_own_tables(struct probe_region *parts, size_t limit) PROBE_HIDDEN;
/* Copies; false: not all of it is there. */
bool probe_peek(uintptr_t address, void *into, size_t size) PROBE_HIDDEN;
/* What the kernel says of so many pages: those with one of the upper two bits hold something. */
#define PROBE_PAGE 4096u
bool probe_pages(uintptr_t start, size_t count, uint64_t *into) PROBE_HIDDEN;
/* What the C library writes into the second word of a piece that is given back, to know it again; 0: nothing. */
uint64_t probe_freed_mark(void) PROBE_HIDDEN;
/* Memory that takes none until it is used. */
void *probe_reserve(size_t size) PROBE_HIDDEN;
void probe_unreserve(void *memory, size_t size) PROBE_HIDDEN;
/* In a child, where the calling thread will be another one. */
void probe_memory_forked(void) PROBE_HIDDEN;

/* ---- descriptor_sets.c ---- */

/* What the program gave to sets of descriptors, to get it back with what is ready; false: not all of it. */
bool probe_kept(uint64_t *into, size_t *count, size_t limit) PROBE_HIDDEN;
void probe_note_set(int set) PROBE_HIDDEN;

/* ---- stands.c ---- */

/* A thread that waits in the kernel, in a call that this library has passed on. */
struct probe_stand {
  uint32_t tid;
  bool is_gone;
  uintptr_t stack; /* where it ends */
  uintptr_t done_work; /* where libdispatch keeps what it has queued work with, by thread; 0: not known */
  uint64_t turns;  /* the same, and it has not run in between */
};
/* Every thread of the process but its own; 0: one of them runs, or waits elsewhere. */
size_t probe_stands(struct probe_stand *stands, size_t limit) PROBE_HIDDEN;

/* The type of tasks, once one was seen; NULL. */
extern const void *probe_task_type PROBE_SETTLED;
/* The thread that has left its stack for good, as the one that calls dispatch_main does. */
extern uint32_t probe_gone_thread PROBE_HIDDEN;

/* ---- in Swift ---- */

/* Looks at it all, if it is time to; what waits for so long may be stuck. Written in Swift. */
void probe_snapshot_if_due(uint32_t stall_ms) PROBE_HIDDEN;
