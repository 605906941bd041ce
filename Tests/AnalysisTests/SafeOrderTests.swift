import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Safe programs that take locks in opposite orders on the face of it.
@Suite struct SafeOrderTests {
  @Test func oneOrderIsSafe() throws {
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb1", "0xb2")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aLockAroundBothOrdersIsSafe() throws {
    var script = LockOrderScript()
    script.section("0xa1", "0xb3", "0xb1", "0xb2")
    script.section("0xa2", "0xb3", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aSinglePermitAroundBothOrdersIsSafe() throws {
    var script = LockOrderScript(locks: "lock lock semaphore")
    script.section("0xa1", "0xb3", "0xb1", "0xb2")
    script.section("0xa2", "0xb3", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func oneTaskThatDoesBothIsSafe() throws {
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa1", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func whoeverIsStartedAfterwardsIsSafe() throws {
    var script = LockOrderScript()
    script.section(
      "0xa1", "0xb1", "0xb2", after: ["task-create 0xa4 site=atPut value=compact object=4"])
    script.section("0xa4", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func whoeverAwaitedTheEndIsSafe() throws {
    var script = LockOrderScript()
    script.tell("task-resume 0xa2")
    script.tell("task-suspend 0xa2 object=0xa1 site=atCompact")
    script.section("0xa1", "0xb1", "0xb2")
    script.tell("task-resume 0xa1")
    script.tell("task-end 0xa1")
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func whoeverMayHaveLookedAtTheResultIsSafe() throws {
    // An await of a task that has ended does not pause, so a trace does not show it.
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2")
    script.tell("task-resume 0xa1")
    script.tell("task-end 0xa1")
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func handlersOfConnectionsDoNotAwaitEachOther() throws {
    var script = LockOrderScript()
    script.tell("task-create 0xa5 site=atMain value=put object=5")
    script.section("0xa5", "0xb1", "0xb2")
    script.tell("task-resume 0xa5")
    script.tell("task-end 0xa5")
    script.tell("task-create 0xa6 site=atMain value=compact object=6")
    script.section("0xa6", "0xb2", "0xb1")
    #expect(try script.inversions().count == 1)
  }

  @Test func anItemThatIsHandedOverOrders() throws {
    var script = LockOrderScript(locks: "lock lock queue")
    script.section("0xa1", "0xb1", "0xb2", after: ["queue-put 0xb3 site=atPut value=1"])
    script.section("0xa2", "0xb2", "0xb1", before: ["queue-got 0xb3 site=atCompact"])
    #expect(try script.inversions().isEmpty)
  }

  @Test func anEventThatIsSetOrders() throws {
    var script = LockOrderScript(locks: "lock lock event")
    script.section("0xa1", "0xb1", "0xb2", after: ["event-set 0xb3 site=atPut"])
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aResultThatIsAwaitedOrders() throws {
    var script = LockOrderScript(locks: "lock lock future")
    script.tell("task-resume 0xa2")
    script.tell("task-suspend 0xa2 object=0xb3 site=atCompact")
    script.section("0xa1", "0xb1", "0xb2", after: ["future-done 0xb3"])
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aBarrierOrders() throws {
    var script = LockOrderScript(locks: "lock lock barrier")
    script.section("0xa1", "0xb1", "0xb2", after: ["barrier-passed 0xb3"])
    script.section("0xa2", "0xb2", "0xb1", before: ["barrier-passed 0xb3"])
    #expect(try script.inversions().isEmpty)
  }

  @Test func whatAConditionGuardsOrders() throws {
    var script = LockOrderScript()
    script.tell("resource-create 0xb4 object=0xb3 site=atMade value=condition")
    script.tell("depends 0xb3 object=0xb4 value=guard")
    script.section("0xa1", "0xb1", "0xb2", after: ["acquired 0xb3", "released 0xb3"])
    script.section("0xa2", "0xb2", "0xb1", before: ["acquired 0xb3", "released 0xb3"])
    #expect(try script.inversions().isEmpty)
  }

  @Test func sectionsWithoutAPauseOnOneLoopAreSafe() throws {
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2", pausing: false)
    script.section("0xa2", "0xb2", "0xb1", pausing: false)
    #expect(try script.inversions().isEmpty)
    // A pause of one of them lets the other one see a lock that is held.
    script.section("0xa1", "0xb1", "0xb2")
    #expect(try script.inversions().count == 1)
  }

  @Test func aWaitThatALimitEndsIsSafe() throws {
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2", before: ["timer-arm 0xc1 object=0xa1 value=5000"])
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func jobsOfASingleWorkerAreSafe() throws {
    var script = LockOrderScript(locks: "thread-lock thread-lock executor")
    script.text += "thread 2 tid=102 \"worker\"\n"
    for (job, order) in [("0xd1", ["0xb1", "0xb2"]), ("0xd2", ["0xb2", "0xb1"])] {
      script.tell("job-queue \(job) object=0xb3 site=atMain")
      script.tell("job-start \(job)", thread: 2)
      for lock in order { script.tell("acquired \(lock) site=atPut", thread: 2) }
      for lock in order.reversed() { script.tell("released \(lock)", thread: 2) }
      script.tell("job-end \(job)", thread: 2)
    }
    #expect(try script.inversions().isEmpty)
  }

  @Test func aLockThatOthersGiveBackIsASignal() throws {
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    script.tell("task-resume 0xa1")
    script.tell("acquired 0xb1")
    script.tell("task-suspend 0xa1 object=0xf1")
    script.tell("task-resume 0xa2")
    script.tell("released 0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func aLockThatSeveralReadersHaveIsSafe() throws {
    var script = LockOrderScript(locks: "thread-lock thread-lock")
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb1")
    for task in ["0xa1", "0xa2"] {
      script.tell("task-resume \(task)")
      script.tell("acquired 0xb1 site=atPut")
      script.tell("task-suspend \(task)")
    }
    #expect(try script.inversions().isEmpty)
  }

  @Test func aLockTakenTwiceIsNoOrder() throws {
    var script = LockOrderScript(locks: "thread-lock thread-lock")
    script.section("0xa1", "0xb1", "0xb2", "0xb1")
    script.section("0xa2", "0xb2")
    #expect(try script.inversions().isEmpty)
  }

  @Test func objectsOfOneClassInAFixedOrderAreSafe() throws {
    // A parent and its child, whose child has one, too: all made, and taken, at the same places.
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2")
    script.section("0xa2", "0xb2", "0xb3")
    #expect(try script.inversions().isEmpty)
  }

  @Test func anotherLockAtTheSameAddressIsSafe() throws {
    var script = LockOrderScript()
    script.section("0xa1", "0xb1", "0xb2")
    for lock in ["0xb1", "0xb2"] {
      script.tell("resource-create \(lock) object=1 site=atMade value=lock")
    }
    script.section("0xa2", "0xb2", "0xb1")
    #expect(try script.inversions().isEmpty)
  }

  @Test func whoeverOnlyTriesIsSafe() throws {
    func inversions(through function: String) throws -> Int {
      var script = LockOrderScript()
      script.text =
        "site tried locks.py:5 \(function) library\n"
        + script.text.replacing(
          "stack atPut put\n", with: "stack atPut put\nstack atTry tried put\n")
      script.section("0xa1", "0xb1", "0xb2")
      script.text = script.text.replacing(
        "acquired 0xb2 site=atPut", with: "acquired 0xb2 site=atTry")
      script.section("0xa2", "0xb2", "0xb1")
      return try script.inversions().count
    }
    #expect(try inversions(through: "Lock.acquire") == 1)
    #expect(try inversions(through: "Lock.acquire_nowait") == 0)
  }
}
