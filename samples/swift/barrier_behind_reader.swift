// A block on a concurrent queue waits for a barrier block that it has put behind itself on the same queue.
// expect: loop-self-wait
// resource: catalogue
import Dispatch
import Foundation

final class Catalogue: @unchecked Sendable {
  private let queue = DispatchQueue(label: "catalogue", attributes: .concurrent)
  private var prices: [String: Int] = [:]

  /// Called on the queue.
  private func load(_ article: String) -> Int {
    let loaded = DispatchSemaphore(value: 0)
    queue.async(flags: .barrier) {
      self.prices[article] = article.count
      loaded.signal()
    }
    loaded.wait()  // <- waits
    return prices[article]!
  }

  func price(of article: String, then completion: @escaping @Sendable (Int) -> Void) {
    queue.async { completion(self.prices[article] ?? self.load(article)) }
  }
}

@main struct Main {
  static func main() async {
    let catalogue = Catalogue()
    print("hung")
    fflush(nil)
    let price = await withCheckedContinuation { continuation in
      catalogue.price(of: "lamp") { continuation.resume(returning: $0) }
    }
    print(price)
  }
}
