// Of two values that are computed side by side, one never comes.
// expect: orphaned-future
// tasks: price
import Glibc

func price() async -> Int {
  await withUnsafeContinuation { _ in }  // <- waits
}

func stock() async -> Int { 3 }

func offer() async -> Int {
  async let each = price()
  async let left = stock()
  return await each * left
}

@main struct Main {
  static func main() async {
    let customer = Task.detached(name: "offer") { await offer() }
    print("hung")
    fflush(nil)
    print(await customer.value)
  }
}
