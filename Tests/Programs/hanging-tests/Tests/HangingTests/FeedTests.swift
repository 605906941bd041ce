import Testing

/// Events for whoever reads them; `close` is called by nobody.
struct Feed {
  let events: AsyncStream<Int>
  private let continuation: AsyncStream<Int>.Continuation
  init() { (events, continuation) = AsyncStream.makeStream() }

  func publish(_ event: Int) { continuation.yield(event) }
  func close() { continuation.finish() }

  func sum() async -> Int {
    var sum = 0
    for await event in events { sum += event }
    return sum
  }
}

struct FeedTests {
  @Test func closedFeed() async {
    let feed = Feed()
    feed.publish(1)
    feed.close()
    #expect(await feed.sum() == 1)
  }

  @Test func openFeed() async {
    let feed = Feed()
    feed.publish(1)
    #expect(await feed.sum() == 1)
  }
}
