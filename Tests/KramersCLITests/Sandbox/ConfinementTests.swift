import CConfinement
import CStandardStreams
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

  @Test("files are opened below the folder alone, with the kernel's help and without")
  func beneath() throws {
    let folder = try SandboxFolder()
    let root = open(folder.inside, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(root) }
    #expect(root >= 0)
    func opens(
      _ path: String, _ how: (Int32, UnsafePointer<CChar>, Int32, UInt32) -> Int32
    ) -> Bool {
      let file = how(root, path, O_RDONLY, 0)
      if file >= 0 { close(file) }
      return file >= 0
    }
    for path in ["in.csv", "sub/deeper.lua", "./sub//deeper.lua", "sub/./deeper.lua", "."] {
      #expect(opens(path, ks_open_beneath) && opens(path, ks_walk_beneath), "\(path)")
    }
    // The kernel can tell where a link leads.
    #expect(opens("here.csv", ks_open_beneath) && !opens("here.csv", ks_walk_beneath))
    for path in [
      "../secret.csv", "sub/../../secret.csv", "link.csv", "up/secret.csv", "root/etc/passwd", "up",
      "..", "nothing", "in.csv/x", String(repeating: "x", count: 300),
    ] {
      #expect(!opens(path, ks_open_beneath) && !opens(path, ks_walk_beneath), "\(path)")
    }
    let made = ks_walk_beneath(root, "sub/made", O_WRONLY | O_CREAT | O_EXCL, 0o600)
    #expect(made >= 0 && folder.files.contains("sub/made"))
    close(made)
    #expect(ks_walk_beneath(root, "link.csv", O_WRONLY | O_CREAT, 0o600) < 0)
    #expect(folder.text("secret.csv") == SandboxFolder.secret)
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
