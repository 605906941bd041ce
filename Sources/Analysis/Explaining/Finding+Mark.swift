import Findings
import TraceFormat

extension Finding {
  /// Marks a place in the source, if it is known.
  mutating func mark(_ site: Site?, _ role: Mark.Role, _ label: String, by party: String?) {
    guard let site else { return }
    marks.append(Mark(site: site, role: role, label: label, party: party))
  }
}
