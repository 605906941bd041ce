import ArgumentParser

struct Env: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the variables that switch recording on.",
    discussion: """
      For a shell: eval "$(coroner env)" records every program in Python or Swift that is started \
      from it, each into a file of its own in the current folder.
      """)

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The trace. %p stands for the process id, %n for the program's name.", valueName: "file"))
  var output = "hang.%p.coroner"

  @Option(help: ArgumentHelp("Check that this interpreter can be recorded.", valueName: "path"))
  var python: String?

  func run() throws {
    let installation = try Installation.find()
    if let python { try Interpreter(path: python).check() }
    var text = ""
    for variable in installation.variables(output: output, stall: nil) {
      text += "export \(variable.name)=\(Self.quoted(variable.value))\n"
    }
    Console.standardOutput.write(text)
  }

  /// One word of a POSIX shell, whatever is in it.
  static func quoted(_ value: String) -> String {
    "'" + value.replacing("'", with: "'\\''") + "'"
  }
}
