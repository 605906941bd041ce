/* What Embedded Swift has no way to say: thread-locals, atomics, threads, symbols looked up by name. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_HIDDEN __attribute__((visibility("hidden")))

/* What runs on the calling thread, as the events recorded so far say. */
struct probe_thread {
  uint64_t task; /* the task inside a step, 0 if none */
  uint64_t job;  /* the job that a worker runs, 0 if none */
  int watched;   /* its slot among the watched threads + 1, 0 if it runs no loop */
  struct probe_holder *holder; /* the locks that it holds, null until it takes one */
  uint64_t loop; /* the recorded loop that it runs, 0 if none */
  uint64_t fresh; /* a future that a primitive has just made to wait on, 0 if it is known to the trace */
  /* The frame that recorded an operation last, its code, and the stack. */
  void *operation_frame, *operation_code;
  uint32_t operation_stack;
};
/* Initial-exec: one instruction instead of a call. The few bytes come out of the room that the C library
 * keeps for libraries that are loaded late. */
extern _Thread_local struct probe_thread probe_thread_storage PROBE_HIDDEN
    __attribute__((tls_model("initial-exec")));
static inline struct probe_thread *probe_this_thread(void) { return &probe_thread_storage; }

/* A lock that a thread holds. */
struct probe_hold {
  uint64_t lock;
  uint64_t party; /* the task or job that took it, 0: the thread itself */
  uint64_t since; /* in the recorder's ticks */
  uint32_t site;  /* where it was taken */
  uint32_t outer; /* the user's line that called there, if that is a library's; 0 if none is known */
  bool told;      /* whether the trace says so */
  bool scoped;    /* taken by a with statement, whose end gives it back */
};
#define PROBE_HOLD_LIMIT 24

/* The locks that one thread holds, oldest first. Guarded by the GIL, but for `over`. It is used again
 * when its thread has ended and nothing is left in it. */
struct probe_holder {
  struct probe_holder *next;
  uint32_t tid;
  int over;       /* atomic: the thread has ended, or PROBE_LEFT_BEHIND */
  int count;
  uint64_t waits; /* the lock that it waits for, 0 if none */
  struct probe_hold holds[PROBE_HOLD_LIMIT];
};
/* It is a thread of the parent, of which a fork has taken over what it held and nothing else. */
#define PROBE_LEFT_BEHIND 2
struct probe_holder *probe_first_holder(void) PROBE_HIDDEN;
static inline struct probe_hold *probe_holds(struct probe_holder *holder) { return holder->holds; }
/* The calling thread's; null if there is no memory. */
struct probe_holder *probe_this_holder(void) PROBE_HIDDEN;
/* In a forked child: the other threads are gone, with what they held. */
void probe_holders_forked(void) PROBE_HIDDEN;
/* The calling thread, as locks that know their owner name it. */
uint64_t probe_thread_ident(void) PROBE_HIDDEN;

/* A thread that runs a loop, as the watchdog sees it. */
struct probe_watched {
  int used;            /* atomic */
  uint32_t tid;
  void *thread_state;  /* its PyThreadState */
  uint64_t loop;
  uint64_t busy_since; /* ns of CLOCK_MONOTONIC_COARSE; 0: in the selector; atomic */
  uint64_t reported;   /* the busy_since that the watchdog saw last */
  uint64_t next_report;/* ms of business at which the next sample is due */
  uint64_t starving;   /* ns since when it has been seen neither in its selector nor out of it, 0: not */
  uint64_t movements;  /* of all loops by then */
};
#define PROBE_WATCHED_LIMIT 64

/* Adds the calling thread; its slot + 1, or 0 if there are too many. */
int probe_watch_add(void *thread_state, uint64_t loop) PROBE_HIDDEN;
void probe_watch_remove(int slot) PROBE_HIDDEN;
/* Marks the calling thread's slot as busy or as sleeping in its selector. */
void probe_watch_mark(int slot, bool busy) PROBE_HIDDEN;
/* The loop that a slot was added for. */
uint64_t probe_watched_loop(int slot) PROBE_HIDDEN;
/* Whether a variable of the environment is set to anything but 0. */
bool probe_is_set(const char *name) PROBE_HIDDEN;
/* Reads the settings of snapshots; false if CORONER_SIGNAL names no signal. `snapshot` is called with the
 * GIL held: why, ms since anything moved, ms that it may take; whether it was complete. */
bool probe_watch_configure(bool (*snapshot)(uint32_t reason, uint64_t still_ms, uint64_t budget_ms))
    PROBE_HIDDEN;
/* More (1) or fewer (-1) loops run of which nothing is seen: the program is taken to move. */
void probe_watch_unseen(int change) PROBE_HIDDEN;
typedef void (*probe_sampler)(struct probe_watched *, uint64_t busy_ms);
typedef bool (*probe_unheld_sampler)(struct probe_watched *, uint64_t ms);
/* Starts the watchdog's thread if there is none; `sample` is called with the GIL held, `unheld` before it is
 * asked for: whether it is the loop's own thread that is busy. `starved`: for a thread that has been leaving its
 * selector for so long; whether it knows why. */
void probe_watch_start(probe_unheld_sampler unheld, probe_sampler sample, probe_unheld_sampler starved)
    PROBE_HIDDEN;
/* Whether the thread is still in the callback for which a sample was due. */
bool probe_watch_is_due(struct probe_watched *watched) PROBE_HIDDEN;
/* Copies memory of this process that may not be there; whether it was. */
bool probe_peek(uintptr_t from, void *into, size_t size) PROBE_HIDDEN;
/* For the watchdog's thread: waits for so long, or until it is to end; whether it may go on. */
bool probe_watch_pause(int ms) PROBE_HIDDEN;
/* Puts the threads of watchdog and recorder to rest before a fork, and lets them go on soon. With the GIL held,
 * which the first gives away while it waits for the watchdog's. */
void probe_watch_rest(void) PROBE_HIDDEN;
void probe_watch_go_on(void) PROBE_HIDDEN;
/* No more samples: the interpreter ends, or this is a forked child. */
void probe_watch_stop(bool forked) PROBE_HIDDEN;

/* Directs the calls of epoll that the library with this address in it makes to the probe; false if it makes
 * none. From then on a watched thread's slot is marked, and descriptors are recorded. */
bool probe_hook_polling(const void *inside) PROBE_HIDDEN;
/* A loop that polls there wakes itself by this descriptor. */
void probe_own_descriptor(int descriptor) PROBE_HIDDEN;

uint64_t probe_monotonic_ns(void) PROBE_HIDDEN;
/* What the calling thread has worked, in ns. */
uint64_t probe_own_ns(void) PROBE_HIDDEN;
bool probe_is_listening(int descriptor) PROBE_HIDDEN;
/* PyCode_Addr2Location (3.11+); false where it is missing. */
bool probe_code_location(void *code, int offset, int *line, int *column, int *end_line,
                         int *end_column) PROBE_HIDDEN;
/* The result of a call with one argument; null after an exception. */
void *probe_call(void *callable, void *argument) PROBE_HIDDEN;
/* PyFunction_GetClosure / PyFunction_GetDefaults; borrowed or null. */
void *probe_function_part(void *function, int defaults) PROBE_HIDDEN;
/* Memory that is all zero, and its return; null if there is none. */
void *probe_map(size_t size) PROBE_HIDDEN;
void *probe_remap(void *memory, size_t old_size, size_t size) PROBE_HIDDEN;
void probe_unmap(void *memory, size_t size) PROBE_HIDDEN;
/* Calls `visit` with every object that the collector tracks; false if there is no way to find them.
 * Stops when `visit` returns false. `fresh`: a tracked object that was made just now, or null. */
bool probe_each_tracked(void *fresh, bool (*visit)(void *object)) PROBE_HIDDEN;
/* Calls `found` with each descriptor that is one end of a connection, and the one that is the other end, if
 * this process, and as far as can be seen no other, has both. */
void probe_each_pair(void (*found)(int descriptor, int other)) PROBE_HIDDEN;
/* The kernel's number of a thread of the interpreter, 0 if it is not known. */
uint64_t probe_tid(void *thread_state) PROBE_HIDDEN;
/* The same of a state that may be gone. */
uint64_t probe_peek_tid(uintptr_t thread_state) PROBE_HIDDEN;
/* How long a thread of this process has worked, in ns. */
uint64_t probe_work_of(uint64_t tid) PROBE_HIDDEN;
/* Its number in the interpreter, 0 if it is not known. */
uint64_t probe_ident(void *thread_state) PROBE_HIDDEN;
/* Joins the working directory of the start with a relative path; cuts at `size`. */
size_t probe_absolute(const char *path, char *into, size_t size) PROBE_HIDDEN;
