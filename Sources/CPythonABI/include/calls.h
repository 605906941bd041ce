/* What the kernel says of processes and threads: in which call they are, and what their descriptors are. */
#pragma once
#include "probe_runtime.h"

enum probe_call_kind {
  PROBE_CALL_OTHER,   /* none, or none that is known; what cannot be read is one, too */
  PROBE_CALL_FUTEX,   /* waits for another thread, without a limit */
  PROBE_CALL_READ,    /* object: descriptor */
  PROBE_CALL_WRITE,
  PROBE_CALL_CONNECT,
  PROBE_CALL_CHILD,   /* waits for a process to end; object: its number, -1 any */
};
struct probe_call {
  int kind;
  int object;
};

/* The call that a thread of a process (0: of this one) is blocked in, without a limit. */
struct probe_call probe_call_of(long process, long thread) PROBE_HIDDEN;
/* Whether a thread is the recorder's own. */
bool probe_is_recorder(long process, long thread) PROBE_HIDDEN;
/* The name of what a process runs. */
bool probe_command(long process, char *into, size_t size) PROBE_HIDDEN;
/* The inode of the other end of a UNIX socket, 0 if it is not known; `netlink`: see probe_diagnosis. */
uint64_t probe_other_inode(int netlink, uint64_t inode) PROBE_HIDDEN;
/* A socket to ask the kernel about sockets by, -1 if there is none. */
int probe_diagnosis(void) PROBE_HIDDEN;

/* Calls `found` with each child of this process that waits for ever, but for what this process does with a
 * descriptor; `link` is coroner_process_link. */
void probe_each_child_wait(void (*found)(int process, int descriptor, uint32_t link)) PROBE_HIDDEN;
