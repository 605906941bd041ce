package import TraceFormat

/// Puts functions, files and lines in the place of addresses of code.
package struct Symbolizer {
  package var files: ModuleFiles
  /// Runs llvm-symbolizer with these arguments and this standard input; what it writes, nothing if it failed
  /// or took too long. Nothing at all if there is none on this machine.
  package var run: (([String], String) -> String?)?

  package init(files: ModuleFiles, run: (([String], String) -> String?)?) {
    self.files = files
    self.run = run
  }

  /// Names what can be named; returns what a reader should know about the rest, a sentence each.
  ///
  /// - Parameter recorded: seconds since 1970 when the recording began.
  package func name(_ definitions: inout Definitions, recorded: Int) -> [String] {
    guard !definitions.addresses.isEmpty else { return [] }
    for (id, address) in definitions.addresses {
      guard let module = definitions.modules[address.module] else { continue }
      definitions.sites[id]?.ownership = CodeOwner.owner(
        module: module, file: nil, function: "", swiftModule: nil)
    }
    guard let run else {
      return [
        "no llvm-symbolizer was found, so code is shown as file and offset: install LLVM or a toolchain "
          + "of Swift, or let CORONER_SYMBOLIZER name it"
      ]
    }
    var notes = MissingFiles()
    var named: [UInt32: [Site]] = [:]
    let byModule = Dictionary(grouping: definitions.addresses, by: \.value.module)
    for (id, sites) in byModule.sorted(by: { $0.key < $1.key }) {
      guard let module = definitions.modules[id] else { continue }
      let path: String
      switch files.place(of: module, recorded: recorded) {
      case .found(let found): path = found
      case .maybe(let found):
        path = found
        notes.add(module, .maybe)
      case .differs:
        notes.add(module, .differs)
        continue
      case .missing:
        notes.add(module, .missing)
        continue
      }
      let instructions = Set(sites.map(\.value.instruction)).sorted()
      let program = LookUp(path: path, run: run)
      guard var frames = program.frames(at: instructions) else {
        notes.add(module, .failed)
        continue
      }
      let resumptions = Set(sites.lazy.filter { !$0.value.isReturn }.map(\.value.instruction))
      let resumed = instructions.indices.filter { resumptions.contains(instructions[$0]) }
      let suspended = program.suspended(
        at: resumed.map { instructions[$0] }, resumed.map { frames[$0] })
      for (place, found) in zip(resumed, suspended) { frames[place] = found }
      frames = program.withBeginnings(frames)
      let all = Dictionary(uniqueKeysWithValues: zip(instructions, frames))
      let hasLines = frames.contains { $0.contains { $0.file != nil } }
      if !hasLines { notes.add(module, .noLines) }
      for (site, address) in sites {
        named[site] = Self.sites(
          all[address.instruction] ?? [], of: module, hasLines: hasLines,
          else: definitions.unnamed(address))
      }
    }
    definitions.put(named)
    return notes.sentences
  }

  private static func sites(
    _ frames: [SymbolizerOutput.Frame], of module: Module, hasLines: Bool, else unnamed: Site
  ) -> [Site] {
    frames.map { frame in
      let name = frame.function.flatMap { SwiftName(mangled: $0) }
      let owner = CodeOwner.owner(
        module: module, file: frame.file, function: frame.function ?? "", swiftModule: name?.module)
      // In a file that has lines, what has none is the compiler's, or comes from the runtime's own archives.
      let isMade =
        frame.isGenerated || name?.isEntry == true
        || frame.file == nil
          && name.map { $0.isThunk || hasLines && owner != .runtime } == true
      let function = name?.text ?? frame.function.map(plain) ?? unnamed.function
      return Site(
        file: isMade ? Definitions.generated : frame.file ?? module.path,
        function: function, line: isMade ? 0 : frame.line, column: frame.column, ownership: owner)
    }
  }

  /// A function of C or C++, whose demangled name has its parameters' types.
  private static func plain(_ name: String) -> String {
    guard let open = name.firstIndex(of: "("), open > name.startIndex else { return name }
    return String(name[..<open])
  }
}

extension Definitions {
  /// The file of code that the compiler made.
  static let generated = "<compiler-generated>"

  /// Puts frames, innermost first, in the place of sites that were addresses: several where functions were
  /// inlined. A site by itself is the function that the code belongs to, the outermost.
  mutating func put(_ named: [UInt32: [Site]]) {
    var next = (sites.keys.max() ?? 0) + 1
    var expanded: [UInt32: [UInt32]] = [:]
    for (id, frames) in named.sorted(by: { $0.key < $1.key }) {
      guard let outermost = frames.last else { continue }
      sites[id] = outermost
      expanded[id] =
        frames.dropLast().map { frame in
          defer { next += 1 }
          sites[next] = frame
          return next
        } + [id]
    }
    for (id, stack) in stacks {
      let whole = stack.flatMap { expanded[$0] ?? [$0] }
      // What the compiler made says nothing, unless there is nothing else of the user's, as where it merged
      // functions that are alike.
      let told = whole.filter { sites[$0]?.file != Self.generated }
      func isUsers(_ id: UInt32) -> Bool { sites[id]?.ownership == .user }
      let isLost = told.isEmpty || !told.contains(where: isUsers) && whole.contains(where: isUsers)
      stacks[id] = isLost ? whole : told
    }
  }
}
