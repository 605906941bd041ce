import CPythonABI

/// Bound methods that never look at their object, such as one that only logs: what the object refers to is
/// out of their reach. Guarded by the GIL.

nonisolated(unsafe) private var methodType: Raw? = nil
/// `callbacks.ignores_object`.
nonisolated(unsafe) private var predicate: Object? = nil

/// What is known of a code object, which is kept alive as long as it stands here.
private struct Answer {
  var code: Raw?
  var ignores: Bool
}
private let answerCount = 256
nonisolated(unsafe) private var answers: UnsafeMutablePointer<Answer>! = nil

func setMethods(type: Raw?, ignoresObject: Object?) {
  methodType = type
  predicate = ignoresObject
  if answers == nil {
    answers = calloc(answerCount, MemoryLayout<Answer>.stride)?
      .assumingMemoryBound(to: Answer.self)
  }
}

/// The function of a bound method that ignores its object; nil for anything else.
/// - Parameter asking: whether Python code may run to find out; else only what is known counts.
func function(aloneIn callback: Raw, asking: Bool) -> Raw? {
  guard answers != nil, typeOf(callback) == methodType,
    let function = load(callback, Offset.firstField), typeOf(function) == functionType,
    let code = PyFunction_GetCode(object(function))
  else { return nil }
  let place = answers + Int(UInt(bitPattern: code) >> 5 % UInt(answerCount))
  if place.pointee.code != Raw(code) {
    guard asking else { return nil }
    let ignores = ask(code)
    Py_IncRef(code)
    let old = place.pointee.code
    place.pointee = Answer(code: Raw(code), ignores: ignores)
    if let old { Py_DecRef(object(old)) }
  }
  return place.pointee.ignores ? function : nil
}

private func ask(_ code: Object) -> Bool {
  guard let predicate, let answer = probe_call(Raw(predicate), Raw(code)) else {
    PyErr_Clear()
    return false
  }
  defer { Py_DecRef(object(answer)) }
  return PyObject_IsTrue(object(answer)) == 1
}
