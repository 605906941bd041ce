internal import CCoroner

/// Something of your own that tasks or threads wait for: a lock, a semaphore, an event, a promise.
///
/// It does nothing itself. Where the primitive waits, is taken, given back or resolved, it says so, and a
/// trace then knows who waits for whom:
///
///     final class Turnstile {
///       private let traced = Primitive(.lock, "turnstile")
///
///       func enter() async {
///         await traced.waiting { await line.next() }
///         traced.acquired()
///       }
///       func leave() {
///         traced.released()
///         ...
///       }
///     }
///
/// When nothing is recorded, each call takes a few instructions. All calls may be made from any thread.
public final class Primitive: Sendable {
  public enum Kind: Sendable {
    /// One at a time; who takes it gives it back.
    case lock
    case semaphore(permits: Int)
    /// Can be waited for until it is set.
    case event
    /// Is resolved once.
    case promise
  }

  private let isLock: Bool

  public init(
    _ kind: Kind, _ name: @autoclosure () -> String, file: StaticString = #filePath,
    function: StaticString = #function, line: UInt = #line
  ) {
    switch kind {
    case .lock, .semaphore: isLock = true
    case .event, .promise: isLock = false
    }
    guard let recorder = ccoroner() else { return }
    let place = recorder.stack(Place(file: file, function: function, line: line))
    recorder.record(
      .resourceCreate, number, object: kind.permits, site: place, value: kind.number)
    recorder.record(.name, number, value: recorder.string(name()))
  }

  private var number: UInt64 { UInt64(UInt(bitPattern: ObjectIdentifier(self))) }
  private var operation: UInt32 { isLock ? 1 : 2 }

  /// Says of all that the current task awaits in `body` that it is this.
  public func waiting<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
  ) async rethrows -> Result {
    guard let recorder = ccoroner(), let task = currentTask else { return try await body() }
    recorder.record(.waitBegin, task, object: number, value: operation)
    defer { recorder.record(.waitBegin, task) }
    return try await body()
  }

  /// Says that the current thread is blocked in `body` until it gets this.
  public func blocking<Result>(
    file: StaticString = #filePath, function: StaticString = #function, line: UInt = #line,
    _ body: () throws -> Result
  ) rethrows -> Result {
    guard let recorder = ccoroner() else { return try body() }
    let place = recorder.stack(Place(file: file, function: function, line: line))
    recorder.record(.blockBegin, number, object: .max, site: place, value: operation)
    defer { recorder.record(.blockEnd, number) }
    return try body()
  }

  /// The current task, or the thread outside of any, has taken the lock or a permit.
  public func acquired(
    file: StaticString = #filePath, function: StaticString = #function, line: UInt = #line
  ) {
    record(.acquired, Place(file: file, function: function, line: line))
  }

  /// The lock or a permit is given back.
  public func released(
    file: StaticString = #filePath, function: StaticString = #function, line: UInt = #line
  ) {
    record(.released, Place(file: file, function: function, line: line))
  }

  /// The event is set; the promise is resolved.
  public func resolved(
    file: StaticString = #filePath, function: StaticString = #function, line: UInt = #line
  ) {
    let place = Place(file: file, function: function, line: line)
    record(.eventSet, place)
    record(.futureDone, place)
  }

  private func record(_ kind: EventKind, _ place: @autoclosure () -> Place) {
    guard let recorder = ccoroner() else { return }
    recorder.record(kind, number, site: recorder.stack(place()))
  }

  private var currentTask: UInt64? {
    withUnsafeCurrentTask { task in
      // A task is one reference, whose address is its number.
      task.map { UInt64(unsafeBitCast($0, to: UInt.self)) }
    }
  }
}

extension Primitive.Kind {
  /// As in coroner.h.
  fileprivate var number: UInt32 {
    switch self {
    case .promise: 1
    case .lock: 2
    case .semaphore: 3
    case .event: 5
    }
  }

  fileprivate var permits: UInt64 {
    switch self {
    case .lock: 1
    case .semaphore(let permits): UInt64(max(0, permits))
    case .event, .promise: 0
    }
  }
}
