import Foundation
import Testing

@Suite struct `the library as it is loaded` {
  @Test func `needs only libc and libz`() throws {
    let libraries = try Driver.run("/usr/bin/env", ["ldd", try Driver.library()])
    #expect(libraries.status == 0)
    for line in libraries.output.split(separator: "\n") {
      let name = line.split(separator: " ").first.map(String.init)?.trimmingCharacters(
        in: .whitespaces)
      let known = ["linux-vdso", "libz.so", "libc.so", "/lib64/ld-linux", "/lib/ld-linux"]
      #expect(known.contains { name?.hasPrefix($0) == true }, "\(line)")
    }
  }

  @Test func `exports its interface and nothing else`() throws {
    let symbols = try Driver.run(
      "/usr/bin/env", ["nm", "-D", "--defined-only", try Driver.library()])
    #expect(symbols.status == 0)
    let names = symbols.output.split(separator: "\n").compactMap { $0.split(separator: " ").last }
    #expect(
      names.sorted() == [
        "coroner_define_address", "coroner_define_fact", "coroner_define_module",
        "coroner_define_site", "coroner_define_stack", "coroner_define_string", "coroner_go_on",
        "coroner_is_recording", "coroner_name_thread", "coroner_now", "coroner_record",
        "coroner_rest", "coroner_start", "coroner_stop", "coroner_ticks_per_second",
        "coroner_writer",
      ])
  }
}
