import FuzzEntry

/// What libFuzzer calls, over and over.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  FuzzEntry.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
