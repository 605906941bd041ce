/* What is in a trace of recorder_driver's numbered events, by the layout in coroner_file.h alone; what RawTrace.swift
 * does for any trace, in a hundredth of the time.
 *
 *   numbers TRACE     of each writer a line: its number, its first event, how many follow each other from there
 *
 * Says what is wrong with the trace, and exits with 1, if a section does not check, an event exists twice and differs,
 * or one is missing between two others. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "coroner_file.h"

/* Events of one thread that follow each other. */
struct run {
  uint32_t slot, count;
  uint64_t first;
  struct coroner_record *records;
};
static struct run *runs;
static size_t run_count, run_room;
static const unsigned char *file;
static uint64_t size;

static void fail(const char *what, uint64_t where) {
  printf("%s at %lu\n", what, (unsigned long)where);
  exit(1);
}

static struct coroner_record *add_run(uint32_t slot, uint64_t first, uint32_t count) {
  if (run_count == run_room) runs = realloc(runs, (run_room = 2 * run_room + 64) * sizeof *runs);
  struct coroner_record *records = calloc(count, sizeof *records);
  if (!runs || !records) fail("no memory", run_count);
  runs[run_count++] = (struct run){slot, count, first, records};
  return records;
}

static void read_events(const struct coroner_section *section, const unsigned char *payload, uint64_t where) {
  static unsigned char plain[1 << 20];
  /* Behind zlib's header, and without its checksum. */
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  stream.next_in = (unsigned char *)payload + 2;
  stream.avail_in = section->payload_length - 2;
  stream.next_out = plain;
  stream.avail_out = sizeof plain;
  if (section->payload_length < 2 || inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail("cannot be inflated", where);
  if (inflate(&stream, Z_FINISH) != Z_STREAM_END || stream.total_out != section->inflated_length)
    fail("does not inflate", where);
  inflateEnd(&stream);
  uint64_t mask;
  memcpy(&mask, plain, 8);
  const unsigned char *plane = plain + 8;
  if (section->count > CORONER_BUFFER_RECORDS || !(mask >> CORONER_BY_KIND & 1)) fail("another order", where);
  struct coroner_record *records = add_run(section->thread, section->first_index, section->count);
  static struct coroner_record sorted[CORONER_BUFFER_RECORDS]; /* by kind, but for the kinds themselves */
  memset(sorted, 0, sizeof sorted);
  uint64_t time = section->time_first;
  for (int bit = 0; bit < CORONER_PLANES; bit++) {
    if (!(mask >> bit & 1)) continue;
    for (uint32_t i = 0; i < section->count; i++) {
      struct coroner_record *it = &sorted[i];
      uint64_t byte = plane[i];
      if (bit < 7) it->time_kind |= byte << (8 * bit + 8);
      else if (bit == 8) it->time_kind |= byte;
      else if (bit >= 9 && bit < 17) it->subject |= byte << (8 * (bit - 9));
      else if (bit >= 17 && bit < 25) it->object |= byte << (8 * (bit - 17));
      else if (bit >= 25 && bit < 29) it->site |= (uint32_t)byte << (8 * (bit - 25));
      else if (bit >= 29) it->value |= (uint32_t)byte << (8 * (bit - 29));
    }
    plane += section->count;
  }
  uint32_t next[257] = {0};
  for (uint32_t i = 0; i < section->count; i++) next[(sorted[i].time_kind & 0xff) + 1]++;
  for (int kind = 0; kind < 256; kind++) next[kind + 1] += next[kind];
  for (uint32_t i = 0; i < section->count; i++) {
    struct coroner_record *it = &records[i];
    uint64_t kind = sorted[i].time_kind & 0xff;
    *it = sorted[next[kind]++];
    it->time_kind = (it->time_kind & ~(uint64_t)0xff) | kind;
    time += it->time_kind >> 8;
    it->time_kind = time << 8 | (it->time_kind & 0xff);
    it->subject = it->subject << 4 | it->subject >> 60;
    it->object = it->object << 4 | it->object >> 60;
  }
  if (plane != plain + stream.total_out || time != section->time_last) fail("planes do not add up", where);
}

static void read_hot(uint64_t at, uint32_t buffers) {
  for (uint32_t i = 0; i < buffers; i++, at += CORONER_BUFFER_SIZE) {
    struct coroner_buffer buffer;
    if (at + sizeof buffer > size) fail("a buffer is cut", at);
    memcpy(&buffer, file + at, sizeof buffer);
    if (buffer.state == CORONER_BUFFER_FREE || buffer.content != CORONER_BUFFER_EVENTS || !buffer.committed) continue;
    if (buffer.committed > CORONER_BUFFER_RECORDS) fail("too many records", at);
    memcpy(add_run(buffer.thread, buffer.first_index, (uint32_t)buffer.committed), file + at + sizeof buffer,
           buffer.committed * sizeof(struct coroner_record));
  }
}

/* Reads the sections up to `end`; hot sections in a second round, for they repeat what is in others. */
static void read_sections(uint64_t at, uint64_t end, bool hot) {
  while (at < end) {
    struct coroner_section section;
    if (at + sizeof section > size) fail("cut", at);
    memcpy(&section, file + at, sizeof section);
    uint32_t crc = section.header_crc;
    section.header_crc = 0;
    if (section.magic != CORONER_SECTION_MAGIC || crc32(0, (void *)&section, sizeof section) != crc)
      fail("bad section header", at);
    const unsigned char *payload = file + at + sizeof section;
    bool is_packed = section.kind != CORONER_SECTION_HOT && section.kind != CORONER_SECTION_SEGMENT;
    if (is_packed && crc32(0, payload, (uInt)section.payload_length) != section.crc) fail("bad payload", at);
    if (hot && section.kind == CORONER_SECTION_HOT) read_hot(at + CORONER_PAGE, section.thread);
    if (!hot && section.kind == CORONER_SECTION_EVENTS) read_events(&section, payload, at);
    at += section.length;
  }
  if (at != end) fail("sections pass the end", at);
}

static int by_thread(const void *a, const void *b) {
  const struct run *x = a, *y = b;
  if (x->slot != y->slot) return x->slot < y->slot ? -1 : 1;
  return x->first == y->first ? 0 : x->first < y->first ? -1 : 1;
}

/* One thread's runs: whether they are one, and the numbers in them. */
static void check(const struct run *run, const struct run *end) {
  uint64_t first = 0, count = 0, writer = 0, next = run->first;
  const struct coroner_record *last = NULL; /* where the longest run so far has its records */
  const struct run *longest = run;
  for (; run < end; run++) {
    if (run->first > next) fail("an event is missing", next);
    for (uint32_t i = 0; i < run->count; i++) {
      const struct coroner_record *it = &run->records[i];
      uint64_t index = run->first + i;
      if (index < next) {
        uint64_t place = index - longest->first;
        if (index >= longest->first && place < longest->count && memcmp(it, &longest->records[place], sizeof *it))
          fail("an event exists twice and differs", index);
        continue;
      }
      next = index + 1;
      if ((it->time_kind & 0xff) != 22) continue;
      if (last && it->object != first + count) fail("numbers do not follow each other", it->object);
      if (!last) first = it->object, writer = it->subject;
      last = it, count++;
    }
    if (run->first + run->count >= longest->first + longest->count) longest = run;
  }
  if (last) printf("%lu %lu %lu\n", (unsigned long)writer, (unsigned long)first, (unsigned long)count);
}

int main(int argc, char **argv) {
  struct stat status;
  int descriptor = argc > 1 ? open(argv[1], O_RDONLY) : -1;
  if (descriptor < 0 || fstat(descriptor, &status)) return 2;
  size = (uint64_t)status.st_size;
  file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (file == MAP_FAILED) return 2;
  struct coroner_file_header header;
  memcpy(&header, file, sizeof header);
  if (memcmp(header.magic, CORONER_MAGIC, 8)) fail("no magic", 0);
  read_sections(header.header_size, header.end, false);
  for (int i = 0; i < CORONER_SEGMENTS; i++) {
    const struct coroner_segment *it = &header.segments[i];
    if (it->sequence) read_sections(it->offset + sizeof(struct coroner_section), it->end, false);
  }
  read_sections(header.header_size, header.end, true);
  qsort(runs, run_count, sizeof *runs, by_thread);
  for (size_t from = 0, to = 0; from < run_count; from = to) {
    while (to < run_count && runs[to].slot == runs[from].slot) to++;
    check(&runs[from], &runs[to]);
  }
  return 0;
}
