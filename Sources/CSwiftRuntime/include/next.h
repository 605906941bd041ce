/* The functions that a file stands in front of: those of the C library with the same names. */
#pragma once
#include <dlfcn.h>

/* For a list of functions that is a macro, LIST(X) X(read) X(write): the fields of a `next`, and what they hold. */
#define PROBE_FIELD(name) __typeof__(name) *name;
#define PROBE_FIND(name) next.name = dlsym(RTLD_NEXT, #name);

/* A `next` of a list, and a function that looks all of it up. Whoever sees `last` filled sees the others, too. */
#define PROBE_NEXT(LIST, last, start) \
  static struct { LIST(PROBE_FIELD) PROBE_FIELD(last) } next; \
  __attribute__((noinline, cold)) void start(void) { \
    if (next.last) return; \
    LIST(PROBE_FIND) \
    __atomic_store_n(&next.last, dlsym(RTLD_NEXT, #last), __ATOMIC_RELEASE); \
  } \
  static inline void resolve(void) { \
    if (__builtin_expect(!next.last, 0)) start(); \
  }
