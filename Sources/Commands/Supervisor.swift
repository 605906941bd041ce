import ArgumentParser
import Glibc

/// What is done about a program that has stalled.
enum StallAction: String, ExpressibleByArgument, CaseIterable { case report, kill }

/// Runs a program as our child and watches its traces. But for what a stall brings, nobody notices: the
/// program has our input and output and our process group, gets the signals that are sent to us, and
/// we end as it does.
struct Supervisor {
  let action: StallAction
  /// The program's process.
  let child: pid_t
  private let signals: sigset_t
  private var watch: StallWatch
  /// When the program is killed that was asked to end, and who is.
  private var deadline: Double?
  private var doomed: [ProcessTree.Member] = []

  /// Seconds between being asked to end and being killed.
  private static let grace = 5.0
  private static let forwarded = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]

  /// Starts the program; throws an errno value as `Refused`.
  init(
    _ words: [String], variables: [(name: String, value: String)], action: StallAction,
    watch: StallWatch
  ) throws {
    self.action = action
    self.watch = watch
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in Self.forwarded + [SIGCHLD] { sigaddset(&signals, number) }
    self.signals = signals
    // Whoever started us may ignore it, and then no child of ours could be waited for.
    signal(SIGCHLD, SIG_DFL)
    var before = sigset_t()
    sigprocmask(SIG_BLOCK, &signals, &before)
    let (process, refused) = Spawn.start(words, variables: variables, mask: before)
    guard refused == 0 else { throw Refused(reason: refused) }
    child = process
  }

  struct Refused: Error { var reason: Int32 }

  mutating func run() -> Never {
    while true {
      var information = siginfo_t()
      var second = timespec(tv_sec: 1, tv_nsec: 0)
      var set = signals
      let number = sigtimedwait(&set, &information, &second)
      // What the terminal sends, it sends to the program as well.
      if Self.forwarded.contains(number), information.si_code <= 0 { kill(child, number) }
      var status: Int32 = 0
      if waitpid(child, &status, WNOHANG) == child { end(status) }
      if deadline != nil {
        killDoomed()
      } else if let stall = watch.check(root: child) {
        act(on: stall)
      }
    }
  }

  private mutating func act(on stall: StallWatch.Stall) {
    Console.standardError.write(
      """

      coroner: process \(stall.process) has stalled; its trace is '\(stall.trace)'

      \(stall.report)
      """)
    guard action == .kill else { return }
    doomed = ProcessTree.members(of: child)
    for member in doomed {
      kill(member.process, SIGTERM)
      kill(member.process, SIGCONT)
    }
    deadline = MonotonicClock.seconds() + Self.grace
  }

  private mutating func killDoomed() {
    guard let deadline, MonotonicClock.seconds() >= deadline else { return }
    for member in doomed where ProcessTree.isAlive(member) { kill(member.process, SIGKILL) }
    doomed = []
  }

  /// Ends as the program did, or says that it stalled.
  private mutating func end(_ status: Int32) -> Never {
    while deadline != nil, doomed.contains(where: ProcessTree.isAlive) {
      usleep(50_000)
      killDoomed()
    }
    if deadline != nil { exit(Status.stalled.rawValue) }
    let number = status & 0x7f
    if number == 0 { exit(status >> 8 & 0xff) }
    // Its memory was written out, if anybody's was to be.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    signal(number, SIG_DFL)
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, number)
    sigprocmask(SIG_UNBLOCK, &set, nil)
    kill(getpid(), number)
    exit(128 + number)
  }
}
