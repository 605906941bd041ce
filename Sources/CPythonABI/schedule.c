/* When the watchdog takes a snapshot: once nothing moves, now and then while the program goes on, and when asked to by
 * a signal. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "cpython_abi.h"
#include "watch.h"

/* So many periods are between two looks at the threads of a process without loops. */
enum { LOOPLESS_PERIODS = 10 };
/* Of a program that goes on, a snapshot is taken at doubling intervals up to this. */
#define LONGEST_INTERVAL_MS (10 * 60 * 1000u)
/* How long the interpreter may be kept from the program: 2 % of the time since anything moved, at most
 * this, and less while the program goes on, of the time since the last snapshot then. */
enum { SHARE = 50, LONGEST_STILL_MS = 1000, LONGEST_MOVING_MS = 100, SHORTEST_MS = 10 };

static bool (*take_snapshot)(uint32_t, uint64_t, uint64_t);
static uint64_t stall_ms;   /* 0: no snapshots unless asked for */
static volatile sig_atomic_t asked;
static int asking;          /* the signal that asks for a snapshot, 0 if none */
static struct sigaction before_asking;

/* ---- settings ---- */

static void ask(int number, siginfo_t *info, void *context) {
  asked = 1;
  if (before_asking.sa_flags & SA_SIGINFO) {
    before_asking.sa_sigaction(number, info, context);
  } else if (before_asking.sa_handler != SIG_DFL && before_asking.sa_handler != SIG_IGN) {
    before_asking.sa_handler(number);
  }
}

static int signal_number(const char *name) {
  static const struct { const char *name; int number; } known[] = {
      {"USR1", SIGUSR1}, {"USR2", SIGUSR2}, {"HUP", SIGHUP},     {"QUIT", SIGQUIT},
      {"URG", SIGURG},   {"IO", SIGIO},     {"WINCH", SIGWINCH}, {"PWR", SIGPWR},
  };
  if (strncmp(name, "SIG", 3) == 0) name += 3;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(name, known[i].name) == 0) return known[i].number;
  char *end;
  long offset = strncmp(name, "RTMIN+", 6) == 0 ? strtol(name + 6, &end, 10) : -1;
  return offset >= 0 && !*end && SIGRTMIN + offset <= SIGRTMAX ? SIGRTMIN + (int)offset : 0;
}

bool probe_watch_configure(bool (*snapshot)(uint32_t, uint64_t, uint64_t)) {
  take_snapshot = snapshot;
  const char *stall = getenv("CORONER_STALL");
  stall_ms = stall && *stall ? (uint64_t)(strtod(stall, NULL) * 1000) : 5000;
  const char *name = getenv("CORONER_SIGNAL");
  if (!name || !*name) return true;
  asking = signal_number(name);
  if (!asking) return false;
  struct sigaction action = {.sa_sigaction = ask, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  return sigaction(asking, &action, &before_asking) == 0;
}

/* ---- the schedule ---- */

/* When a snapshot is due. */
static struct schedule {
  uint64_t seen;           /* the movements seen last */
  uint64_t turns;          /* of a process without loops: those of its threads */
  int periods;             /* since they were counted */
  uint64_t moved_at;       /* when they were seen, ns */
  uint64_t try_at;         /* ms of rest at which one is due; 0: no more until something moves */
  uint64_t taken_at;       /* ns */
  uint64_t interval;       /* ms since the last one after which one is due although things move */
} schedule;

void probe_schedule_begin(void) {
  uint64_t now = probe_coarse_ns();
  schedule = (struct schedule){.moved_at = now, .try_at = stall_ms, .taken_at = now, .interval = stall_ms};
}

static bool finish_snapshot(int mine, uint32_t reason, uint64_t still, uint64_t budget) {
  if (!probe_watch_may_look(mine)) return true;
  int state = PyGILState_Ensure();
  bool complete = !probe_watch_may_look(mine) || take_snapshot(reason, still, budget);
  PyGILState_Release(state);
  return complete;
}

static uint64_t within(uint64_t value, uint64_t least, uint64_t most) {
  return value < least ? least : value > most ? most : value;
}

/* Where no loop tells, threads that are given a processor may do something. */
static bool threads_moved(void) {
  if (++schedule.periods < LOOPLESS_PERIODS) return false;
  schedule.periods = 0;
  uint64_t before = schedule.turns;
  schedule.turns = probe_turns();
  return schedule.turns != before;
}

void probe_schedule_look(int mine, uint64_t now) {
  if (!take_snapshot) return;
  bool is_all_seen, loops = probe_watch_has_loops();
  uint64_t count = probe_watch_movements(&is_all_seen);
  if (count != schedule.seen || (!loops && stall_ms && threads_moved()) || !is_all_seen) {
    schedule.seen = count;
    schedule.moved_at = now;
    schedule.try_at = stall_ms;
  }
  uint64_t still = (now - schedule.moved_at) / 1000000u;
  uint64_t since = (now - schedule.taken_at) / 1000000u;
  uint64_t budget = within(since / SHARE, SHORTEST_MS, LONGEST_MOVING_MS);
  if (asked) {
    asked = 0;
    finish_snapshot(mine, CORONER_SNAPSHOT_SIGNAL, still, LONGEST_MOVING_MS);
  } else if (stall_ms && schedule.try_at && still >= schedule.try_at) {
    budget = within(still / SHARE, SHORTEST_MS, LONGEST_STILL_MS);
    schedule.try_at = finish_snapshot(mine, CORONER_SNAPSHOT_STALL, still, budget) ? 0 : still * 2;
  } else if (loops && stall_ms && since >= schedule.interval && still < stall_ms / 2) {
    finish_snapshot(mine, CORONER_SNAPSHOT_STALL, still, budget);
    schedule.interval = within(schedule.interval * 2, 1, LONGEST_INTERVAL_MS);
  } else {
    return;
  }
  schedule.taken_at = probe_coarse_ns();
}
