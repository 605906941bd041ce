/* The layout of a trace file, shared by recorder and reader. docs/format.md is its specification. */
#pragma once
#include "coroner.h"

#define CORONER_MAGIC "CORONER\n"           /* 8 bytes, no terminator */
#define CORONER_VERSION_MAJOR 1
#define CORONER_VERSION_MINOR 3
#define CORONER_BYTE_ORDER 0x01020304u
#define CORONER_PAGE 4096u

/* One event in a hot buffer. In blocks the same fields are stored as columns. */
struct coroner_record {
  uint64_t time_kind;                       /* ticks since the start << 8 | kind */
  uint64_t subject;
  uint64_t object;
  uint32_t site;                            /* id of a stack, 0 if none */
  uint32_t value;
};
_Static_assert(sizeof(struct coroner_record) == 32, "record layout is part of the format");

/* A part of a bounded file that is used again when the limit is reached. Its sections lie behind the header
 * of its own section. */
#define CORONER_SEGMENTS 16
struct coroner_segment {
  uint64_t offset;                          /* of its section in the file; 0: there is none */
  uint64_t sequence;                        /* from 1 in the order of their beginnings; 0: it holds nothing;
                                               atomic, release, stored when the key frame is complete */
  uint64_t end;                             /* where its sections end in the file; atomic, release */
  uint64_t time;                            /* ticks: its key frame has what came before */
  uint64_t missing;                         /* what the key frame has not, for want of room: parties, resources */
};

/* A thread that loses events and has no buffer to say so in. Once it has one, a gap event takes its place. */
#define CORONER_LOSSES 32
struct coroner_loss {
  uint32_t thread;                          /* slot; 0: not in use; atomic */
  uint32_t reserved;
  uint64_t events;                          /* lost so far */
  uint64_t since, last;                     /* ticks: of the first and the latest of them */
};

/* The first page of the file. */
struct coroner_file_header {
  char magic[8];
  uint16_t version_major, version_minor;
  uint32_t byte_order;
  uint32_t header_size;                     /* CORONER_PAGE */
  uint32_t process;                         /* pid */
  uint64_t wall_start_ns;                   /* Unix time when the recording began */
  uint64_t monotonic_start_ns;              /* CLOCK_MONOTONIC then */
  uint64_t ticks_per_second;                /* the recorder's first estimate */
  uint64_t tick_last, monotonic_last_ns;    /* a later pair, for a better one; 0 if none. tick_last counts
                                               from the start of the recording */
  uint64_t end;                             /* bytes of the file that hold sections; atomic, release */
  uint64_t lost_events;                     /* counted over all threads; atomic */
  uint32_t clean_end;                       /* 1: coroner_stop was reached, nothing is in hot buffers */
  uint32_t parent;                          /* pid of the process that started this one; 0 unknown */
  char program[256];                        /* zero-terminated UTF-8 */
  struct coroner_segment segments[CORONER_SEGMENTS]; /* of a recording with a limit; else all zero */
  struct coroner_loss losses[CORONER_LOSSES]; /* since 1.2 */
};
#define CORONER_SEGMENTS_OFFSET 344
#define CORONER_LOSSES_OFFSET 984
_Static_assert(offsetof(struct coroner_file_header, segments) == CORONER_SEGMENTS_OFFSET &&
                   offsetof(struct coroner_file_header, losses) == CORONER_LOSSES_OFFSET,
               "header layout is part of the format");

/* Sections follow the header, one after another, each at a multiple of 8. */
enum coroner_section_kind {
  CORONER_SECTION_EVENTS = 1,               /* deflated columns of one thread's events */
  CORONER_SECTION_DEFINITIONS = 2,          /* deflated definition items */
  CORONER_SECTION_HOT = 3,                  /* buffers that threads write into */
  CORONER_SECTION_PADDING = 4,              /* so that a hot section starts at a page */
  CORONER_SECTION_SEGMENT = 5,              /* has sections of kinds 1 and 6 behind its header */
  CORONER_SECTION_KEPT = 6,                 /* part of a key frame: events of one thread that still matter.
                                               first_index: that of the thread's first event behind it */
};
#define CORONER_SECTION_MAGIC 0x4e524f43u   /* "CORN" */

struct coroner_section {
  uint32_t magic;
  uint16_t kind;
  uint16_t flags;                           /* 0 */
  uint64_t length;                          /* header and payload, a multiple of 8 */
  uint64_t payload_length;                  /* bytes of payload after the header */
  uint32_t crc;                             /* CRC-32 of the payload; 0 for hot sections */
  uint32_t thread;                          /* events: thread slot; hot: buffers in it */
  uint64_t first_index;                     /* events: index of the first one among the thread's events */
  uint64_t time_first, time_last;           /* events: ticks */
  uint32_t count;                           /* events or items in it */
  uint32_t inflated_length;                 /* bytes of the inflated payload */
  uint32_t header_crc;                      /* CRC-32 of the header with this field 0 */
  uint32_t reserved;
};
_Static_assert(sizeof(struct coroner_section) == 72, "section header layout is part of the format");

/* An events payload, inflated: a u64 mask of the byte planes that are present, then each present plane, `count`
 * bytes. Planes in order: time, as delta to the event before (the first to time_first), 8 planes, lowest byte first;
 * kind 1; subject 8 and object 8, both rotated right by 4 bits; site 4; value 4: 33 planes. An absent plane is all
 * zero. With the bit CORONER_BY_KIND in the mask the planes but that of the kinds have the events in the order of
 * their kinds; without (versions 1.0 and 1.1) as they happened. */
#define CORONER_PLANE_KIND 8
#define CORONER_BY_KIND 33
#define CORONER_PLANES 33

/* A hot section: the header above padded to a page, then buffers of CORONER_BUFFER_SIZE bytes each. */
#define CORONER_BUFFER_SIZE 65536u
enum coroner_buffer_state {
  CORONER_BUFFER_FREE = 0,
  CORONER_BUFFER_ACTIVE = 1,                /* a thread writes into it */
  CORONER_BUFFER_FULL = 2,                  /* waits for the drain thread */
};
enum coroner_buffer_content {
  CORONER_BUFFER_EVENTS = 1,
  CORONER_BUFFER_DEFINITIONS = 2,
};
struct coroner_buffer {
  uint32_t state;
  uint32_t content;
  uint32_t thread;                          /* slot of the thread, as defined by a thread item */
  uint32_t reserved;
  uint64_t first_index;                     /* index of the first record here among the thread's events;
                                               definitions: index of the first byte among all such bytes */
  uint64_t committed;                       /* records (or bytes of items) completely written; release */
  uint64_t pad[4];
};
_Static_assert(sizeof(struct coroner_buffer) == 64, "buffer header layout is part of the format");
#define CORONER_BUFFER_RECORDS ((CORONER_BUFFER_SIZE - 64u) / 32u)

/* A reader takes from hot buffers only what no events section of the same thread holds (by index). */

/* Definition items, one after another, each padded to a multiple of 4. */
enum coroner_definition_kind {
  CORONER_DEFINE_STRING = 1,                /* id; UTF-8 bytes */
  CORONER_DEFINE_SITE = 2,                  /* id; struct coroner_site_definition */
  CORONER_DEFINE_STACK = 3,                 /* id; u32 site ids, innermost first */
  CORONER_DEFINE_FACT = 4,                  /* id 0; u32 key, u32 value: string ids */
  CORONER_DEFINE_THREAD = 5,                /* id: thread slot; u64 tid, u32 name: string id, u32 0 */
  CORONER_DEFINE_MODULE = 6,                /* id; u32 path: string id, then the build id's bytes */
  CORONER_DEFINE_ADDRESS = 7,               /* id among those of sites; struct coroner_address_definition */
};
struct coroner_item {
  uint16_t length;                          /* bytes of payload, without this header and padding */
  uint8_t kind;
  uint8_t reserved;
  uint32_t id;
};
struct coroner_site_definition {
  uint32_t file, function;                  /* string ids */
  uint32_t line, end_line;
  uint16_t column, end_column;              /* 1-based UTF-8 bytes, 0 unknown */
  uint32_t flags;
};
struct coroner_address_definition {
  uint32_t module;
  uint32_t flags;                           /* coroner_address_flags */
  uint64_t offset;
};
