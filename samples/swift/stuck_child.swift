// One child of a group waits for a continuation that nobody has any more.
// expect: orphaned-future
// tasks: page 2
import Glibc

func fetch(_ page: Int) async -> Int {
  guard page == 2 else { return page }
  return await withUnsafeContinuation { _ in }  // <- waits
}

func crawl() async -> Int {
  await withTaskGroup(of: Int.self) { group in
    for page in 1...3 {
      group.addTask(name: "page \(page)") { await fetch(page) }
    }
    var sum = 0
    for await size in group { sum += size }
    return sum
  }
}

@main struct Main {
  static func main() async {
    let crawler = Task.detached(name: "crawler") { await crawl() }
    print("hung")
    fflush(nil)
    print(await crawler.value)
  }
}
