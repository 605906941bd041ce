import XCTest

/// A table of callbacks that one way through the code does not call.
actor Store {
  private var waiting: [CheckedContinuation<Int, Never>] = []

  func value(of name: String) async -> Int {
    guard name.isEmpty else { return name.count }
    return await withCheckedContinuation { waiting.append($0) }
  }
}

final class StoreTests: XCTestCase {
  func testGoesWell() async {
    let value = await Store().value(of: "tea")
    XCTAssertEqual(value, 3)
  }

  func testOfNothing() async {
    let value = await Store().value(of: "")
    XCTAssertEqual(value, 0)
  }
}
