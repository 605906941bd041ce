// One task has the actor and wants the lock; the other has the lock and wants the actor.
// expect: lock-cycle
// tasks: transfer, audit
// resource: Bank, ledger
import Foundation

let ledger = NSLock()

actor Bank {
  private var balance = 100
  func transfer() {
    usleep(100_000)
    ledger.lock()  // <- waits
    balance -= 1
    ledger.unlock()
  }

  func total() -> Int { balance }
}

func closeLedger() { ledger.lock() }  // <- holds
func openLedger() { ledger.unlock() }
func audit(_ bank: Bank) async -> Int {
  closeLedger()
  defer { openLedger() }
  try? await Task.sleep(for: .milliseconds(20))
  return await bank.total()
}

@main struct Main {
  static func main() async {
    let bank = Bank()
    let auditing = Task.detached(name: "audit") { await audit(bank) }
    let transfer = Task.detached(name: "transfer") { await bank.transfer() }
    print("hung")
    fflush(nil)
    await transfer.value
    print(await auditing.value)
  }
}
