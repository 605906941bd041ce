/* Foundation's operations: jobs of a queue that runs so many at a time. A queue is called through the table of its
 * class, and calls libdispatch only when an operation's turn has come; but the work item that is run then is made when
 * the operation is added. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "locks.h"
#include "memory.h"

#define HERE __builtin_frame_address(0)
/* Numbers of operations: the conditions that those wait at who wait for their end. */
#define OPERATION (UINT64_C(1) << 54)

static struct {
  void *(*create)(unsigned long, void *);
  void *(*create_with_class)(unsigned long, unsigned, int, void *);
  void *(*copy)(const void *);
  void (*release)(const void *);
  void *on_stack;
} next;

__attribute__((noinline, cold)) static void resolve(void) {
  next.create_with_class = probe_next("dispatch_block_create_with_qos_class", NULL);
  next.copy = probe_next("_Block_copy", NULL);
  next.release = probe_next("_Block_release", NULL);
  next.on_stack = probe_next("_NSConcreteStackBlock", NULL);
  __atomic_store_n(&next.create, probe_next("dispatch_block_create", NULL), __ATOMIC_RELEASE);
}
#define RESOLVED (__builtin_expect(!next.create, 0) ? resolve() : (void)0)

/* ---- what Foundation's classes look like ---- */

static struct {
  uintptr_t operation, block_operation, queue; /* types */
  uintptr_t code, code_size;
  uintptr_t wait, wait_size;                   /* the function that waits for an operation's end */
  uintptr_t main, start;                       /* of an operation, in the tables of classes */
  uintptr_t condition, condition_place, dependencies, state, limit, name, is_main, block; /* fields */
  bool is_known;
} foundation;

static uintptr_t word(uintptr_t address) {
  uintptr_t word = 0;
  return probe_peek(address, &word, sizeof word) ? word : 0;
}

static uint32_t number(uintptr_t address) {
  uint32_t number = 0;
  return probe_peek(address, &number, sizeof number) ? number : 0;
}

/* What a relative reference leads to. */
static uintptr_t referred(uintptr_t address) {
  int32_t distance = (int32_t)number(address);
  return distance ? address + (uintptr_t)(intptr_t)distance : 0;
}

/* Places in the description of a class, and of its fields. */
enum { INSTANCE_SIZE = 24, CLASS_SIZE = 32, DESCRIPTION = 40 };
enum { FIELDS = 16, FIELD_COUNT = 36, FIELD_OFFSETS = 40 };
enum { FIRST_FIELD = 16, FIELD_SIZE = 12, FIELD_NAME = 8 };

/* Where a class has a field; 0: it has none of the name. */
static uintptr_t field(uintptr_t class, const char *name) {
  uintptr_t description = word(class + DESCRIPTION);
  uintptr_t fields = description ? referred(description + FIELDS) : 0;
  uint32_t count = description ? number(description + FIELD_COUNT) : 0;
  for (uint32_t i = 0; fields && i < count && i < 64; i++) {
    char found[32] = "";
    size_t length = strlen(name) + 1;
    uintptr_t text = referred(fields + FIRST_FIELD + i * FIELD_SIZE + FIELD_NAME);
    if (length <= sizeof found && text && probe_peek(text, found, length) && !memcmp(found, name, length))
      return word(class + (number(description + FIELD_OFFSETS) + i) * sizeof(uintptr_t));
  }
  return 0;
}

/* Where the table of a class has a method; 0: nowhere. */
static uintptr_t method(uintptr_t class, uintptr_t function) {
  uint32_t size = number(class + CLASS_SIZE);
  for (uintptr_t at = DESCRIPTION + sizeof at; function && size < 4096 && at < size; at += sizeof at)
    if (word(class + at) == function) return at;
  return 0;
}

/* Finds the code that the function for waits is part of. */
static int find_code(struct dl_phdr_info *info, size_t size, void *wait) {
  (void)size;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    uintptr_t start = info->dlpi_addr + part->p_vaddr;
    if (part->p_type != PT_LOAD || (uintptr_t)wait - start >= part->p_memsz) continue;
    foundation.code = start;
    foundation.code_size = part->p_memsz;
    return 1;
  }
  return 0;
}

static uintptr_t symbol(const char *name) { return (uintptr_t)probe_next(name, NULL); }

void probe_operations_start(void) {
  RESOLVED;
  uintptr_t wait = symbol("$s10Foundation9OperationC17waitUntilFinishedyyF");
  if (!wait || !next.create || !next.create_with_class || !next.copy || !next.release || !next.on_stack) return;
  Dl_info info;
  const ElfW(Sym) *found = NULL;
  if (dladdr1((void *)wait, &info, (void **)&found, RTLD_DL_SYMENT) && found) foundation.wait_size = found->st_size;
  dl_iterate_phdr(find_code, (void *)wait);
  foundation.operation = symbol("$s10Foundation9OperationCN");
  foundation.block_operation = symbol("$s10Foundation14BlockOperationCN");
  foundation.queue = symbol("$s10Foundation14OperationQueueCN");
  uintptr_t condition = symbol("$s10Foundation11NSConditionCN");
  if (!foundation.operation || !foundation.block_operation || !foundation.queue || !condition) return;
  foundation.main = method(foundation.operation, symbol("$s10Foundation9OperationC4mainyyF"));
  foundation.start = method(foundation.operation, symbol("$s10Foundation9OperationC5startyyF"));
  foundation.condition = field(foundation.operation, "__waitCondition");
  foundation.condition_place = field(condition, "cond");
  foundation.dependencies = field(foundation.operation, "__dependencies");
  foundation.state = field(foundation.operation, "__state");
  foundation.limit = field(foundation.queue, "__actualMaxNumOps");
  foundation.name = field(foundation.queue, "__name");
  foundation.is_main = field(foundation.queue, "__mainQ");
  foundation.block = field(foundation.block_operation, "_block");
  foundation.is_known = foundation.wait_size && foundation.condition && foundation.condition_place &&
                        foundation.dependencies && foundation.state && foundation.limit && foundation.name &&
                        foundation.is_main;
  if (foundation.is_known) foundation.wait = wait;
  else probe_define_fact("probe.fallback", "no operations: unknown layout");
}

static bool is_a(uintptr_t object, uintptr_t class) {
  uintptr_t type = object % sizeof(void *) ? 0 : word(object);
  for (int depth = 0; type && depth < 16; depth++) {
    if (type == class) return true;
    type = word(type + sizeof(void *));
  }
  return false;
}

/* ---- operations that are added ---- */

enum { QUEUE = 2, ADDED = 3 }; /* words of what is captured, behind its head */

/* Whether the closure is Foundation's and captures a queue and an operation. Others with the same function do, too. */
static bool is_of_queue(const struct probe_closure_block *block) {
  static uintptr_t known[4]; /* atomic */
  uintptr_t captures[4];
  if (block->function - foundation.code >= foundation.code_size) return false;
  for (size_t i = 0; i < 4; i++)
    if (__atomic_load_n(&known[i], __ATOMIC_ACQUIRE) == block->function) return true;
  if (!block->captures || !probe_peek(block->captures, captures, sizeof captures) ||
      !is_a(captures[QUEUE], foundation.queue) || !is_a(captures[ADDED], foundation.operation))
    return false;
  for (size_t i = 0; i < 4; i++) {
    uintptr_t none = 0;
    if (__atomic_compare_exchange_n(&known[i], &none, block->function, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
      break;
  }
  return true;
}

/* Of what is known to be an object, and to live. */
static uintptr_t at(uintptr_t object, uintptr_t place) { return *(const uintptr_t *)(object + place); }

/* What it runs. */
static const void *function_of(uintptr_t operation) {
  uintptr_t type = at(operation, 0), main = foundation.main ? at(type, foundation.main) : 0;
  if (type == foundation.block_operation && foundation.block) return (const void *)at(operation, foundation.block);
  if (main && main != at(foundation.operation, foundation.main)) return (const void *)main;
  return foundation.start ? (const void *)at(type, foundation.start) : NULL;
}

/* An array of Swift's: how many it has, and what, behind the head of an object. */
enum { ARRAY_COUNT = 16, ARRAY_FIRST = 32, MOST_TOLD = 32 };
/* States of an operation, in order. */
enum { IS_FINISHING = 6 };

static void tell_dependencies(uint64_t job, uintptr_t operation) {
  uintptr_t array = at(operation, foundation.dependencies), count = word(array + ARRAY_COUNT);
  for (uintptr_t i = 0; i < count && i < MOST_TOLD; i++) {
    uintptr_t other = word(array + ARRAY_FIRST + i * sizeof other);
    uintptr_t condition = is_a(other, foundation.operation) ? word(other + foundation.condition) : 0;
    uintptr_t place = condition ? word(condition + foundation.condition_place) : 0;
    if (place && (uint8_t)number(other + foundation.state) < IS_FINISHING)
      probe_record_operation_awaits(job, OPERATION | place);
  }
}

/* A string of Swift's: short ones lie in its two words, others behind the head of an object. */
static size_t read_text(const uint64_t words[2], char *text, size_t limit) {
  bool is_short = words[1] >> 61 & 1, is_foreign = words[1] >> 60 & 1, is_bridged = words[1] >> 62 & 1;
  if (!words[1] || is_foreign) return 0;
  size_t length = is_short ? words[1] >> 56 & 0xf : words[0] & 0xffffffffffff;
  if (length > limit) length = limit;
  if (is_short) memcpy(text, words, length);
  else if (is_bridged || !probe_peek((words[1] & 0xfffffffffffffff) + 32, text, length)) return 0;
  return length;
}

static void tell_queue(uintptr_t queue, int32_t limit, const uint64_t name[2]) {
  char text[166] = "queue ";
  size_t length = 6 + read_text(name, text + 6, sizeof text - 6);
  /* One without a name has the address in it. */
  static const char unnamed[] = "queue NSOperationQueue 0x";
  if (length == 6 || (length >= sizeof unnamed && !memcmp(text, unnamed, sizeof unnamed - 1))) length = 0;
  probe_record_operation_queue((uint64_t)queue, limit == INT32_MAX ? 0 : (uint64_t)limit, text, length);
}

/* The queue to tell of: the main one is libdispatch's. It is told again when it has another limit or name. */
static uint64_t told_queue(uintptr_t queue) {
  if (at(queue, foundation.is_main) & 1) {
    void *main = probe_next("_dispatch_main_q", NULL);
    if (main) probe_tell_queue(main);
    return (uint64_t)(uintptr_t)main;
  }
  int32_t limit = *(const int32_t *)(queue + foundation.limit);
  uint64_t name[2] = {at(queue, foundation.name), at(queue, foundation.name + 8)};
  uint32_t mark = (uint32_t)(name[0] ^ name[1] ^ name[1] >> 32);
  struct probe_object *known = probe_object((const void *)queue, true);
  if (known && (known->permits != limit || known->count != mark)) {
    known->permits = limit;
    known->count = mark;
    __atomic_store_n(&known->is_told, false, __ATOMIC_RELEASE);
  }
  if (probe_tells_now(known)) tell_queue(queue, limit, name);
  return (uint64_t)queue;
}

/* A block that says when another one is run. */
struct told_block {
  struct probe_block block;
  struct probe_block *inner;
  uint64_t job;
};

static void run(void *block) {
  struct told_block told = *(struct told_block *)block;
  probe_record_job_start(told.job);
  told.inner->function(told.inner);
  probe_record_job_end(told.job);
}
static void copy(void *to, const void *from) {
  ((struct told_block *)to)->inner = next.copy(((const struct told_block *)from)->inner);
}
static void drop(const void *block) { next.release(((const struct told_block *)block)->inner); }

static const struct {
  unsigned long reserved, size;
  void (*copy)(void *, const void *);
  void (*drop)(const void *);
} description = {0, sizeof(struct told_block), copy, drop};
enum { BLOCK_IS_COPIED = 1 << 25 };

/* The block to make a work item of. */
static void *told(void *block, struct told_block *room, const void *frame) {
  const struct probe_closure_block *closure = block ? probe_closure(block) : NULL;
  struct probe_holder *own = probe_holder();
  if (!foundation.is_known || !own || own->busy || !closure || !is_of_queue(closure))
    return block;
  own->busy++;
  uintptr_t queue = at(closure->captures, QUEUE * sizeof queue);
  uintptr_t operation = at(closure->captures, ADDED * sizeof queue);
  uint64_t executor = told_queue(queue);
  if (!executor) {
    own->busy--;
    return block;
  }
  const void *function = function_of(operation);
  *room = (struct told_block){{next.on_stack, BLOCK_IS_COPIED, 0, run, (const void *)&description}, block, 0};
  room->job = OPERATION | at(at(operation, foundation.condition), foundation.condition_place);
  probe_record_job(executor, room->job, probe_stack_here(frame), function ? probe_site(function) : 0);
  tell_dependencies(room->job, operation);
  own->busy--;
  return room;
}

PROBE_EXPORTED void *dispatch_block_create(unsigned long flags, void *block) {
  RESOLVED;
  struct told_block room;
  if (probe_is_on) block = told(block, &room, HERE);
  return next.create(flags, block);
}

PROBE_EXPORTED void *dispatch_block_create_with_qos_class(unsigned long flags, unsigned class, int priority,
                                                          void *block) {
  RESOLVED;
  struct told_block room;
  if (probe_is_on) block = told(block, &room, HERE);
  return next.create_with_class(flags, class, priority, block);
}

/* ---- waits for their end ---- */

uint64_t probe_operation_at(const pthread_cond_t *condition, const void *caller) {
  return (uintptr_t)caller - foundation.wait < foundation.wait_size ? OPERATION | (uintptr_t)condition : 0;
}
