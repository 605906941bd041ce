/* Records as planes of bytes, sixteen at a time: Embedded Swift cannot name the shuffles. */
#include "coroner_file.h"
#include "platform.h"

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint64_t pair __attribute__((vector_size(16)));

enum { BLOCK = 16, WORDS = 4 };

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

static inline void clear(uint8_t *planes) {
  for (int byte = 0; byte < 8; byte++) __builtin_memset(planes + byte * PLATFORM_PLANE_STRIDE, 0, BLOCK);
}

static inline pair load(const uint64_t *words) {
  pair loaded;
  __builtin_memcpy(&loaded, words, sizeof loaded);
  return loaded;
}

/* Most are addresses, whose lowest four bits are zero: with these in front two bytes tell most of them
 * apart, not three. */
static inline pair rotated(pair address) { return address >> 4 | address << 60; }

static void split_block(const uint64_t *records, const uint16_t *order, size_t first, uint64_t used[WORDS],
                        uint8_t *planes) {
  pair fields[WORDS][BLOCK / 2];
  for (int i = 0; i < BLOCK / 2; i++) {
    size_t one = order[2 * i], other = order[2 * i + 1];
    const uint64_t *from = records + one * WORDS, *and = records + other * WORDS;
    pair a = load(from), b = load(and), c = load(from + 2), d = load(and + 2);
    pair before = {from[one ? -WORDS : 0], and[other ? -WORDS : 0]};
    fields[0][i] = (__builtin_shufflevector(a, b, 0, 2) >> 8) - (before >> 8);
    fields[1][i] = rotated(__builtin_shufflevector(a, b, 1, 3));
    fields[2][i] = rotated(__builtin_shufflevector(c, d, 0, 2));
    fields[3][i] = __builtin_shufflevector(c, d, 1, 3);
  }
  for (int word = 0; word < WORDS; word++) {
    pair all = fields[word][0];
    for (int i = 1; i < BLOCK / 2; i++) all |= fields[word][i];
    used[word] |= all[0] | all[1];
    uint8_t *here = planes + (word ? (size_t)word * 8 + 1 : 0) * PLATFORM_PLANE_STRIDE + first;
    /* Often so for all of a kind. */
    if ((all[0] | all[1]) == 0) clear(here);
    else transpose(fields[word], here);
  }
}

/* The indices of the records by kind, and as they follow each other within one. */
static void sort(size_t count, const uint8_t *kinds, uint16_t *order) {
  uint16_t next[256] = {0};
  for (size_t i = 0; i < count; i++) next[kinds[i]]++;
  for (size_t kind = 0, before = 0; kind < 256; kind++) {
    size_t of_kind = next[kind];
    next[kind] = (uint16_t)before;
    before += of_kind;
  }
  for (size_t i = 0; i < count; i++) order[next[kinds[i]]++] = (uint16_t)i;
}

void platform_split(const void *buffer, size_t count, uint8_t *planes, uint64_t used[4]) {
  const uint64_t *records = buffer;
  uint8_t *kinds = planes + CORONER_PLANE_KIND * PLATFORM_PLANE_STRIDE;
  for (size_t i = 0; i < count; i++) kinds[i] = (uint8_t)records[i * WORDS];
  uint16_t order[PLATFORM_PLANE_STRIDE];
  sort(count, kinds, order);
  /* The last one stands for those that its block has not. */
  for (size_t i = count; i % BLOCK; i++) order[i] = order[count - 1];
  for (int word = 0; word < WORDS; word++) used[word] = 0;
  for (size_t done = 0; done < count; done += BLOCK)
    split_block(records, order + done, done, used, planes);
}
