import Glibc
import Testing
import TraceFormat

@testable import Symbols

@Suite struct SymbolizerTests {
  @Test func framesAreReadInnermostFirst() {
    let text = """
      $s4main5innerSiF
      /src/a b.swift:7:40
      $s4main5outerSiF
      /<compiler-generated>:0:0

      ??
      ??:0:0

      f
      C:/x.c:3

      """
    let frames = SymbolizerOutput.frames(text, count: 3)
    #expect(
      frames == [
        [
          .init(function: "$s4main5innerSiF", file: "/src/a b.swift", line: 7, column: 40),
          .init(function: "$s4main5outerSiF", isGenerated: true),
        ],
        [.init()],
        [.init(function: "f")],
      ])
    #expect(SymbolizerOutput.frames(text, count: 2) == nil)
    #expect(SymbolizerOutput.frames("", count: 1) == nil)
  }

  /// Two modules: this test's own program, whose build id is read from it, and one that is not there.
  private func sample(of path: String) throws -> Definitions {
    let id = hexadecimal(try #require(BinaryFile(path: path)).buildID)
    return try TraceText.parse(
      """
      module m1 "\(path)"\(id.isEmpty ? "" : " build-id=" + id)
      module m2 /nowhere/server build-id=0102
      address a1 m1 0x101 return
      address a2 m1 0x200
      address a3 m2 0x300
      site s1 app.py:3 main
      stack k1 a1 a2 a3 s1
      stack k2 a2
      """
    ).definitions
  }

  private var program: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  @Test func inlinedFunctionsAreFramesOfTheirOwn() throws {
    var definitions = try sample(of: program)
    var asked: [String] = []
    let symbolizer = Symbolizer(files: ModuleFiles()) { _, input in
      asked.append(input)
      return """
        $s4main5innerSiyF
        /src/a.swift:7:40
        $s4main5outerSiyF
        /src/.build/checkouts/lib/b.swift:9:2

        $s4main5outerSiyFTA
        /<compiler-generated>:0:0

        """
    }
    let notes = symbolizer.name(&definitions, recorded: .max)
    #expect(asked == ["0x100\n0x200\n"])
    let frames = definitions.frames(StackID(1))
    #expect(frames.map(\.function) == ["inner()", "outer()", "server+0x300", "main"])
    #expect(frames.map(\.line) == [7, 9, 0, 3])
    #expect(frames.map(\.ownership) == [.user, .library, .user, .user])
    // There is nothing but what the compiler made.
    #expect(definitions.frames(StackID(2)).map(\.function) == ["outer()"])
    #expect(notes.count == 1 && notes.allSatisfy { $0.contains("server is not on this machine") })
  }

  @Test func whatHasNoLineAmongLinesIsTheCompilers() throws {
    var definitions = try sample(of: program)
    let symbolizer = Symbolizer(files: ModuleFiles()) { _, _ in
      """
      $s4main5innerSiyF
      /src/a.swift:7:40

      $s4main5outerSiyF
      ??:0:0

      """
    }
    _ = symbolizer.name(&definitions, recorded: .max)
    #expect(definitions.frames(StackID(1)).map(\.function) == ["inner()", "server+0x300", "main"])
  }

  @Test func aPartOfAnAsyncFunctionWithoutLinesIsWhereTheFunctionBegins() throws {
    var definitions = try sample(of: program)
    var asked: [String] = []
    let symbolizer = Symbolizer(files: ModuleFiles()) { _, input in
      asked.append(input)
      if input.hasPrefix("$") { return "$s4main5outeryyYaF\n/src/a.swift:5:3\n\n" }
      return input.split(separator: "\n").map {
        $0 == "0x100"
          ? "$s4main5innerSiyF\n/src/a.swift:7:40\n\n" : "$s4main5outeryyYaFTQ0_\na.swift.o:0:0\n\n"
      }.joined()
    }
    _ = symbolizer.name(&definitions, recorded: .max)
    #expect(asked.last == "$s4main5outeryyYaF\n")
    #expect(definitions.frames(StackID(2)).map(\.function) == ["outer()"])
    #expect(definitions.frames(StackID(2)).map(\.line) == [5])
    #expect(LookUp.wholeFunction("$s4main5outeryyYaFTA.10TQ0_") == nil)
    #expect(LookUp.wholeFunction("$s4main5outeryyYaFTATQ0_") == nil)
    #expect(LookUp.wholeFunction("$s4main5outeryyYaFU_") == nil)
  }

  @Test func whatWasInlinedIntoAPartOfAnAsyncFunctionIsFoundBehindItsBeginning() throws {
    var definitions = try TraceText.parse(
      """
      module m1 "\(program)" build-id=\(hexadecimal(try #require(BinaryFile(path: program)).buildID))
      address a1 m1 0x200
      stack k1 a1
      """
    ).definitions
    let symbolizer = Symbolizer(files: ModuleFiles()) { _, input in
      input.split(separator: "\n").map { address in
        // $s4main5totalSiyF is not async, $s4main5auditSiyYaF is.
        address < "0x210"
          ? "$s4main4mainyyYaFTY3_\n/a.swift:18:0\n\n"
          : """
          $s4main5totalSiyF
          /a.swift:18:25
          $s4main5auditSiyYaF
          /a.swift:27:21
          $s4main4mainyyYaFTY3_
          /a.swift:33:57


          """
      }.joined()
    }
    _ = symbolizer.name(&definitions, recorded: .max)
    let frames = definitions.frames(StackID(1))
    #expect(frames.map(\.function) == ["audit()", "main()"])
    #expect(frames.map(\.line) == [27, 33])
  }

  @Test func aPartThatBeginsWithoutALineHasThatOfItsFirstInstructionsThatDo() throws {
    var definitions = try sample(of: program)
    let symbolizer = Symbolizer(files: ModuleFiles()) { _, input in
      input.split(separator: "\n").map { address in
        address < "0x210"
          ? "$s4main5offerSiyYaFTQ1_\na.swift:0:0\n\n"
          : "$s4main5priceSiyYaF\n/a.swift:7:9\n$s4main5offerSiyYaFTQ1_\n/a.swift:13:20\n\n"
      }.joined()
    }
    _ = symbolizer.name(&definitions, recorded: .max)
    let frames = definitions.frames(StackID(2))
    #expect(frames.map(\.function) == ["price()", "offer()"])
    #expect(frames.map(\.line) == [7, 13])
  }

  @Test func whatTheCompilerMadeStaysWhereNothingElseIsTheUsers() throws {
    var definitions = try sample(of: program)
    definitions.modules[2]?.path = "/lib/libc.so.6"
    definitions.stacks[1] = [1, 2, 3]
    let symbolizer = Symbolizer(files: ModuleFiles()) { _, _ in
      """
      $s4main5innerSiyFTm
      ??:0:0

      $s4main5outerSiyF
      /src/a.swift:5:1

      """
    }
    definitions.stacks[3] = [1, 3]
    _ = symbolizer.name(&definitions, recorded: .max)
    #expect(definitions.frames(StackID(1)).map(\.function) == ["outer()", "server+0x300"])
    #expect(
      definitions.frames(StackID(3)).map(\.function) == ["inner() or one like it", "server+0x300"])
  }

  @Test func anotherBuildIsNotReadAndSaidSo() throws {
    var definitions = try sample(of: program)
    definitions.modules[1]?.buildID = [1, 2, 3]
    let symbolizer = Symbolizer(files: ModuleFiles()) { _, _ in
      Issue.record("it was read")
      return nil
    }
    let notes = symbolizer.name(&definitions, recorded: .max)
    #expect(notes.contains { $0.contains("rebuilt since") && $0.contains("--binaries") })
    #expect(definitions.frames(StackID(1)).first?.function.hasSuffix("+0x101") == true)
  }

  @Test func aFileElsewhereIsFoundByItsName() throws {
    let definitions = try sample(of: program)
    var module = try #require(definitions.modules[1])
    let folder = String(program[..<program.lastIndex(of: "/")!])
    module.path = "/nowhere/" + module.name
    #expect(ModuleFiles().place(of: module, recorded: .max) == .missing)
    #expect(
      ModuleFiles(folders: [folder]).place(of: module, recorded: .max)
        == .found(folder + "/" + module.name))
    module.buildID = [1]
    #expect(
      ModuleFiles(folders: [folder]).place(of: module, recorded: .max)
        == .differs(folder + "/" + module.name))
  }

  @Test func withoutASymbolizerOneNoteSaysWhatIsNeeded() throws {
    var definitions = try sample(of: program)
    let before = definitions
    let notes = Symbolizer(files: ModuleFiles(), run: nil).name(&definitions, recorded: 0)
    #expect(notes.count == 1 && notes[0].contains("llvm-symbolizer"))
    #expect(definitions.stacks == before.stacks)
  }

  @Test func answersThatDoNotFitNameNothing() throws {
    var definitions = try sample(of: program)
    let symbolizer = Symbolizer(files: ModuleFiles()) { _, _ in "\n\nwhat?" }
    #expect(
      symbolizer.name(&definitions, recorded: .max).contains { $0.contains("could not read") })
    #expect(definitions.frames(StackID(2)).count == 1)
  }

  @Test func whoseCodeItIs() {
    func owner(_ path: String, _ file: String?, _ function: String = "f", _ module: String? = nil)
      -> Site.Ownership
    {
      CodeOwner.owner(
        module: Module(path: path, buildID: []), file: file, function: function,
        swiftModule: module)
    }
    #expect(owner("/srv/app", "/src/app/main.swift", "f", "app") == .user)
    #expect(owner("/srv/app", "/src/.build/checkouts/nio/a.swift", "f", "NIOCore") == .library)
    #expect(owner("/srv/app", nil, "f", "Swift") == .runtime)
    #expect(owner("/srv/app", nil, "swift_task_alloc") == .runtime)
    #expect(owner("/srv/app", nil, "main") == .user)
    #expect(owner("/usr/lib/libpq.so.5", nil) == .library)
    #expect(owner("/lib/x86_64-linux-gnu/libc.so.6", nil) == .runtime)
    #expect(owner("/usr/lib/swift/linux/libFoundation.so", "/x/y.swift") == .runtime)
  }
}
