/// Asks llvm-symbolizer about one file.
struct LookUp {
  var path: String
  var run: ([String], String) -> String?

  typealias Frame = SymbolizerOutput.Frame

  /// The frames of each address, innermost first; nothing if the file cannot be read.
  func frames(at instructions: [UInt64]) -> [[Frame]]? { ask(instructions.map(Self.question)) }

  /// A part of an async function may be without lines, if nothing but its end is in it. The function as a whole
  /// has the line where it begins.
  func withBeginnings(_ frames: [[Frame]]) -> [[Frame]] {
    var frames = frames
    var places: [(address: Int, frame: Int, function: String)] = []
    for address in frames.indices {
      for (index, frame) in frames[address].enumerated() where frame.file == nil {
        if let whole = frame.function.flatMap(Self.wholeFunction) {
          places.append((address, index, whole))
        }
      }
    }
    let names = Set(places.map(\.function)).sorted()
    // Before LLVM 18 it looks up addresses only.
    guard !names.isEmpty, let answers = ask(names) else { return frames }
    let known = Dictionary(uniqueKeysWithValues: zip(names, answers))
    for place in places {
      guard let whole = known[place.function]?.last, whole.file != nil else { continue }
      frames[place.address][place.frame].file = whole.file
      frames[place.address][place.frame].line = whole.line
    }
    return frames
  }

  /// How far into a part of an async function its first line of code may be, and in what steps one looks for it.
  private static let reach = stride(from: UInt64(8), through: 96, by: 8)

  /// What goes on at these addresses, where functions were inlined into the part of an async function that begins
  /// there: its first instructions have a line, but do not say of which function, or have none. Those that follow do.
  func suspended(at instructions: [UInt64], _ frames: [[Frame]]) -> [[Frame]] {
    var frames = frames
    let parts = frames.indices.filter {
      frames[$0].count == 1 && frames[$0][0].function.flatMap(Self.wholeFunction) != nil
    }
    let places = parts.flatMap { part in Self.reach.map { instructions[part] + $0 } }
    guard !places.isEmpty, let all = ask(places.map(Self.question)) else { return frames }
    let steps = all.count / parts.count
    for (number, part) in parts.enumerated() {
      let begin = frames[part][0]
      frames[part] =
        all[(number * steps)..<((number + 1) * steps)].lazy.compactMap { found -> [Frame]? in
          guard found.count > 1 || begin.file == nil, let outer = found.last,
            outer.function == begin.function,
            begin.file == nil || found[0].file == begin.file && found[0].line == begin.line
          else { return nil }
          // What cannot be suspended is only about to run.
          let waiting = found.dropLast().drop {
            $0.function.flatMap { SwiftName(mangled: $0) }?.isAsync != true
          }
          let all = Array(waiting) + [outer]
          return all.contains { $0.file != nil } ? all : nil
        }.first ?? frames[part]
    }
    return frames
  }

  private static func question(_ instruction: UInt64) -> String {
    "0x" + String(instruction, radix: 16)
  }

  private func ask(_ questions: [String]) -> [[Frame]]? {
    let arguments = ["--obj=" + path, "--output-style=LLVM", "--inlines", "--functions=linkage"]
    return run(arguments, questions.map { $0 + "\n" }.joined()).flatMap {
      SymbolizerOutput.frames($0, count: questions.count)
    }
  }

  /// The mangled name of the function that a part of it goes on: that of `fTQ0_` and `fTY2_` is `f`. Nothing if it
  /// is no such part, or one of a thunk.
  static func wholeFunction(_ part: String) -> String? {
    var name = part[...]
    guard name.hasPrefix("$s"), name.last == "_",
      name.utf8.allSatisfy({
        $0 == UInt8(ascii: "$") || $0 == UInt8(ascii: "_") || UInt8.isAlphanumeric($0)
      })
    else { return nil }
    name.removeLast()
    while let last = name.last, last.isNumber { name.removeLast() }
    guard name.hasSuffix("TQ") || name.hasSuffix("TY") else { return nil }
    name.removeLast(2)
    return name.hasSuffix("TA") || name.hasSuffix("TR") ? nil : String(name)
  }
}

extension UInt8 {
  fileprivate static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }
}
