import CPythonABI

/// Mark numbers of descriptors and of processes where other things are meant by their addresses.
let descriptorBit: UInt64 = 1 << 63
let processBit: UInt64 = 1 << 62

/// Ends of connections and pipes, and children that wait at them.
extension Reachability {
  static func findFile(_ file: Raw) {
    let descriptor = descriptor(ofFile: file)
    let slot = node(file)
    if descriptor < 0 || slot < 0 { return }
    let key = UInt64(descriptor) + 1
    if fileOfDescriptor.find(key) != nil {
      fileOfDescriptor.replace(key, -1)
    } else if !fileOfDescriptor.insert(key, slot) {
      ranOut = true
    }
  }

  /// Records which watched descriptors have their other end in this process. Who can make them ready is who
  /// can reach that end.
  static func findPeers() {
    if watchedDescriptors.isEmpty { return }
    probe_each_pair { descriptor, other in
      guard Reachability.watchedDescriptors.find(UInt64(descriptor) + 1) != nil,
        let slot = Reachability.fileOfDescriptor.find(UInt64(other) + 1), slot >= 0
      else { return }
      record(CORONER_IO_PEER, UInt64(descriptor), UInt64(other))
      Reachability.addSubject(slot, ofDescriptor: UInt64(other))
    }
  }

  static func addSubject(_ slot: Int, ofDescriptor descriptor: UInt64) {
    addSubject(address(heapObject(slot)), own: 0)
    if let index = subjectOfSlot.find(UInt64(slot) + 1) {
      subjects[index].descriptor = descriptorBit | descriptor
    }
  }

  /// Records which child processes wait for something that this process may do with a descriptor. Who can do
  /// it is who can reach the file that has it.
  static func findWaitingChildren() {
    probe_each_child_wait { process, descriptor, link in
      record(CORONER_PROCESS_WAIT, UInt64(process), UInt64(descriptor), value: link)
      if link == CORONER_PROCESS_ALONE.rawValue { return }
      Reachability.recordName(ofProcess: process)
      if let slot = Reachability.fileOfDescriptor.find(UInt64(descriptor) + 1), slot >= 0 {
        Reachability.addSubject(slot, ofDescriptor: UInt64(descriptor))
      }
    }
  }

  private static func recordName(ofProcess process: Int32) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
      guard probe_command(Int(process), text.baseAddress, text.count) else { return }
      let name = probe_define_string(text.baseAddress, strlen(text.baseAddress!))
      record(CORONER_NAME, processBit | UInt64(process), value: name)
    }
  }
}
