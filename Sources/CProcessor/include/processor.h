#pragma once

/* Asks for the line of memory at an address, to be read soon; does nothing if it is no address. */
static inline void processor_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }
