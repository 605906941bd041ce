/// Why a file cannot be read as a trace.
package enum TraceError: Error, Equatable, Sendable {
  case missing(path: String)
  case notPermitted(path: String)
  case isDirectory(path: String)
  case unreadable(path: String, reason: String)
  case empty(path: String)
  case notATrace(path: String)
  case truncatedHeader(path: String, bytes: UInt64)
  case otherByteOrder(path: String)
  case newerVersion(path: String, major: UInt16, minor: UInt16)
}

extension TraceError: CustomStringConvertible {
  /// What is wrong and where, without the advice.
  package var description: String {
    switch self {
    case .missing(let path): "'\(path)' does not exist"
    case .notPermitted(let path): "'\(path)' may not be read"
    case .isDirectory(let path): "'\(path)' is a directory, not a trace"
    case .unreadable(let path, let reason): "'\(path)' cannot be read: \(reason)"
    case .empty(let path): "'\(path)' is empty"
    case .notATrace(let path): "'\(path)' is not a trace: it does not begin with CORONER, at byte 0"
    case .truncatedHeader(let path, let bytes):
      "'\(path)' ends in its header, at byte \(bytes) of 4096"
    case .otherByteOrder(let path):
      "'\(path)' is damaged or from a machine of another byte order, at byte 12"
    case .newerVersion(let path, let major, let minor):
      "'\(path)' is of format \(major).\(minor), and this coroner reads up to format 1"
    }
  }

  /// What to do about it.
  package var advice: String {
    switch self {
    case .missing:
      "a trace is written where CORONER_TRACE points, once the program imports asyncio or starts a Swift task"
    case .notPermitted: "traces are readable by their owner alone; run as that user, or copy it"
    case .isDirectory: "name the trace files in it"
    case .unreadable: "copy the file to another place and try again"
    case .empty, .truncatedHeader: "the program may have been killed before its recording began"
    case .notATrace: "name a file that coroner record or CORONER_TRACE wrote"
    case .otherByteOrder: "analyze it on a machine like the one that recorded it"
    case .newerVersion: "install a newer coroner"
    }
  }
}
