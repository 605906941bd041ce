import Findings

/// The 68 blocking kernels of GoKer, each told anew as a small world by what its description says of it, in their
/// classes. A channel without room is a queue whose senders wait until the item is done with; a readers' lock has as
/// many permits as there are readers, of which a writer needs all; a wait group is a queue that is joined; what is
/// closed, or cancelled, is an event.
extension Shape {
  package static let kernels: [(kind: String, shapes: [Shape])] = [
    ("resource", resource), ("communication", communication), ("mixed", mixed),
  ]

  private static func send(_ channel: Int) -> [Step] { [.put(channel), .join(channel)] }
  private static func receive(_ channel: Int) -> [Step] { [.get(channel), .taskDone(channel)] }
  private static let lock = [Step.acquire(0)]
  private static let unlock = [Step.release(0)]
  private static let section = lock + unlock
  private static let read = [Step.take(0)]
  private static let write: [Step] = [.take(0), .take(0), .give(0), .give(0)]
  private static let doneReading = [Step.give(0)]
  private static let wait = [Step.awaitEvent(0)]
  private static let close = [Step.set(0)]

  private static let twice: Set<FindingKind> = [.selfDeadlock]
  private static let kept: Set<FindingKind> = [.abandonedLock]
  private static let orders: Set<FindingKind> = [.lockCycle]
  private static let readers: Set<FindingKind> = [.permitExhaustion]
  private static let noReceiver: Set<FindingKind> = [.unfinishedJoin, .queueNoConsumer]
  private static let noSender: Set<FindingKind> = [.queueNoProducer]
  private static let noSignal: Set<FindingKind> = [.orphanedFuture, .lostWakeup]

  private static let resource: [Shape] = [
    // Double locking.
    Shape("cockroach#16167", readers, permits: [2], read + read + doneReading + doneReading, write),
    Shape("cockroach#18101", noReceiver, send(0) + send(0), receive(0)),
    Shape("cockroach#584", kept, lock, section),
    Shape("cockroach#9935", twice, lock + section + unlock),
    Shape("etcd#10492", twice, [.acquire(1)] + lock + section + unlock + [.release(1)], section),
    Shape("etcd#5509", [.leakedPermit, .orphanedFuture], permits: [2], read, write),
    Shape("etcd#6708", twice, lock + section + unlock, section),
    Shape("grpc#3017", kept, lock, [.sleep] + section),
    Shape("grpc#795", twice, lock + section),
    Shape("hugo#5379", twice, lock + [.acquire(1), .release(1)] + section + unlock, section),
    Shape("moby#17176", kept, lock, section, section),
    Shape("moby#36114", twice, [.sleep] + lock + section + unlock),
    Shape("moby#7559", twice, section + lock + section),
    Shape("syncthing#4829", twice, section + lock + section + unlock, section),
    // AB-BA.
    Shape("cockroach#10214", orders, inOrder(0, 1), inOrder(1, 0)),
    Shape("cockroach#7504", orders, inOrder(0, 1), [.sleep] + inOrder(1, 0)),
    Shape(
      "hugo#3251", orders.union(readers), lock + [.take(0), .give(0)] + unlock,
      [.take(0)] + section + [.give(0)]),
    Shape("kubernetes#13135", orders, inOrder(0, 1), inOrder(1, 0), section),
    Shape("kubernetes#30872", orders, inOrder(0, 1) + inOrder(0, 1), inOrder(1, 0)),
    Shape("moby#4951", orders, inOrder(0, 1), section + inOrder(1, 0)),
    // Readers' locks.
    Shape("cockroach#3710", readers, permits: [2], read + read + doneReading + doneReading, write),
    Shape(
      "cockroach#6181", readers, permits: [2], read + [.sleep] + read + doneReading + doneReading,
      write),
    Shape(
      "kubernetes#58107", readers.union(noSignal).union(orders), permits: [2],
      read + wait + doneReading, write, read + close + doneReading),
    Shape(
      "kubernetes#62464", readers, permits: [2],
      read + [.acquire(0), .release(0)] + read + doneReading + doneReading, write),
  ]

  private static func inOrder(_ first: Int, _ second: Int) -> [Step] {
    [.acquire(first), .acquire(second), .release(second), .release(first)]
  }

  private static let communication: [Shape] = [
    // Channels.
    Shape("cockroach#2448", noReceiver, send(0) + receive(1), send(1) + receive(0)),
    Shape("cockroach#24808", noReceiver, [.put(0), .put(0), .get(0), .get(0)]),
    Shape("cockroach#25456", noSignal, wait),
    Shape("cockroach#35073", noSender, [.get(0), .get(0)], [.put(0)]),
    Shape(
      "cockroach#35931", noReceiver.union(noSender), [.put(0), .put(0), .put(1)],
      [.get(1), .get(0), .get(0)]),
    Shape("etcd#6857", noReceiver, wait, close, send(0)),
    Shape("grpc#1275", noSender.union(noSignal), wait, [.get(0)] + close),
    Shape("grpc#1424", noSender, [.get(0)], [.sleep]),
    Shape("grpc#660", noReceiver, send(0), [.sleep]),
    Shape("istio#17860", noReceiver, send(0), send(0), receive(0)),
    Shape("kubernetes#38669", noSender, [.get(0)]),
    Shape("kubernetes#5316", noReceiver, [.sleep] + send(0), [.sleep]),
    Shape("kubernetes#70277", noSignal, wait, [.put(0)], [.get(0)]),
    Shape("moby#21233", noReceiver, send(0) + send(0) + send(0), receive(0)),
    Shape("moby#33293", noReceiver, send(0)),
    Shape("moby#4395", noReceiver, [.sleep] + send(0)),
    Shape("syncthing#5795", noSender.union(noSignal), [.sleep] + wait, receive(0) + close),
    // Conditions.
    Shape("moby#29733", [.lostWakeup], lock + [.awaitCondition(0)] + unlock),
    Shape("moby#30408", [.lostWakeup], lock + [.awaitCondition(0)] + unlock, section),
    // Channels and contexts.
    Shape(
      "cockroach#10790", noReceiver, send(0) + send(0), receive(0) + wait, [.sleep] + close),
    Shape("cockroach#13197", noSignal, wait, [.sleep]),
    Shape("cockroach#13755", noSignal, wait, section),
    Shape("grpc#862", noSignal, [.sleep] + wait, [.sleep]),
    Shape("istio#18454", noSender, [.get(0)], [.get(0)], [.put(0)]),
    Shape("kubernetes#25331", noReceiver, send(0), close),
    Shape("moby#33781", noReceiver, [.sleep] + send(0), wait, close),
    // Channels and conditions.
    Shape(
      "kubernetes#11298", noSender.union(orders), lock + [.get(0)] + unlock,
      lock + [.notify(0)] + unlock + [.put(0)]),
    Shape(
      "moby#27782", noReceiver.union([.lostWakeup]), lock + [.awaitCondition(0)] + unlock,
      send(0) + lock + [.notify(0)] + unlock),
  ]

  private static let sendsBelow = noReceiver.union(orders)
  private static let waitsBelow = noSignal.union(orders)

  private static let mixed: [Shape] = [
    // Channels and locks.
    Shape("etcd#6873", waitsBelow, [.get(0)] + section + close, [.put(0)] + lock + wait + unlock),
    Shape("etcd#7443", sendsBelow, lock + send(0) + unlock, section + receive(0)),
    Shape(
      "etcd#7492", sendsBelow, lock + send(0) + unlock + lock + send(0) + unlock,
      receive(0) + section + receive(0)),
    Shape("etcd#7902", waitsBelow, lock + wait + unlock, lock + close + unlock),
    Shape(
      "grpc#1353", sendsBelow, send(0) + lock + send(0) + unlock,
      receive(0) + section + receive(0)),
    Shape("grpc#1460", waitsBelow, lock + wait + unlock, [.sleep] + lock + close + unlock),
    Shape("istio#16224", sendsBelow, lock + send(0) + unlock, [.sleep] + section + receive(0)),
    Shape(
      "kubernetes#10182", sendsBelow, lock + send(0) + send(0) + unlock,
      receive(0) + section + receive(0)),
    Shape("kubernetes#1321", sendsBelow, lock + send(0) + unlock, lock + close + unlock),
    Shape(
      "kubernetes#26980", noSender.union(orders), lock + [.get(0)] + unlock,
      lock + [.put(0)] + unlock),
    Shape(
      "kubernetes#6632", sendsBelow, lock + send(0) + unlock, receive(1) + section + receive(0),
      send(1)),
    Shape("moby#28462", sendsBelow, section + lock + send(0) + unlock, section + receive(0)),
    Shape(
      "serving#2137", orders.union(readers).union(noSender),
      [.acquire(0), .acquire(1), .release(1), .get(1), .release(0)],
      [.take(0), .acquire(0), .release(0), .give(0)],
      [.take(0), .acquire(1), .release(1), .put(1), .give(0)]),
    // Channels and wait groups.
    Shape(
      "cockroach#1055", sendsBelow, [.put(0)] + lock + [.join(0)] + unlock, section + receive(0)),
    Shape(
      "cockroach#1462", noReceiver, [.put(0), .join(0)] + receive(1), send(1) + receive(0)),
    // Wait groups.
    Shape(
      "moby#25384", noReceiver.union(noSignal), rooms: [0],
      [.put(0), .put(0)] + close + [.join(0), .set(1)], wait + receive(0),
      [.awaitEvent(1)] + receive(0)),
  ]
}
