// Two operations each depend on the other, so neither is ever run.
// expect: await-cycle
import Foundation

struct Report {
  let queue = OperationQueue()

  func start() -> Operation {
    let layout = BlockOperation { print("laid out") }
    let index = BlockOperation { print("indexed") }
    let upload = BlockOperation { print("uploaded") }
    index.addDependency(layout)
    layout.addDependency(index)
    upload.addDependency(index)
    queue.addOperation(layout)  // <- waits
    queue.addOperation(index)  // <- waits
    queue.addOperation(upload)
    return upload
  }
}

@main struct Main {
  static func main() {
    let upload = Report().start()
    print("hung")
    fflush(nil)
    upload.waitUntilFinished()
  }
}
