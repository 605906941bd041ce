// Actors that call each other, the main actor among them, from a thousand tasks.
// expect: nothing

actor Account {
  private var balance = 0
  private let journal: Journal

  init(_ journal: Journal) { self.journal = journal }

  func deposit(_ amount: Int) async {
    balance += amount
    await journal.note(amount)
  }
}

actor Journal {
  private(set) var lines = 0
  func note(_ amount: Int) { lines += amount }
}

@MainActor var shown = 0

@main struct Main {
  static func main() async {
    let journal = Journal()
    let account = Account(journal)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<1000 {
        group.addTask {
          await account.deposit(1)
          await MainActor.run { shown += 1 }
        }
      }
    }
    print(await journal.lines, shown)
  }
}
