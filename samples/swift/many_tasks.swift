// A hundred thousand tasks, of which a thousand at a time are under way.
// expect: nothing

func digest(_ number: Int) async -> Int {
  if number % 7 == 0 { await Task.yield() }
  return number % 10
}

@main struct Main {
  static func main() async {
    var sum = 0
    for round in 0..<100 {
      let tasks = (0..<1000).map { number in
        Task.detached { await digest(1000 * round + number) }
      }
      for task in tasks { sum += await task.value }
    }
    print(sum)
  }
}
