// swift-tools-version:6.2
import PackageDescription

/// Programs that hang, each in its own way, and healthy ones; what a report must say is in their comments.
/// To run one: swift build && coroner record --output t.coroner -- .build/debug/lock_cycle
let samples = [
  "abandoned_lock", "accepting_thread", "actor_and_lock", "actors_at_work", "answer_forgotten",
  "await_cycle", "awaits_itself", "barrier_behind_reader", "barrier_within_reader",
  "barriers_at_work", "blocked_main_actor", "busy_pool", "callbacks",
  "cancel_under_lock",
  "cancellation",
  "channel_without_reader",
  "condition_never_signalled", "continuation_dropped", "continuation_lost",
  "continuation_never_resumed",
  "finish_under_lock", "global_waits_for_itself", "globals_at_work", "group_never_left",
  "groups_and_values", "idle_server", "join_under_lock",
  "kept_for_later",
  "leaked_permits", "lock_across_await", "lock_across_await_in_pool", "lock_cycle",
  "lock_cycle_of_threads", "locked_twice", "locks_at_work", "main_waits_for_main", "many_tasks",
  "mutex_and_lock", "occupied_actor", "operation_waits_for_operation", "operations_at_work",
  "operations_wait_for_each_other",
  "ordered_locks",
  "pool_exhausted", "pool_exhausted_while_ticking",
  "queue_waits_for_itself", "queues_wait_for_each_other",
  "reader_behind_barrier", "resume_under_lock",
  "rwlock_upgrade", "short_barrier", "stream_never_finished", "streams_at_work", "stuck_async_let",
  "stuck_child",
  "ticking", "timeouts", "waits_for_child", "waits_for_signal",
]

let package = Package(
  name: "samples",
  targets: samples.map { name in
    .executableTarget(
      name: name, path: ".", exclude: samples.filter { $0 != name }.map { $0 + ".swift" },
      sources: [name + ".swift"])
  }
)
