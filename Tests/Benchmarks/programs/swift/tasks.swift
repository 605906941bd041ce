// A million tasks that do next to nothing: less than a microsecond each, in groups of a hundred. The clock that counts a
// process's time is too coarse for fewer.
import Dispatch

@inline(never) func digest(_ number: Int) -> UInt64 {
  var hash = UInt64(truncatingIfNeeded: number) | 1
  for _ in 0..<600 { hash = hash &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
  return hash & 1
}

func run(_ count: Int) async {
  var sum: UInt64 = 0
  for _ in 0..<(count / 100) {
    sum += await withTaskGroup(of: UInt64.self) { group in
      for number in 0..<100 { group.addTask { digest(number) } }
      return await group.reduce(0, +)
    }
  }
  print(sum)
}

@main struct Main {
  static func main() {
    let done = DispatchSemaphore(value: 0)
    Task.detached {
      await run(1_000_000)
      done.signal()
    }
    done.wait()
  }
}
