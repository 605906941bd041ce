import CPythonABI

typealias Object = UnsafeMutablePointer<PyObject>
typealias Raw = UnsafeMutableRawPointer

/// Offsets, in bytes, that are the same in CPython 3.9 to 3.15 (builds with a GIL, 64 bits).
enum Offset {
  static let type = 8
  /// In a thread state: its interpreter.
  static let interpreter = 16
  /// The first field after the object header: a cell's content, a coroutine wrapper's coroutine …
  static let firstField = 16
  static let typeCall = 128
  static let typeInit = 296
  static let builtinMethodDef = 16
  static let descriptorBody = 40
  static let wrapperDescriptorFunction = 48
  static let methodDefFunction = 8
  static let getterFunction = 8
  static let getterClosure = 32
}

/// Values of a generator's state byte (3.11+).
struct GeneratorStates {
  /// Suspended, in any way up to 3.12, in which an await is known by its bytecode.
  var suspended: Int8 = -1
  /// 3.13+: suspended by an await or `yield from`.
  var suspendedInAwait: Int8? = nil
  var running: Int8 = 0
  /// From here on it has ended.
  var ended: Int8 = 1
}

/// Where a minor version keeps frames: one row a version. `verify` in the Python half compares what
/// they yield with the interpreter's own attributes before stacks are recorded.
struct FrameLayout {
  /// 3.11 and newer: the frame is inside the generator object.
  var inline: Bool
  /// In a generator: its frame (a pointer up to 3.10), and its state byte (3.11+).
  var generatorFrame: Int
  var generatorState: Int
  var states = GeneratorStates()
  /// The exception that its code handles.
  var handled: Int
  /// In a frame.
  var code: Int
  var lastInstruction: Int
  var locals: Int
  var stackTop: Int
  var previous: Int
  var owner: Int
  /// 3.14+: `stackTop` is an address, not a count of slots; slots, and the code, are tagged references.
  var tagged = false
  /// How many slots below the top of a suspended frame's stack is what it awaits.
  var awaitedDepth = 1
  /// In a code object: its bytecode, inline from 3.11 on, a bytes object before.
  var bytecode: Int
  /// From the thread state to the current frame: one or two steps.
  var current: (Int, Int?)

  static func row(minor: Int) -> FrameLayout? {
    switch minor {
    case 9:
      return FrameLayout(
        inline: false, generatorFrame: 16, generatorState: 0, handled: 72, code: 32,
        lastInstruction: 104,
        locals: 360, stackTop: 72, previous: 24, owner: 0, bytecode: 48, current: (24, nil))
    case 10:
      return FrameLayout(
        inline: false, generatorFrame: 16, generatorState: 0, handled: 64, code: 32,
        lastInstruction: 96,
        locals: 352, stackTop: 80, previous: 24, owner: 0, bytecode: 48, current: (24, nil))
    case 11:
      return FrameLayout(
        inline: true, generatorFrame: 80, generatorState: 75, handled: 48, code: 32,
        lastInstruction: 56,
        locals: 72, stackTop: 64, previous: 48, owner: 69, bytecode: 184, current: (56, 8))
    case 12:
      return FrameLayout(
        inline: true, generatorFrame: 72, generatorState: 67, handled: 40, code: 0,
        lastInstruction: 56,
        locals: 72, stackTop: 64, previous: 8, owner: 70, bytecode: 192, current: (56, 0))
    case 13:
      return FrameLayout(
        inline: true, generatorFrame: 72, generatorState: 67,
        states: .init(suspended: -2, suspendedInAwait: -1), handled: 40, code: 0,
        lastInstruction: 56,
        locals: 72, stackTop: 64, previous: 8, owner: 70, bytecode: 200, current: (72, nil))
    case 14:
      return FrameLayout(
        inline: true, generatorFrame: 72, generatorState: 67,
        states: .init(suspended: -2, suspendedInAwait: -1), handled: 40, code: 0,
        lastInstruction: 56,
        locals: 80, stackTop: 64, previous: 8, owner: 74, tagged: true, bytecode: 208,
        current: (72, nil))
    case 15:
      return FrameLayout(
        inline: true, generatorFrame: 72, generatorState: 67,
        states: .init(suspended: 1, suspendedInAwait: 2, running: 4, ended: 5), handled: 40,
        code: 0,
        lastInstruction: 56,
        locals: 80, stackTop: 64, previous: 8, owner: 74, tagged: true, awaitedDepth: 2,
        bytecode: 208,
        current: (72, nil))
    default:
      return nil
    }
  }
}

nonisolated(unsafe) var minorVersion = 0
nonisolated(unsafe) var layout = FrameLayout(
  inline: false, generatorFrame: 0, generatorState: 0, handled: 0, code: 0, lastInstruction: 0,
  locals: 0, stackTop: 0, previous: 0, owner: 0, bytecode: 0, current: (0, nil))
/// False until the layout has been verified: no stacks are read before.
nonisolated(unsafe) var readsStacks = false

@inline(__always) func load(_ base: Raw, _ offset: Int) -> Raw? {
  base.load(fromByteOffset: offset, as: Raw?.self)
}
/// The object of a tagged reference; an untagged one stays what it is.
@inline(__always) func untagged(_ reference: Raw?) -> Raw? {
  Raw(bitPattern: UInt(bitPattern: reference) & ~3)
}
@inline(__always) func typeOf(_ object: Raw) -> Raw {
  object.load(fromByteOffset: Offset.type, as: Raw.self)
}
@inline(__always) func address(_ object: Object?) -> UInt64 { UInt64(UInt(bitPattern: object)) }
@inline(__always) func address(_ object: Raw?) -> UInt64 { UInt64(UInt(bitPattern: object)) }
@inline(__always) func object(_ raw: Raw) -> Object { raw.assumingMemoryBound(to: PyObject.self) }
@inline(__always) func isNone(_ object: Object?) -> Bool { object == py_none() }

/// A new reference to None.
func none() -> Object? {
  Py_IncRef(py_none())
  return py_none()
}

/// An attribute, a new reference; nothing, and no error left behind, where there is none.
func attribute(_ of: Object?, _ name: StaticString) -> Object? {
  guard let of else { return nil }
  let found = PyObject_GetAttrString(of, cString(name))
  if found == nil { PyErr_Clear() }
  return found
}

@inline(__always) func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// Runs recording work with the program's pending exception put aside.
@inline(__always) func preservingError(_ work: () -> Void) {
  var type: Object? = nil
  var value: Object? = nil
  var traceback: Object? = nil
  PyErr_Fetch(&type, &value, &traceback)
  work()
  PyErr_Restore(type, value, traceback)
}
