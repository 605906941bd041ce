internal import CCoroner

/// The recording of this process by Coroner, if there is one.
public enum Recording {
  /// Whether what is announced here gets into a trace. A few instructions.
  public static var isOn: Bool { ccoroner() != nil }

  /// Gives an object the name that reports call it by: a lock, semaphore, condition, queue, actor. The name
  /// goes with the object's address, for as long as the object lives.
  public static func name(_ object: AnyObject, _ name: @autoclosure () -> String) {
    guard let recorder = ccoroner() else { return }
    let name = recorder.string(name())
    recorder.record(.name, UInt64(UInt(bitPattern: ObjectIdentifier(object))), value: name)
    // A lock of Foundation's, or a wrapper of Dispatch's, stands for what it keeps a pointer to.
    for child in Mirror(reflecting: object).children {
      guard let pointer = child.value as? any _Pointer else { continue }
      recorder.record(.name, UInt64(UInt(bitPattern: pointer)), value: name)
    }
  }
}

/// The events that an annotation makes, by their numbers in coroner.h.
enum EventKind: UInt8 {
  case waitBegin = 15
  case resourceCreate = 20
  case name = 22
  case futureDone = 23
  case acquired = 30
  case released = 31
  case eventSet = 32
  case eventCleared = 33
  case blockBegin = 40
  case blockEnd = 41
}

typealias Recorder = UnsafePointer<ccoroner_recorder>

extension Recorder {
  func record(
    _ kind: EventKind, _ subject: UInt64, object: UInt64 = 0, site: UInt32 = 0, value: UInt32 = 0
  ) {
    pointee.record(kind.rawValue, subject, object, site, value)
  }

  func string(_ text: String) -> UInt32 {
    var text = text
    return text.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { pointee.define_string($0.baseAddress, $0.count) }
    }
  }

  /// A stack of one frame.
  func stack(_ place: Place) -> UInt32 {
    var site = pointee.define_site(
      string(place.file.description), string(place.function.description), UInt32(place.line),
      UInt32(place.line), 0, 0, 0)
    return pointee.define_stack(&site, 1)
  }
}

/// Where in the program something is announced.
struct Place {
  var file: StaticString
  var function: StaticString
  var line: UInt
}
