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
/* Whether a thread of this process is in a selector; also if that cannot be read. */
bool probe_is_polling(long thread) PROBE_HIDDEN;
/* Whether a thread is the recorder's own. */
bool probe_is_recorder(long process, long thread) PROBE_HIDDEN;
/* A number that changes whenever a thread of this process, but for the recorder's, was given a processor; of
 * very many threads always. */
uint64_t probe_turns(void) PROBE_HIDDEN;
/* The name of what a process runs. */
bool probe_command(long process, char *into, size_t size) PROBE_HIDDEN;
/* The inode of the other end of a UNIX socket, 0 if it is not known; `netlink`: see probe_diagnosis. */
uint64_t probe_other_inode(int netlink, uint64_t inode) PROBE_HIDDEN;
/* A socket to ask the kernel about sockets by, -1 if there is none. */
int probe_diagnosis(void) PROBE_HIDDEN;

/* An address and a port, IPv4 as IPv6 knows it; false for other kinds of address. */
struct sockaddr_storage;
bool probe_name_of(const struct sockaddr_storage *address, uint64_t name[4]) PROBE_HIDDEN;
/* The descriptor of this process that the other end of a connection is, or of the listening socket at which
 * it still waits to be accepted; -1 if another process has it, or that is not known. */
int probe_serving(int descriptor) PROBE_HIDDEN;
/* Whether what is received by a socket, or sent, is given up after some time. */
bool probe_has_limit(int descriptor) PROBE_HIDDEN;
/* What the other end of a connection is called: "127.0.0.1:80", a path. */
bool probe_peer_name(int descriptor, char *into, size_t size) PROBE_HIDDEN;
/* The numbers of this process's children and theirs; -1 if they are more, or not known. */
int probe_children(int *into, int limit) PROBE_HIDDEN;

/* Calls `found` with each child of this process that waits for ever, but for what this process does with a
 * descriptor; `link` is coroner_process_link. */
void probe_each_child_wait(void (*found)(int process, int descriptor, uint32_t link)) PROBE_HIDDEN;
