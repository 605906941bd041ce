// Streams with a producer each, one consumer for all of them, and one stream that is left early.
// expect: nothing

func numbers(_ count: Int) -> AsyncStream<Int> {
  AsyncStream { continuation in
    let producer = Task {
      for number in 0..<count {
        continuation.yield(number)
        if number % 16 == 0 { try? await Task.sleep(for: .milliseconds(1)) }
      }
      continuation.finish()
    }
    continuation.onTermination = { _ in producer.cancel() }
  }
}

func first(_ count: Int, of stream: AsyncStream<Int>) async -> Int {
  var sum = 0
  for await number in stream.prefix(count) { sum += number }
  return sum
}

@main struct Main {
  static func main() async {
    var sum = 0
    for _ in 0..<10 {
      for await number in numbers(100) { sum += number }
    }
    print(sum, await first(10, of: numbers(1_000_000)))
  }
}
