// Callbacks of queues, threads and timers that resume the tasks that wait for them.
// expect: nothing
import Foundation

func onQueue(_ queue: DispatchQueue, _ number: Int) async -> Int {
  await withCheckedContinuation { continuation in
    queue.async { continuation.resume(returning: number) }
  }
}

func later(_ number: Int) async -> Int {
  await withUnsafeContinuation { continuation in
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.01) {
      continuation.resume(returning: number)
    }
  }
}

func onThread(_ number: Int) async -> Int {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: number) }
  }
}

@main struct Main {
  static func main() async {
    let queue = DispatchQueue(label: "callbacks")
    var sum = 0
    for number in 0..<50 {
      async let third = onThread(number)
      sum += await onQueue(queue, number) + later(number) + third
    }
    print(sum)
  }
}
