import CPythonABI

/// Greenlets: a coroutine that runs code in one (as SQLAlchemy's `greenlet_spawn` does) awaits on its
/// behalf. The greenlet's frames then belong between the coroutine's frame and what that awaits.

/// `greenlet.greenlet` and its `gr_frame`, while a snapshot is taken; nothing if it is not imported.
nonisolated(unsafe) private var greenletType: Raw? = nil
nonisolated(unsafe) private var getFrame: Getter? = nil

/// Where a frame object keeps its frame (3.11+).
private let frameOfObject = 24

func findGreenlets() {
  greenletType = nil
  getFrame = nil
  guard let module = moduleDictionary(cString("greenlet")),
    let type = PyDict_GetItemString(module, cString("greenlet"))
  else { return }
  guard let descriptor = attribute(type, "gr_frame") else { return }
  getFrame = Getter(Raw(descriptor), "gr_frame")
  // The type keeps it.
  Py_DecRef(descriptor)
  greenletType = Raw(type)
}

/// Records the await stack of a suspended coroutine with the frames of its greenlets, if it has any.
func recordWholeStack(_ task: Raw, _ coroutine: Raw) {
  guard greenletType != nil else { return }
  var hash: UInt64 = 0
  let count = walkAwaits(coroutine, &hash)
  var whole = Buffer<Frame>()
  defer { whole.free() }
  var found = false
  for index in 0..<count {
    let frame = frames[index]
    guard whole.append(frame) else { return }
    guard let greenlet = greenlet(in: frame) else { continue }
    found = append(greenlet, to: &whole) || found
  }
  guard found else { return }
  // The innermost are kept.
  let kept = min(whole.count, frameLimit)
  for index in 0..<kept { frames[index] = whole[whole.count - kept + index] }
  record(CORONER_TASK_STACK, address(task), site: defineStack(kept, innermostFirst: false))
}

/// A greenlet among a frame's locals (borrowed).
private func greenlet(in frame: Frame) -> Raw? {
  for index in 0..<localCount(frame.code) {
    guard let value = untagged(load(frame.locals, index * 8)) else { continue }
    if PyType_IsSubtype(typeOf(value), greenletType) != 0 { return value }
  }
  return nil
}

/// Appends the frames of a suspended greenlet, outermost first; whether there are any.
private func append(_ greenlet: Raw, to whole: inout Buffer<Frame>) -> Bool {
  guard let top = getFrame?(object(greenlet)) else { return false }
  defer { Py_DecRef(top) }
  if isNone(top) { return false }
  var inner = Buffer<Frame>()
  defer { inner.free() }
  var running = RunningFrames(from: layout.inline ? load(Raw(top), frameOfObject) : Raw(top))
  while inner.count < frameLimit, let frame = running.frame() {
    if !inner.append(frame) { return false }
  }
  var index = inner.count - 1
  while index >= 0 {
    if !whole.append(inner[index]) { return false }
    index -= 1
  }
  return inner.count > 0
}
