import Rendering
import Testing
import TraceFormat

@Suite struct QuantityTests {
  @Test(
    arguments: [
      (0, "0 s"), (7, "7 ns"), (999, "999 ns"), (2_190_000, "2.19 ms"), (9_996_000, "10.0 ms"),
      (999_400_000, "999 ms"), (999_600_000, "1.00 s"), (12_400_000_000, "12.4 s"),
      (999_900_000_000, "16.7 min"), (90_061_000_000_000, "25.0 h"), (UInt64.max, "213,504 d"),
    ] as [(UInt64, String)])
  func durationsHaveThreeDigits(nanoseconds: UInt64, text: String) {
    #expect(duration(nanoseconds) == text)
  }

  @Test func countsAreGrouped() {
    #expect(count(1) == "1")
    #expect(count(1204) == "1,204")
    #expect(count(123_456_789) == "123,456,789")
    #expect(count(1, "task") == "1 task")
    #expect(count(0, "task") == "0 tasks")
  }
}
