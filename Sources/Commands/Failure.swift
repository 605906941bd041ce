import Rendering

/// Our own failure, in the form of a finding: what failed, and circumstances or advice.
struct Failure: Error {
  /// One clause, lower case, no full stop.
  var message: String
  var notes: [String] = []
  var help: [String] = []
  var status: Status = .usage

  func report(color: Bool) -> String {
    var text = StyledText()
    text.add([.init("error", .error), .init(": "), .init(visible(message, limit: 4096))])
    for note in notes {
      text.add([.init("note:", .heading), .init(" " + visible(note, limit: 4096))])
    }
    for line in help {
      text.add([.init("help:", .help), .init(" " + visible(line, limit: 4096))])
    }
    return text.render(color: color)
  }
}
