/* Records as planes of bytes, sixteen at a time: Embedded Swift cannot name the shuffles. */
#include "platform.h"

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint64_t pair __attribute__((vector_size(16)));

enum { BLOCK = 16, WORDS = 4, AHEAD = 2048 / 8 };

/* Turns sixteen numbers into eight planes of their bytes. A bit of an address here is one of a number's
 * index, then of a byte's: each round rotates it by one. */
static inline void transpose(const pair numbers[8], uint8_t *planes) {
  bytes from[8], to[8];
  __builtin_memcpy(from, numbers, sizeof from);
  for (int round = 0; round < 4; round++) {
    for (int i = 0; i < 4; i++) {
      to[2 * i] = __builtin_shufflevector(from[i], from[i + 4], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5,
                                          21, 6, 22, 7, 23);
      to[2 * i + 1] = __builtin_shufflevector(from[i], from[i + 4], 8, 24, 9, 25, 10, 26, 11, 27, 12,
                                              28, 13, 29, 14, 30, 15, 31);
    }
    __builtin_memcpy(from, to, sizeof from);
  }
  for (int byte = 0; byte < 8; byte++)
    __builtin_memcpy(planes + byte * PLATFORM_PLANE_STRIDE, &from[byte], BLOCK);
}

static inline pair load(const uint64_t *words) {
  pair loaded;
  __builtin_memcpy(&loaded, words, sizeof loaded);
  return loaded;
}

/* Most are addresses, whose lowest four bits are zero: with these in front two bytes tell most of them
 * apart, not three. */
static inline pair rotated(pair address) { return address >> 4 | address << 60; }

struct state {
  pair before; /* the ticks of the records before */
  pair highest;
  pair used[WORDS];
};

static void split_block(const uint64_t *records, size_t first, struct state *state, uint8_t *planes) {
  pair fields[WORDS][BLOCK / 2];
  for (int i = 0; i < BLOCK / 2; i++, records += 2 * WORDS) {
    /* They come from another processor's cache. */
    __builtin_prefetch(records + AHEAD);
    pair a = load(records), b = load(records + WORDS);
    pair c = load(records + 2), d = load(records + WORDS + 2);
    pair time = __builtin_shufflevector(a, b, 0, 2);
    pair ticks = time >> 8;
    pair delta = ticks - __builtin_shufflevector(state->before, ticks, 1, 2);
    state->before = ticks;
    state->highest |= delta;
    fields[0][i] = delta << 8 | (time & 0xff);
    fields[1][i] = rotated(__builtin_shufflevector(a, b, 1, 3));
    fields[2][i] = rotated(__builtin_shufflevector(c, d, 0, 2));
    fields[3][i] = __builtin_shufflevector(c, d, 1, 3);
    for (int word = 0; word < WORDS; word++) state->used[word] |= fields[word][i];
  }
  for (int word = 0; word < WORDS; word++)
    transpose(fields[word], planes + (size_t)word * 8 * PLATFORM_PLANE_STRIDE + first);
}

bool platform_split(const void *buffer, size_t count, uint8_t *planes, uint64_t used[4]) {
  const uint64_t *records = buffer;
  struct state state = {.before = {0, records[0] >> 8}};
  size_t done = 0;
  for (; done + BLOCK <= count; done += BLOCK)
    split_block(records + done * WORDS, done, &state, planes);
  if (done < count) {
    uint64_t rest[BLOCK * WORDS] = {0};
    __builtin_memcpy(rest, records + done * WORDS, (count - done) * WORDS * sizeof *rest);
    /* What is not there takes no time. */
    for (size_t i = count - done; i < BLOCK; i++)
      rest[i * WORDS] = records[(count - 1) * WORDS] & ~(uint64_t)0xff;
    split_block(rest, done, &state, planes);
  }
  for (int word = 0; word < WORDS; word++) used[word] = state.used[word][0] | state.used[word][1];
  return (state.highest[0] | state.highest[1]) >> 56 == 0;
}
