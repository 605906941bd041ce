// Continuations are kept wherever a program can keep something. Nobody resumes them now, but somebody could.
// expect: nothing
// snapshot: yes
import Foundation
import Synchronization

typealias Later = UnsafeContinuation<Void, Never>

final class Box: @unchecked Sendable {
  let later: Later
  init(_ later: Later) { self.later = later }
}
enum Slot {
  case none, first(Box), second(Box), number(Int)
}
actor Keeper {
  private var box: Box?
  func keep(_ box: Box) { self.box = box }
  func resume() { box?.later.resume() }
}

@main struct Main {
  static let hour = 3600.0
  static let queue = DispatchQueue(label: "later")
  static let keeper = Keeper()
  static let mutex = Mutex<Box?>(nil)
  nonisolated(unsafe) static var plain: Later?
  nonisolated(unsafe) static var table: [String: Box] = [:]
  nonisolated(unsafe) static var large: [Box?] = Array(repeating: nil, count: 50_000)
  nonisolated(unsafe) static var slot = Slot.none
  nonisolated(unsafe) static var any: Any = 0
  nonisolated(unsafe) static var bits: UInt = 0
  nonisolated(unsafe) static var unmanaged: Unmanaged<Box>?
  nonisolated(unsafe) static var memory: UnsafeMutableRawPointer!
  nonisolated(unsafe) static var mapped: UnsafeMutableRawPointer!
  nonisolated(unsafe) static var key = pthread_key_t()
  nonisolated(unsafe) static var timer: (any DispatchSourceTimer)?

  static func wait(_ name: String, _ keep: @escaping @Sendable (Later) -> Void) {
    Task(name: name) {
      await withUnsafeContinuation { keep($0) }
      fatalError("\(name) was resumed")
    }
  }

  /// What a thread keeps in its registers while it waits.
  @inline(never) static func resume(_ later: Later, after semaphore: DispatchSemaphore) {
    semaphore.wait()
    later.resume()
  }
  @inline(never) static func resumeInAnHour(_ later: Later) {
    sleep(3600)
    later.resume()
  }
  @inline(never) static func resumeBySpecific(_ box: Box) {
    pthread_setspecific(key, Unmanaged.passRetained(box).toOpaque())
    sleep(3600)
    Unmanaged<Box>.fromOpaque(pthread_getspecific(key)!).takeRetainedValue().later.resume()
  }

  static func main() async {
    pthread_key_create(&key, nil)
    memory = .allocate(byteCount: 64, alignment: 8)
    mapped = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    let signal = DispatchSemaphore(value: 0)
    wait("plain") { plain = $0 }
    wait("table") { table["one"] = Box($0) }
    wait("large") { large[33_333] = Box($0) }
    wait("slot") { slot = .second(Box($0)) }
    wait("any") { any = Box($0) }
    wait("bits") { bits = unsafeBitCast($0, to: UInt.self) }
    wait("unmanaged") { unmanaged = .passRetained(Box($0)) }
    wait("memory") { memory.storeBytes(of: unsafeBitCast($0, to: UInt.self), as: UInt.self) }
    wait("mapped") { mapped.storeBytes(of: unsafeBitCast($0, to: UInt.self), as: UInt.self) }
    wait("mutex") { later in mutex.withLock { $0 = Box(later) } }
    wait("actor") { later in
      let box = Box(later)
      Task { await keeper.keep(box) }
    }
    wait("after") { later in queue.asyncAfter(deadline: .now() + hour) { later.resume() } }
    wait("timer") { later in
      let source = DispatchSource.makeTimerSource(queue: queue)
      source.schedule(deadline: .now() + hour)
      source.setEventHandler { later.resume() }
      source.resume()
      timer = source
    }
    wait("sleeper") { later in
      Task {
        try? await Task.sleep(for: .seconds(hour))
        later.resume()
      }
    }
    wait("register") { later in Thread.detachNewThread { resume(later, after: signal) } }
    wait("pool") { later in DispatchQueue.global().async { resume(later, after: signal) } }
    wait("thread") { later in Thread.detachNewThread { resumeInAnHour(later) } }
    wait("specific") { later in
      let box = Box(later)
      Thread.detachNewThread { resumeBySpecific(box) }
    }
    print("idle")
    fflush(nil)
    while true { try? await Task.sleep(for: .seconds(1)) }
  }
}
