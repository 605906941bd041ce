// Tasks that wait for each other, for actors, continuations and streams: mostly waits.
import Dispatch

actor Counter {
  var count = 0
  func next() -> Int {
    count += 1
    return count
  }
}

func answer(_ number: Int) async -> Int {
  await withUnsafeContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(returning: number) }
  }
}

func run() async {
  let counter = Counter()
  var sum = 0
  for round in 0..<200 {
    let (numbers, feed) = AsyncStream<Int>.makeStream()
    let workers = (0..<50).map { number in
      Task.detached {
        _ = feed.yield(await answer(number) + counter.next())
      }
    }
    for worker in workers { await worker.value }
    feed.finish()
    for await number in numbers { sum += number % (round + 1) }
  }
  print(sum > 0)
}

@main struct Main {
  static func main() {
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      await run()
      done.signal()
    }
    done.wait()
  }
}
