/* What the probe sees of the Swift runtime, and what Embedded Swift cannot say of it: interposed functions
 * with their calling conventions, thread-locals, layouts of the runtime's objects. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder_link.h"

#define PROBE_HIDDEN __attribute__((visibility("hidden")))
#define PROBE_EXPORTED __attribute__((visibility("default")))
/* A thread-local that is reached without a call. */
#define PROBE_NEAR __attribute__((tls_model("initial-exec")))

/* Whether events are recorded: the process runs Swift concurrency of a known layout, and a trace is asked
 * for. Set once, before the program's first task. */
extern bool probe_is_on PROBE_HIDDEN;


/* The function that a caller would have come to but for this library; `caller`: an address in its code, or NULL. For
 * functions of Swift's libraries and libdispatch, which need not be in the program's own scope. */
void *probe_next(const char *name, const void *caller) PROBE_HIDDEN;

/* ---- modules.c: which file an address belongs to ---- */

/* Once, before anything is recorded. */
void probe_modules_start(void) PROBE_HIDDEN;
/* Whether the address lies in this library. */
bool probe_is_own_code(const void *pc) PROBE_HIDDEN;
/* The function of a pointer to an async function in the same file as some code; NULL: it is no such pointer. Any
 * value may be asked about. */
const void *probe_async_function(const void *pointer, const void *code) PROBE_HIDDEN;
/* The pointer if it is one to code in the same file as some other code; NULL: it is not. */
const void *probe_function_beside(const void *pointer, const void *code) PROBE_HIDDEN;
/* Changes when code was unloaded: an address may mean something else from then on. */
extern uint32_t probe_unloads PROBE_HIDDEN;
/* The address as a site (coroner_define_address), 0 if no file holds it. Not cached, takes no lock of the
 * loader where the C library can do without. */
uint32_t probe_define_code(const void *pc, uint32_t flags) PROBE_HIDDEN;

/* ---- symbols.c: the names in a file ---- */

struct probe_symbol {
  const char *name;
  uintptr_t address, size; /* as it is loaded */
  bool is_function;
};
typedef void (*probe_visit)(const struct probe_symbol *, void *argument);
/* Visits every symbol of the file that holds this code, those too that it keeps to itself; false: it cannot be read. */
bool probe_symbols(const void *code, probe_visit visit, void *argument) PROBE_HIDDEN;

/* ---- stacks.c: addresses of code as stacks. Any thread; no allocation ---- */

/* Once, before anything is recorded: finds the unwinder and warms it up. */
void probe_stacks_start(void) PROBE_HIDDEN;
/* The id of a stack, innermost first. The first `returns` addresses are those that calls return to, the others
 * begin what goes on there, such as a task's resume functions. A few ns when it was seen before. */
uint32_t probe_stack(const void *const *pcs, size_t count, size_t returns) PROBE_HIDDEN;
/* The id of the site of one address that is no return address, such as a closure's function. */
uint32_t probe_site(const void *pc) PROBE_HIDDEN;
/* The callers of a function of this library, outside of it, innermost first, up to where the runtime gives a task
 * its turn; all are return addresses. The innermost async function is among them, its callers are not: nothing
 * on the stack leads to its context. `frame`: __builtin_frame_address(0) of the function that was called from
 * outside.
 *
 * By frame pointers, 2 ns each: only the first one is sure, for code may keep none. */
size_t probe_walk(const void *frame, const void **pcs, size_t limit) PROBE_HIDDEN;
/* By the unwinder's tables, 300 ns each: all are sure. For who is about to block. */
size_t probe_unwind(const void *frame, const void **pcs, size_t limit) PROBE_HIDDEN;
/* Appends where a suspended async function goes on, and where its callers do, by its context: resume functions,
 * no return addresses. Returns the new count. */
size_t probe_async_callers(const void *context, const void **pcs, size_t count, size_t limit) PROBE_HIDDEN;
/* The stack of who called the function with this frame: unwound. */
uint32_t probe_stack_here(const void *frame) PROBE_HIDDEN;
/* The same by frame pointers, of few frames. */
uint32_t probe_stack_near(const void *frame) PROBE_HIDDEN;
