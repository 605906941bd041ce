/* An async test of XCTest runs the loop of its thread again and again, 100 ms at a time, until the test is over or a
 * month has passed. The timers of these looks bring nothing that the test waits for. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

#include "locks.h"

static struct {
  uintptr_t start, size;
} test_wait;

static void look_for_test(const struct probe_symbol *symbol, void *unused) {
  (void)unused;
  if (strcmp(symbol->name, "$s6XCTest21awaitUsingExpectationyyyyYaKcKF")) return;
  test_wait.start = symbol->address;
  test_wait.size = symbol->size;
}

void probe_tests_start(void) {
  void *library = dlopen("libXCTest.so", RTLD_LAZY | RTLD_NOLOAD);
  const void *code = library ? dlsym(library, "$s6XCTest9XCTWaiterCMa") : NULL;
  if (code) probe_symbols(code, look_for_test, NULL);
}

/* Two functions of the run loop's, and Foundation's in front of them: what runs within the loop is further in. */
bool probe_looks_at_test(const void *frame) {
  enum { DEPTH = 4 };
  const void *pcs[DEPTH];
  return test_wait.size && probe_unwind(frame, pcs, DEPTH) == DEPTH &&
         (uintptr_t)pcs[DEPTH - 1] - test_wait.start < test_wait.size;
}
