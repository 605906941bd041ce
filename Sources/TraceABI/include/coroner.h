/* The recorder's C interface and the vocabulary of events: the one contract of recorder, probes and
 * reader. docs/format.md explains each event; EventTable.swift is the same list as a table.
 *
 * A party acts: a thread, a loop, a task, a job of an executor. A resource is waited for. Both are
 * named by a number that is unique while they live (their address); a create event starts a new life
 * of a number. Who acts in an event is not stored in it: it is the party that runs on the recording
 * thread, by the task-resume, task-suspend, task-wait, task-end, job-start and job-end events before it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Event kinds. Numbers are part of the file format and are never used again. */
enum coroner_event_kind {
  /* the recorder */
  CORONER_GAP = 1,              /* subject: events lost on this thread; object: ticks since the first */

  /* threads and loops */
  CORONER_THREAD_START = 2,     /* subject: tid */
  CORONER_THREAD_END = 3,       /* subject: tid */
  CORONER_LOOP_START = 4,       /* subject: loop; it begins to run on this thread */
  CORONER_LOOP_STOP = 5,        /* subject: loop; run_forever has returned */
  CORONER_LOOP_IDLE = 6,        /* subject: loop (or 0 if unknown); value: limit in ms, UINT32_MAX none: the
                                   thread is about to sleep in the selector. Not recorded for limit 0 */
  CORONER_LOOP_WAKE = 7,        /* subject: loop; value: number of ready descriptors */
  CORONER_LOOP_WAKEUP = 8,      /* subject: loop; call_soon_threadsafe by the party of this thread */
  CORONER_STACK_SAMPLE = 9,     /* subject: tid of the thread seen; object: ms that it has been busy;
                                   site: its stack. Recorded by the watchdog's own thread. One without a
                                   loop keeps a loop's thread from running, for so long */

  /* tasks */
  CORONER_TASK_CREATE = 10,     /* subject: task; object: number in its default name, 0 if it has a
                                   name of its own; site: stack; value: site of its coroutine function */
  CORONER_TASK_RESUME = 11,     /* subject: task: it runs now on this thread; object: the executor that
                                   gives it its turn, 0 the loop of this thread or the default pool */
  CORONER_TASK_SUSPEND = 12,    /* subject: task; object: future it waits on, 0: it only yielded;
                                   site: its await stack */
  CORONER_TASK_END = 13,        /* subject: task; object: string id of the exception's type or 0;
                                   site: stack where it was raised or 0; value: coroner_outcome */
  CORONER_TASK_CANCEL = 14,     /* subject: task that is asked to end; site: stack of the asker */
  CORONER_WAIT_BEGIN = 15,      /* subject: task; object: resource; site: await stack; value:
                                   coroner_operation. Says what the task-suspend that follows waits for */
  CORONER_TASK_READY = 16,      /* subject: task, which could go on; object: the executor that it waits for a
                                   turn of, 0 the default pool; site: stack of who made it ready, or 0 */
  CORONER_TASK_WAIT = 17,       /* subject: resource that the task of this thread waits for, 0 if none is known;
                                   object: future it waits on; site: its await stack; value:
                                   coroner_operation. It suspends: wait-begin and task-suspend in one */
  CORONER_TASK_WAIT_OWN = 18,   /* the same; the future was made for this wait, and its life begins here */
  CORONER_TASK_SPAWN = 19,      /* subject: task; object: group that it is a member of, 0 none; site: stack; value:
                                   site of its coroutine function. Task-create, depends and task-ready in one:
                                   for the executor of this thread's latest task-ready */

  /* resources */
  CORONER_RESOURCE_CREATE = 20, /* subject: resource; object: capacity, permits, parties, the related
                                   resource (condition: its lock), the number of a process; site: stack;
                                   value: coroner_resource_kind */
  CORONER_DEPENDS = 21,         /* subject: outer; object: inner: what ends, resolves or fills the outer, 0: those
                                   told before; value: coroner_dependency, the last one told counts. Of a
                                   job that has not begun: what has to end before it may */
  CORONER_NAME = 22,            /* subject: any party or resource; value: string id */
  CORONER_FUTURE_DONE = 23,     /* subject: future; site: stack; value: coroner_outcome */
  CORONER_EXCEPTION_UNRETRIEVED = 24, /* subject: task or future, collected with an exception never read */
  CORONER_NEVER_AWAITED = 25,   /* subject: coroutine; site: stack at its collection; value: site of its
                                   function */
  CORONER_TASK_DESTROYED = 26,  /* subject: task, collected while pending */
  CORONER_FUTURE_LOST = 27,     /* subject: future that nobody can resolve any more: the last thing through which one
                                   could is gone; site: stack of who let go of it */
  CORONER_CALLBACK_FAILED = 28, /* subject: loop that had called it; object: string id of the exception's type;
                                   site: stack where it was raised, or 0 */

  /* operations, by the party that runs on the recording thread */
  CORONER_ACQUIRED = 30,        /* subject: lock, semaphore, thread lock; object: task that it is handed to, 0:
                                   who acts takes it; site: stack. What was handed over is acquired once
                                   more when that task goes on */
  CORONER_RELEASED = 31,        /* subject: same; object: task on whose behalf, 0: who acts; site: stack */
  CORONER_EVENT_SET = 32,       /* subject: event; site: stack */
  CORONER_EVENT_CLEARED = 33,   /* subject: event; site: stack */
  CORONER_NOTIFIED = 34,        /* subject: condition; object: how many it asks to wake; site: stack;
                                   value: waiters there were */
  CORONER_QUEUE_PUT = 35,       /* subject: queue; object: how many more the same task put in the same turn, at
                                   most CORONER_MORE_LIMIT; site: stack; value: items in it after the last */
  CORONER_QUEUE_GOT = 36,       /* the same of takes; a task-done may have followed each */
  CORONER_QUEUE_TASK_DONE = 37, /* the same; value: items still unfinished */
  CORONER_BARRIER_PASSED = 38,  /* subject: barrier; site: stack; value: index returned */

  /* threads that block, executors */
  CORONER_BLOCK_BEGIN = 40,     /* subject: resource that this thread (with all that runs on it) waits for
                                   synchronously; object: limit in ms, UINT64_MAX none; site: stack; value:
                                   coroner_operation */
  CORONER_BLOCK_END = 41,       /* subject: same */
  CORONER_JOB_QUEUE = 42,       /* subject: job (its concurrent future); object: executor; site: stack;
                                   value: site of its function or 0 */
  CORONER_JOB_START = 43,       /* subject: job: it runs now on this thread */
  CORONER_JOB_END = 44,         /* subject: job */
  CORONER_THREAD_BIND = 45,     /* subject: resource that a join waits for: it stands for this thread */
  CORONER_HELD = 46,            /* subject: lock that somebody is about to wait for, or has just waited for;
                                   object: the task that holds it, or tid of the thread whose party does,
                                   untold so far, 0: a thread of the parent process, which held it when
                                   that forked; site: stack where it was taken; value: µs since then,
                                   UINT32_MAX: since before all that the thread runs now */
  CORONER_PAST = 47,            /* subject: resource; object: items taken, and in the upper half those put back by
                                   their takers; site: stack of the put that filled it before any was
                                   taken, or 0; value: coroner_past. In key frames only */
  CORONER_HABIT = 48,           /* who acts has ended, set or filled what was made at a place. subject: stack of
                                   that place, 0: all habits are told; object: how often in the lower half, in 24
                                   bits how often that may have been a timer, coroner_habit in the highest byte;
                                   site: where last; value: resource kind. In key frames only; since 1.3 */

  /* the outside */
  CORONER_TIMER_ARM = 50,       /* subject: timer; object: party or resource it can act on, with
                                   CORONER_SET_BIT the loop that acts, 0 if none is known; value: delay in
                                   ms, rounded up. One event for each object */
  CORONER_TIMER_CANCEL = 51,    /* subject: timer */
  CORONER_IO_REGISTER = 52,     /* subject: descriptor; object: loop; site: stack, of a listening socket;
                                   value: coroner_io */
  CORONER_IO_UNREGISTER = 53,   /* subject: descriptor; object: loop; value: coroner_io */
  CORONER_SIGNAL_HANDLER = 54,  /* subject: signal number, 0 for native code that can call the program;
                                   object: party or resource it can act on, 0 if none is known; value: 1 added,
                                   0 removed */

  /* snapshots: what the watchdog found while little or nothing moved. Recorded by its own thread; all of
     it is as of snapshot-begin */
  CORONER_SNAPSHOT_BEGIN = 55,  /* subject: its number, from 1; object: ms since anything moved;
                                   value: coroner_snapshot_reason */
  CORONER_SNAPSHOT_END = 56,    /* subject: its number; object: objects looked at; value: 0 complete,
                                   1 given up for want of time */
  CORONER_THREAD_WAIT = 57,     /* subject: tid; object: resource, 0 unknown, or with CORONER_DESCRIPTOR_BIT
                                   a descriptor, with CORONER_PROCESS_BIT the number of a child; site:
                                   stack; value: coroner_operation, 0: none that is known */
  CORONER_TASK_STACK = 58,      /* subject: task; site: its await stack where the one of its suspension was
                                   cut short, as at a greenlet, else 0; value: coroner_handling */
  CORONER_REFERRER = 59,        /* subject: resource that somebody waits for, or descriptor with
                                   CORONER_DESCRIPTOR_BIT; object: who can reach it, by value:
                                   coroner_referrer. Parties that wait, descriptors and timers are not
                                   looked through: they are referrers themselves */
  CORONER_REFERRERS = 60,       /* subject: the same; object: how many referrer events this snapshot has for
                                   it. Comes after them: nothing else can reach it */
  CORONER_IO_PEER = 61,         /* subject: descriptor; object: the descriptor of this process that is its
                                   other end, or the listening socket where that is not accepted yet */
  CORONER_PROCESS_WAIT = 62,    /* subject: number of a child of this process that can go on only when this
                                   process does something with a descriptor; object: the descriptor; value:
                                   coroner_process_link. One event for each descriptor */

  CORONER_EVENT_KIND_LIMIT = 64 /* kinds below this number may be added by minor versions */
};

enum coroner_outcome {
  CORONER_OUTCOME_VALUE = 0,
  CORONER_OUTCOME_ERROR = 1,
  CORONER_OUTCOME_CANCELLED = 2,
};

enum coroner_resource_kind {
  CORONER_RESOURCE_FUTURE = 1,
  CORONER_RESOURCE_LOCK = 2,
  CORONER_RESOURCE_SEMAPHORE = 3,
  CORONER_RESOURCE_CONDITION = 4,
  CORONER_RESOURCE_EVENT = 5,
  CORONER_RESOURCE_BARRIER = 6,
  CORONER_RESOURCE_QUEUE = 7,
  CORONER_RESOURCE_GROUP = 8,           /* gather, wait, task group: its members by depends events */
  CORONER_RESOURCE_STREAM = 9,          /* a stream reader or writer: bytes from elsewhere */
  CORONER_RESOURCE_EXECUTOR = 10,       /* a pool of threads */
  CORONER_RESOURCE_CONCURRENT_FUTURE = 11, /* waited for by threads; a job of an executor is one */
  CORONER_RESOURCE_THREAD_LOCK = 12,
  CORONER_RESOURCE_THREAD = 13,
  CORONER_RESOURCE_PROCESS = 14,
  CORONER_RESOURCE_ACTOR = 15,          /* a serial executor: an actor, the main actor, a serial queue. Runs one
                                           task at a time, until that suspends. With a capacity: several, but
                                           who waits for it waits for all of them */
};

enum coroner_operation {
  CORONER_OP_ACQUIRE = 1,       /* lock, semaphore, thread lock */
  CORONER_OP_EVENT_WAIT = 2,
  CORONER_OP_CONDITION_WAIT = 3,
  CORONER_OP_QUEUE_GET = 4,
  CORONER_OP_QUEUE_PUT = 5,
  CORONER_OP_QUEUE_JOIN = 6,
  CORONER_OP_BARRIER_WAIT = 7,
  CORONER_OP_SLEEP = 8,         /* ends by itself */
  CORONER_OP_GROUP = 9,         /* gather, wait, task group */
  CORONER_OP_READ = 10,         /* stream or socket */
  CORONER_OP_DRAIN = 11,        /* stream or socket: until the peer takes what was written */
  CORONER_OP_ACCEPT = 12,
  CORONER_OP_CONNECT = 13,
  CORONER_OP_PROCESS = 14,      /* a child process */
  CORONER_OP_RESULT = 15,       /* a thread waits for a concurrent future */
  CORONER_OP_JOIN = 16,         /* a thread waits for another one to end */
  CORONER_OP_EXIT = 17,         /* the same, as the program's last act */
};

enum coroner_dependency {
  CORONER_DEPENDS_ALL = 0,      /* the outer goes on when all its inners are done */
  CORONER_DEPENDS_ANY = 1,      /* when one of them is */
  CORONER_DEPENDS_GUARD = 2,    /* the outer is a resource that only exists within the inner, such as the
                                   lock of a condition */
};

/* Who can reach something, and so act on it. */
enum coroner_referrer {
  CORONER_REFERRER_TASK = 1,        /* object: task; what its frames refer to */
  CORONER_REFERRER_THREAD = 2,      /* object: tid; what its frames refer to */
  CORONER_REFERRER_DESCRIPTOR = 3,  /* object: descriptor; what its loop calls when it is ready */
  CORONER_REFERRER_TIMER = 4,       /* object: timer */
  CORONER_REFERRER_ROOT = 5,        /* object: string id of the way to it, 0 unknown; anything that runs can
                                       go it, such as through a module's globals */
};

/* Set in the number of a descriptor among the subjects of referrer events; no address has it. */
#define CORONER_DESCRIPTOR_BIT ((uint64_t)1 << 63)
/* Set in the number of a child process where other things are meant by their addresses: in thread-wait and
 * name events. */
#define CORONER_PROCESS_BIT ((uint64_t)1 << 62)

/* Set in the number of a loop that is a set of descriptors at which a thread rests, again and again. */
#define CORONER_SET_BIT ((uint64_t)1 << 61)

/* What has been done with a resource before a key frame. */
enum coroner_past {
  CORONER_PAST_FOREIGN = 1,     /* released by others than those that had taken it */
  CORONER_PAST_OVERFED = 2,     /* others have put more items than takers have put back */
  CORONER_PAST_OWN = 4,         /* a permit was given back by who had taken it */
  CORONER_PAST_EMPTY = 8,       /* a semaphore began with no permit; since 1.3 */
};

/* How what was made at one place has been ended before a key frame: in the highest byte of a habit's object. */
enum coroner_habit {
  CORONER_HABIT_CROWDED = 1,    /* others have done it, too */
  CORONER_HABIT_OTHERS = 2,     /* some of these it had not made itself */
  CORONER_HABIT_ALONE = 4,      /* the maker of some had ended before */
  CORONER_HABIT_WATCHED = 8,    /* somebody has waited for it, who so learns of its end */
};

/* What a child process waits for, and a descriptor of this process. */
enum coroner_process_link {
  CORONER_PROCESS_READS = 1,    /* until something is written into the descriptor, or it is closed */
  CORONER_PROCESS_WRITES = 2,   /* until the descriptor is read, or closed */
  CORONER_PROCESS_ALONE = 3,    /* nothing but the child makes the descriptor ready, by what it does or its end */
};

/* Whether a task that was asked to end still handles that request, or another exception. */
enum coroner_handling {
  CORONER_HANDLING_UNKNOWN = 0,
  CORONER_TASK_HANDLES_NOTHING = 1,
};

enum coroner_snapshot_reason {
  CORONER_SNAPSHOT_STALL = 1,
  CORONER_SNAPSHOT_SIGNAL = 2,
  CORONER_SNAPSHOT_EXIT = 3,        /* the program is over, and its end does not come */
};

enum coroner_io {
  CORONER_IO_READ = 1,
  CORONER_IO_WRITE = 2,
  CORONER_IO_LISTEN = 4,        /* a listening socket: new work may come */
  CORONER_IO_INTERNAL = 8,      /* the loop's own wake-up pipe */
};

/* Flags of a site: whose code it is. */
enum coroner_site_flags {
  CORONER_SITE_RUNTIME = 1,     /* the language's own library */
  CORONER_SITE_LIBRARY = 2,     /* an installed package */
  CORONER_SITE_ENDING = 4,      /* it runs when the program is over, and brings what is left to its end */
  CORONER_SITE_LIMIT = 8,       /* it ends a wait because its time is over */
  CORONER_SITE_IMPORT = 16,     /* it takes the lock under which a module is imported */
  CORONER_SITE_ABORT = 32,      /* it ends the tasks of a group, of which one has failed */
  CORONER_SITE_CLOSING = 64,    /* it waits until the connections of a server are closed */
};

enum coroner_address_flags {
  CORONER_ADDRESS_RETURN = 1,   /* a return address: the call is before it. Else the code that goes on */
};

/* Starts recording as the environment says (CORONER_TRACE, …). Any thread; once per process: later calls
 * only answer. Returns whether events are recorded. On a bad setting it writes one line to standard
 * error, returns false, and every other call does nothing. */
bool coroner_start(const char *program);

/* Whether events are recorded now. Any thread, a load. */
bool coroner_is_recording(void);

/* Records one event with the time of the call. Any thread; no lock, no system call, no allocation, except
 * for a thread's first event and when its buffer is full. Never fails: what cannot be stored is counted. */
void coroner_record(uint8_t kind, uint64_t subject, uint64_t object, uint32_t site, uint32_t value);

/* Where a thread writes its next event. It may do so by itself, instead of a call of coroner_record, while
 * `count` is not `limit`: a record of 32 bytes (docs/format.md) at `records`, then the new count here, and
 * in `committed` with release. The time is the processor's counter >> `shift`, less `start`; or that of the
 * record before it in this buffer, where it does not matter how it lies to the events of other threads. Such
 * a pointer is good for its thread until that ends; null where the clock is another one. */
struct coroner_writer {
  void *records;          /* the first record of the active buffer */
  uint64_t *committed;    /* that buffer's count of complete records */
  uint32_t count, limit;  /* records in it, and how many fit; both 0 if there is none */
  uint64_t start;
  uint32_t shift;
};
struct coroner_writer *coroner_writer(void);

/* The current time in ticks since the recording began; coroner_ticks_per_second converts. Any thread. */
uint64_t coroner_now(void);
uint64_t coroner_ticks_per_second(void);

/* Definitions: each returns an id > 0, the same one for the same content, or 0 if the table is full or
 * nothing is recorded. Any thread; takes a lock, may allocate; meant to be called once per thing. */
uint32_t coroner_define_string(const char *utf8, size_t length); /* cut at CORONER_STRING_LIMIT bytes */
uint32_t coroner_define_site(uint32_t file, uint32_t function, uint32_t line, uint32_t end_line,
                             uint16_t column, uint16_t end_column, uint32_t flags); /* columns 1-based, 0 unknown */
/* A file with code that is loaded: its path and the build id in its notes (at most CORONER_BUILD_ID_LIMIT
 * bytes, none: 0). */
uint32_t coroner_define_module(const char *path, const void *build_id, size_t length);
/* A site known only as an address: `offset` as the module's own headers count. Named when it is read. Flags:
 * coroner_address_flags. */
uint32_t coroner_define_address(uint32_t module, uint64_t offset, uint32_t flags);
/* The sites of a stack, innermost first; at most CORONER_STACK_LIMIT of them are kept. */
uint32_t coroner_define_stack(const uint32_t *sites, size_t count);
/* A fact about the run: "runtime" = "CPython 3.12.1", "probe.fallback" = "no stacks: …". */
void coroner_define_fact(const char *key, const char *value);

/* Names the calling thread in the trace; otherwise its name is the kernel's. */
void coroner_name_thread(const char *name);

/* Puts the recorder's own thread to rest, and lets it go on: for a runtime that counts the threads of its
 * process when it forks. Recording goes on meanwhile. Calls nest; any thread; the first waits for the
 * thread's end, and what is full is drained before. */
void coroner_rest(void);
void coroner_go_on(void);

/* Ends the recording: drains, truncates and closes the file. Called at exit by the recorder itself. */
void coroner_stop(void);

#define CORONER_MORE_LIMIT 255
#define CORONER_STRING_LIMIT 1024
#define CORONER_STACK_LIMIT 48
#define CORONER_BUILD_ID_LIMIT 64

#ifdef __cplusplus
}
#endif
