import CPythonABI

// What `verify.py` compares with what Python itself says, before anything is read by its layout.

/// walk(coroutine): [address of code, offset, …] of its await chain, outermost first. For the check.
let walkFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 1 else { return none() }
  var hash: UInt64 = 0
  return list(walkAwaits(Raw(arguments[0]!), &hash))
}

/// handled(coroutine): the exception that it handles while it is suspended.
let handledFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 1, let coroutine = arguments[0],
    let handled = handledException(of: Raw(coroutine))
  else { return none() }
  Py_IncRef(object(handled))
  return object(handled)
}

/// read_handled(): the layout has been verified in this, too.
let readHandledFunction: FastFunction = { _, _, _ in
  readsHandled = true
  return none()
}

/// here(): the same for the caller's stack, innermost first.
let hereFunction: FastFunction = { _, _, _ in
  var hash: UInt64 = 0
  return list(walkRunning(PyThreadState_Get(), &hash))
}

private func list(_ count: Int) -> Object? {
  guard let list = PyList_New(0) else { return nil }
  for index in 0..<count {
    let code = PyLong_FromVoidPtr(frames[index].code)
    let offset = PyLong_FromLong(frames[index].instruction)
    _ = PyList_Append(list, code)
    _ = PyList_Append(list, offset)
    Py_DecRef(code)
    Py_DecRef(offset)
  }
  return list
}

/// read_stacks(): the layout has been verified.
let readStacksFunction: FastFunction = { _, _, _ in
  readsStacks = true
  return none()
}

/// code_parts(code, its file, name, line table and first line, its size): whether they are found in it, so
/// that places can be read without the GIL.
let codePartsFunction: FastFunction = { _, arguments, count in
  guard let arguments, count == 6, let code = arguments[0], isCode(code) else {
    return answer(false)
  }
  return answer(
    findCodeParts(
      code, file: arguments[1]!, function: arguments[2]!, lines: arguments[3]!,
      firstLine: PyLong_AsLong(arguments[4]), size: PyLong_AsLong(arguments[5])))
}
