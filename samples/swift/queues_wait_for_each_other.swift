// Two serial queues, each of which calls the other one synchronously.
// expect: lock-cycle
// resource: orders, stock
import Dispatch
import Foundation

final class Shop: Sendable {
  let orders = DispatchQueue(label: "orders")
  let stock = DispatchQueue(label: "stock")

  func order() {
    orders.sync {
      usleep(100_000)
      stock.sync {}  // <- waits
    }
  }

  func restock() {
    stock.sync {
      usleep(100_000)
      orders.sync {}  // <- waits
    }
  }
}

@main struct Main {
  static func main() async {
    let shop = Shop()
    let order = Task.detached(name: "order") { shop.order() }
    let restock = Task.detached(name: "restock") { shop.restock() }
    print("hung")
    fflush(nil)
    await order.value
    await restock.value
  }
}
