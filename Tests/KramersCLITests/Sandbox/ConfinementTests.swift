import CConfinement
import Foundation
import Testing

@Suite("what the kernel refuses a process in the sandbox, whatever its code has become")
struct ConfinementTests {
  @Test("only what lies inside is read and written; no programs, sockets, links or other processes")
  func probed() throws {
    let folder = try SandboxFolder()
    let found = probe_confinement(folder.inside, folder.path(""))
    #expect(found != -2, "the child ended by itself")
    guard found != -1 else { return print("this kernel has no Landlock or no seccomp") }
    #expect(
      Int(found)
        == PROBE_READS_INSIDE | PROBE_WRITES_INSIDE | PROBE_THREADS | PROBE_SIGNALS_ITSELF,
      "\(String(found, radix: 2))")
    #expect(folder.text("planted") == nil)
  }

  @Test("the program is confined before it reads a script", .enabled(if: probes))
  func program() throws {
    let folder = try SandboxFolder()
    let run = try folder.kramers(
      "--max-seconds", "2", "-e", "emit { x = 1 }")
    let sandbox = run.records.first?["sandbox"] as? [String: Any]
    let kernel = sandbox?["kernel"] as? [String] ?? []
    #expect(kernel.count == 2 && kernel.last == "seccomp", "\(kernel)")
  }

  private static let probes: Bool = {
    guard let folder = try? SandboxFolder() else { return false }
    return probe_confinement(folder.inside, folder.path("")) >= 0
  }()
}
