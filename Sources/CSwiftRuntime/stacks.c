#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unwind.h>

#include "swift_runtime.h"

/* ---- what was defined before ---- */

/* Content that was defined, by a hash of 64 bits that stands for it, and its id. Grows only: a reader needs no
 * lock. What finds no room is defined anew each time, which gives the same id. */
struct known {
  uint64_t key; /* 0: free */
  uint32_t id;  /* 0: not yet there */
};
#define KNOWN_COUNT (1u << 16)
#define KNOWN_TRIES 8
static struct known known_sites[KNOWN_COUNT], known_stacks[KNOWN_COUNT];

static inline uint64_t mixed(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

/* The hash of nothing yet. It differs after code was unloaded, so that nothing known before is found. */
static inline uint64_t begun(uint64_t kind) {
  return mixed(kind + 1, __atomic_load_n(&probe_unloads, __ATOMIC_ACQUIRE));
}

static inline uint32_t known_id(const struct known *table, uint64_t key) {
  for (uint64_t i = 0; i < KNOWN_TRIES; i++) {
    const struct known *entry = &table[(key + i) % KNOWN_COUNT];
    uint64_t found = __atomic_load_n(&entry->key, __ATOMIC_ACQUIRE);
    if (found == key) return __atomic_load_n(&entry->id, __ATOMIC_ACQUIRE);
    if (!found) break;
  }
  return 0;
}

static void remember(struct known *table, uint64_t key, uint32_t id) {
  if (!id) return;
  for (uint64_t i = 0; i < KNOWN_TRIES; i++) {
    struct known *entry = &table[(key + i) % KNOWN_COUNT];
    uint64_t found = 0;
    if (__atomic_compare_exchange_n(&entry->key, &found, key, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE) ||
        found == key) {
      __atomic_store_n(&entry->id, id, __ATOMIC_RELEASE);
      return;
    }
  }
}

/* ---- definitions ---- */

/* A definition on this thread is not begun within another: a signal's handler may come in between. */
static _Thread_local bool is_defining __attribute__((tls_model("initial-exec")));

static uint32_t site_of(const void *pc, uint32_t flags) {
  uint64_t key = mixed(begun(flags), (uintptr_t)pc) | 1;
  uint32_t id = known_id(known_sites, key);
  if (!id) remember(known_sites, key, id = probe_define_code(pc, flags));
  return id;
}

uint32_t probe_site(const void *pc) {
  if (is_defining || !pc) return 0;
  is_defining = true;
  uint32_t id = site_of(pc, 0);
  is_defining = false;
  return id;
}

__attribute__((noinline)) static uint32_t define_stack(const void *const *pcs, size_t count,
                                                       size_t returns) {
  uint32_t sites[CORONER_STACK_LIMIT], id = 0;
  size_t used = 0;
  if (is_defining) return 0;
  is_defining = true;
  for (size_t i = 0; i < count; i++) {
    uint32_t site = site_of(pcs[i], i < returns ? CORONER_ADDRESS_RETURN : 0);
    if (site) sites[used++] = site;
  }
  if (used) id = probe_define_stack(sites, used);
  is_defining = false;
  return id;
}

uint32_t probe_stack(const void *const *pcs, size_t count, size_t returns) {
  if (!count) return 0;
  if (count > CORONER_STACK_LIMIT) count = CORONER_STACK_LIMIT;
  uint64_t key = begun(returns < count ? returns : count);
  for (size_t i = 0; i < count; i++) key = mixed(key, (uintptr_t)pcs[i]);
  key |= 1;
  uint32_t id = known_id(known_stacks, key);
  if (__builtin_expect(!id, 0)) remember(known_stacks, key, id = define_stack(pcs, count, returns));
  return id;
}

/* ---- by frame pointers ---- */

/* The function that runs a task's turn: what is further out is the same for all of them. */
static uintptr_t turn_start, turn_size;

/* What of this thread's stack can be read for sure: pages that were read before. Code that keeps no frame
 * pointer leaves any number in its register, and behind a stack may lie what must not be touched. */
static _Thread_local struct {
  uintptr_t low, high;
} readable __attribute__((tls_model("initial-exec")));
#define PAGE 4096ul
#define FRAME_LIMIT (64 * PAGE)

/* The kernel reads the set of signals before it looks at what to do with it, which is nonsense here. */
static bool kernel_reads(uintptr_t at) {
  int saved = errno;
  bool can = syscall(SYS_rt_sigprocmask, ~0, at, NULL, 8) == 0 || errno == EINVAL;
  errno = saved;
  return can;
}

/* Whether a frame's two words can be read, `inner` being a frame further in that can. */
static bool is_frame(uintptr_t frame, uintptr_t inner) {
  if (frame <= inner || frame - inner > FRAME_LIMIT || frame % sizeof(void *)) return false;
  while (frame + 2 * sizeof(void *) > readable.high) {
    if (!kernel_reads(readable.high)) return false;
    readable.high += PAGE;
  }
  return true;
}

/* A return address without the signature that some processors put into its upper bits. */
static inline const void *plain(const void *pc) {
#if defined(__aarch64__)
  register const void *x30 __asm__("x30") = pc;
  __asm__("hint #7" : "+r"(x30)); /* xpaclri; nothing on processors that do not sign */
  return x30;
#else
  return pc;
#endif
}

size_t probe_walk(const void *frame, const void **pcs, size_t limit) {
  uintptr_t at = (uintptr_t)frame;
  if (at < readable.low || at + 2 * sizeof(void *) > readable.high) {
    /* The frame of a function that runs is in use. */
    readable.low = at & ~(PAGE - 1);
    readable.high = (at + 2 * sizeof(void *) + PAGE - 1) & ~(PAGE - 1);
  }
  size_t count = 0;
  while (count < limit) {
    uintptr_t outer = ((const uintptr_t *)at)[0];
    const void *pc = plain(((const void *const *)at)[1]);
    if (!pc || (uintptr_t)pc - turn_start < turn_size) break;
    if (!probe_is_own_code(pc)) pcs[count++] = pc;
    if (!is_frame(outer, at)) break;
    at = outer;
  }
  return count;
}

/* ---- by the unwinder's tables ---- */

static _Unwind_Reason_Code (*backtrace)(_Unwind_Trace_Fn, void *);
static uintptr_t (*get_ip)(struct _Unwind_Context *);
struct unwinding {
  const void **pcs;
  size_t count, limit;
};

static _Unwind_Reason_Code take_frame(struct _Unwind_Context *frame, void *argument) {
  struct unwinding *unwinding = argument;
  uintptr_t pc = get_ip(frame);
  if (!pc || pc - turn_start < turn_size) return _URC_END_OF_STACK;
  if (probe_is_own_code((void *)pc)) return _URC_NO_REASON;
  unwinding->pcs[unwinding->count++] = (void *)pc;
  return unwinding->count < unwinding->limit ? _URC_NO_REASON : _URC_END_OF_STACK;
}

size_t probe_unwind(const void *frame, const void **pcs, size_t limit) {
  if (!backtrace) return probe_walk(frame, pcs, limit);
  struct unwinding unwinding = {pcs, 0, limit};
  if (limit) backtrace(take_frame, &unwinding);
  return unwinding.count;
}

size_t probe_async_callers(const void *context, const void **pcs, size_t count, size_t limit) {
  while (context && count < limit) {
    const void *const *words = context; /* the caller's context, where it goes on */
    if (!words[1]) break;
    pcs[count++] = words[1];
    context = words[0];
  }
  return count;
}

uint32_t probe_stack_here(const void *frame) {
  const void *pcs[CORONER_STACK_LIMIT];
  size_t count = probe_unwind(frame, pcs, CORONER_STACK_LIMIT);
  return probe_stack(pcs, count, count);
}

#define NEAR_FRAMES 6

uint32_t probe_stack_near(const void *frame) {
  const void *pcs[NEAR_FRAMES];
  size_t count = probe_walk(frame, pcs, NEAR_FRAMES);
  return probe_stack(pcs, count, count);
}

void probe_stacks_start(void) {
  /* Swift's library brings the unwinder, perhaps for itself alone: it is not ours to load. */
  void *unwinder = dlopen("libgcc_s.so.1", RTLD_LAZY | RTLD_NOLOAD);
  void *scope = unwinder ? unwinder : RTLD_DEFAULT;
  backtrace = (void *)dlsym(scope, "_Unwind_Backtrace");
  get_ip = (void *)dlsym(scope, "_Unwind_GetIP");
  if (!get_ip) backtrace = NULL;
  const void *turn = probe_next("swift_job_run", NULL);
  Dl_info info;
  const ElfW(Sym) *symbol = NULL;
  if (turn && dladdr1(turn, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol) {
    turn_start = (uintptr_t)turn;
    turn_size = symbol->st_size;
  }
  /* What it sets up for its first use, it does here, before the program has a lock that it could need. */
  const void *pcs[2];
  probe_unwind(__builtin_frame_address(0), pcs, 2);
}
