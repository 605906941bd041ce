// A dispatch group is entered once more than it is left.
// expect: unfinished-join
// tasks: import
import Foundation

func load(_ part: Int, then completion: (Int) -> Void) {
  if part % 2 == 0 { completion(part) }
}

func loadAll() -> Int {
  let group = DispatchGroup()
  var loaded = 0
  for part in 1...2 {
    group.enter()
    load(part) {
      loaded += $0
      group.leave()
    }
  }
  group.wait()  // <- waits
  return loaded
}

@main struct Main {
  static func main() async {
    let importing = Task.detached(name: "import") { loadAll() }
    print("hung")
    fflush(nil)
    print(await importing.value)
  }
}
