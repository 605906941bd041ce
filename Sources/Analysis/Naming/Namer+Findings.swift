import Findings
import History
import TraceFormat

/// Parties and resources as findings have them.
extension Namer {
  func findingResource(_ index: Int) -> Resource {
    let record = world.resources[index]
    var resource = Resource(
      key: ResourceKey(index), name: name(resource: index), kind: word(resource: index),
      createdAt: world.definitions.frames(record.created?.site))
    resource.count = crowds.crowd(resource: index)?.count ?? 1
    return resource
  }

  func findingParty(_ index: Int) -> Party {
    let record = world.parties[index]
    let kind: Party.Kind =
      switch record.kind {
      case .task: .task
      case .thread: .thread
      case .job: .job
      }
    var state = "runs"
    var since = record.lastRun
    var stack = StackID(0)
    switch record.state {
    case .ready: state = "ready"
    case .running: stack = world.threads[record.thread]?.sample?.site
    case .waiting(let wait): (state, since, stack) = ("waits", wait.since, wait.site)
    case .ended(_, let at): (state, since) = ("ended", at)
    }
    if let block = world.threads[record.thread]?.block,
      world.threads[record.thread]?.actor == index
    {
      (state, since, stack) = ("waits", block.since, block.site)
    }
    var party = Party(
      id: PartyKey(Int(clamping: record.serial)), name: name(party: index), kind: kind,
      state: state, since: since,
      stack: world.definitions.frames(stack),
      createdAt: world.definitions.frames(record.created.site))
    party.count = crowds.crowd(party: index)?.count ?? 1
    return party
  }
}
