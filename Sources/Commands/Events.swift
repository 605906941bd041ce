import ArgumentParser
import Rendering
import TraceFormat

struct Events: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints the events of a trace, one JSON object a line.",
    discussion: """
      Instants are nanoseconds since the recording began; parties and resources are the numbers \
      that the trace knows them by, as text.
      """)

  @Argument(help: ArgumentHelp("The trace.", valueName: "trace"))
  var trace: String

  @OptionGroup var binaries: Binaries

  func run() throws {
    let source = try TraceLoading(source: SourceFiles(), binaries: binaries.folders).open(trace)
    let lines = EventLines(definitions: source.definitions)
    var text = ""
    let losses: [Loss]
    do {
      losses = try source.forEachEvent { event in
        text += lines.line(event)
        text += "\n"
        if text.utf8.count > 1 << 16 {
          Console.standardOutput.write(text)
          text = ""
        }
      }
    } catch let error as TraceError {
      throw Failure(error)
    }
    Console.standardOutput.write(text)
    for loss in losses {
      let place = loss.byteOffset.map { ", at byte \($0)" } ?? ""
      Console.standardError.write("note: \(visible(loss.what, limit: 1000))\(place)\n")
    }
    for note in source.notes {
      Console.standardError.write("note: \(visible(note, limit: 1000))\n")
    }
  }
}

/// One event as a line of JSON, its fields named by the table of events.
struct EventLines {
  var definitions: Definitions

  func line(_ event: Event) -> String {
    let specification = event.kind.specification
    var members: [(String, JSONValue)] = [
      ("time", .unsigned(event.time.nanoseconds)),
      ("thread", .unsigned(UInt64(event.thread.number))),
      ("event", .string(specification.name)),
      (specification.subject.label, value(event.subject, specification.subject.meaning)),
    ]
    if let field = specification.object {
      members.append((field.label, value(event.object, field.meaning)))
    }
    if let field = specification.value {
      members.append((field.label, value(UInt64(event.value), field.meaning)))
    }
    if specification.site != nil {
      let frames = definitions.frames(event.site)
      members.append(("stack", .array(frames.map(site))))
    }
    return JSONValue.object(members).render(indented: false)
  }

  private func value(_ number: UInt64, _ meaning: FieldMeaning) -> JSONValue {
    switch meaning {
    case .party, .resource, .any:
      number == 0 ? .null : .string("0x" + String(number, radix: 16))
    case .number, .tid, .ticks, .milliseconds, .io: .unsigned(number)
    case .limit: number == .max || number == UInt64(UInt32.max) ? .null : .unsigned(number)
    case .string: .optional(definitions.string(UInt32(truncatingIfNeeded: number)))
    case .stack:
      .array(
        StackID(UInt32(truncatingIfNeeded: number)).map(definitions.frames)?.map(site) ?? []
      )
    case .site: definitions.site(UInt32(truncatingIfNeeded: number)).map(site) ?? .null
    case .outcome: word(Outcome.self, number)
    case .resourceKind: word(ResourceKind.self, number)
    case .operation: word(Operation.self, number)
    case .dependency: word(Dependency.self, number)
    case .referrer: word(Referrer.self, number)
    case .processLink: word(ProcessLink.self, number)
    case .reason: word(SnapshotReason.self, number)
    }
  }

  private func word<Words: Worded>(_ words: Words.Type, _ number: UInt64) -> JSONValue {
    UInt32(exactly: number).flatMap { Words(rawValue: $0) }.map { .string($0.word) }
      ?? .unsigned(number)
  }

  private func site(_ site: Site) -> JSONValue {
    [
      "file": .string(site.file), "line": .integer(site.line), "function": .string(site.function),
    ]
  }
}
