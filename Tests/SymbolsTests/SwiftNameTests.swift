import Testing

@testable import Symbols

@Suite struct SwiftNameTests {
  /// What the runtime makes of a mangled name, and what a person is told.
  static let names: [(demangled: String, text: String)] = [
    ("main.Bank.transfer(to: Swift.Int) async -> Swift.Int", "Bank.transfer(to:)"),
    ("main.outer(main.Bank, _: Swift.Int) async -> Swift.Int", "outer(_:_:)"),
    (
      "(3) suspend resume partial function for main.Bank.transfer(to: Swift.Int) async -> Swift.Int",
      "Bank.transfer(to:)"
    ),
    (
      "closure #1 @Sendable () async -> Swift.Int in static main.Main.main() async -> ()",
      "closure #1 in Main.main()"
    ),
    (
      "(1) await resume partial function for partial apply forwarder for implicit closure #2 () "
        + "async throws -> () in closure #1 (Swift.Int) -> () in main.f() -> ()",
      "implicit closure #2 in closure #1 in f()"
    ),
    ("main.(Cache in _53B81164E7D235F2).put(key: A, A1) -> ()", "Cache.put(key:_:)"),
    (
      "generic specialization <Swift.Array<Swift.Int>, (A) -> B> of main.Box.map<A>((A) -> A1) -> A1",
      "Box.map(_:)"
    ),
    (
      "(extension in main):Swift.Array<A where A: Swift.Equatable>.drop(while: (A) -> Swift.Bool, "
        + "max: (a: Swift.Int, b: Swift.Int)) -> ()",
      "Array.drop(while:max:)"
    ),
    ("helper #1 (x: Swift.Int) -> () in main.f() -> ()", "helper(x:) in f()"),
    ("helper #1 <A>(A) -> () in main.f() -> ()", "helper(_:) in f()"),
    ("main.Bank.balance.getter : Swift.Int", "Bank.balance.getter"),
    ("main.Bank.__allocating_init(named: Swift.String) -> main.Bank", "Bank.init(named:)"),
    ("main.Bank.__deallocating_deinit", "Bank.deinit"),
    ("static main.Money.== infix(main.Money, main.Money) -> Swift.Bool", "Money.=="),
    ("static main.Money.< infix(main.Money, main.Money) -> Swift.Bool", "Money.<"),
    ("protocol witness for main.P.run() -> () in conformance main.S : main.P in main", "P.run()"),
    ("main.`what is recorded`.`works (well)`() -> ()", "`what is recorded`.`works (well)`()"),
    ("outlined destroy of Swift.String", "outlined destroy of Swift.String"),
    (
      "(2) await resume partial function for function signature specialization <Arg[1] = [Constant "
        + "Propagated Function : implicit closure #1 () async -> Swift.Int in main.offer() async -> "
        + "Swift.Int]> of reabstraction thunk helper from @escaping () -> () to ()",
      "implicit closure #1 in offer()"
    ),
    ("$defer #1 () -> () in main.f() -> ()", "defer in f()"),
    (
      "merged partial apply forwarder for closure #1 () -> () in main.f() -> ()",
      "closure #1 in f() or one like it"
    ),
  ]

  @Test(arguments: names) func saysWhatAPersonWrote(demangled: String, text: String) {
    #expect(SwiftName(demangled: demangled).text == text)
  }

  @Test func whatCallsTheMainFunctionIsTold() {
    #expect(SwiftName(demangled: "static main.Main.$main() async -> ()").isEntry)
    #expect(!SwiftName(demangled: "static main.Main.main() async -> ()").isEntry)
  }

  @Test func theRuntimeDemangles() throws {
    let name = try #require(SwiftName(mangled: "$s4main4BankC8transfer2toS2i_tYaFTY2_"))
    #expect(name.text == "Bank.transfer(to:)")
    #expect(name.module == "main")
    #expect(SwiftName(mangled: "pthread_mutex_lock") == nil)
    #expect(SwiftName(mangled: "$sThis is no name") == nil)
  }

  @Test func whetherItMayBeSuspended() {
    #expect(SwiftName(demangled: "main.f(() async -> ()) async throws -> ()").isAsync)
    #expect(!SwiftName(demangled: "main.f(() async -> ()) -> ()").isAsync)
    #expect(!SwiftName(demangled: "closure #1 () -> () in main.f() async -> ()").isAsync)
    #expect(SwiftName(demangled: "closure #1 @Sendable () async -> () in main.f() -> ()").isAsync)
  }

  @Test func anyTextIsReadToItsEnd() {
    let pieces = [
      "(", ")", "<", ">", "[", "`", " in ", ".", ":", "->", " #1 ", "a", "@", ",", "(1) ",
    ]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<5_000 {
      let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
        pieces.randomElement(using: &random)!
      }
      _ = SwiftName(demangled: text.joined())
    }
    _ = SwiftName(demangled: String(repeating: "(", count: 100_000))
  }
}
