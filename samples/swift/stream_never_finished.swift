// A producer ends without a word, and the one that reads its stream waits for the next element.
// expect: queue-no-producer
// tasks: reader
import Glibc

func produce(into events: AsyncStream<Int>.Continuation) async {
  for event in 1...3 {
    try? await Task.sleep(for: .milliseconds(10))
    events.yield(event)
  }
  // finish() is missing, and somebody keeps the continuation.
}

func sum(of events: AsyncStream<Int>) async -> Int {
  var sum = 0
  for await event in events {  // <- waits
    sum += event
  }
  return sum
}

@main struct Main {
  static func main() async {
    let (events, continuation) = AsyncStream<Int>.makeStream()
    let reader = Task.detached(name: "reader") { await sum(of: events) }
    let producer = Task.detached(name: "producer") { await produce(into: continuation) }
    await producer.value
    print("hung")
    fflush(nil)
    print(await reader.value)
    continuation.finish()
  }
}
