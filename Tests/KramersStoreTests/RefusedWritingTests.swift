import Foundation
import Testing

@testable import KramersStore

/// Root may write everywhere and mount small disks; others may not.
private let isRoot = getuid() == 0

@Suite("when the system refuses to write", .enabled(if: childRole == nil))
struct RefusedWritingTests {
  @Test("more than the limit of a file's size, the sentence says so and the session stands")
  func limit() throws {
    let folder = try Folder()
    try SessionFile(path: folder.file()).save(Sample.everything())
    let (ok, output) = try runChild("limit", ["FILE": folder.file()])
    #expect(ok, "\(output)")
    #expect(output.contains("sentence: \(folder.file()) cannot be saved: File too large"))
    var expected = try Sample.everything()
    expected.state.values = []
    #expect(try portrait(SessionFile.open(folder.file())) == portrait(expected))
    #expect(folder.names == ["s.kramers"])
  }

  @Test("on a full disk, the sentence says so and the session stands", .enabled(if: isRoot))
  func fullDisk() throws {
    let folder = try Folder()
    guard run("/bin/mount", ["-t", "tmpfs", "-o", "size=1m", "none", folder.path]) else {
      print("skipped: no disk can be mounted here")
      return
    }
    defer { _ = run("/bin/umount", ["-l", folder.path]) }
    let file = try SessionFile(path: folder.file())
    try file.save(Sample.everything())
    var contents = try Sample.everything()
    contents.state.values = [UInt8](repeating: 1, count: 2_000_000)
    let error = refusal { () throws(SessionError) in try file.save(contents) }
    #expect(error.reason == "cannot be saved: No space left on device")
    #expect(try portrait(SessionFile.open(folder.file())) == portrait(Sample.everything()))
    #expect(folder.names == ["s.kramers"])
    let filling = try #require(fopen(folder.file("filling"), "w"))
    while fwrite([UInt8](repeating: 1, count: 4096), 1, 4096, filling) == 4096 {}
    fclose(filling)
    let other = refusal { () throws(SessionError) in
      _ = try SessionFile(path: folder.file("b.kramers"))
    }
    #expect(other.reason == "cannot be made: No space left on device")
    #expect(folder.names == ["filling", "s.kramers"])
  }

  @Test("in a folder or a file that is read-only, both can be read and say why they stay")
  func readOnly() throws {
    let folder = try Folder()
    #expect(chmod(folder.path, 0o755) == 0)
    for name in ["s.kramers", "locked.kramers", "secret.kramers"] {
      try SessionFile(path: folder.file(name)).save(Sample.everything())
    }
    chmod(folder.file(), 0o666)
    chmod(folder.file("locked.kramers"), 0o444)
    chmod(folder.file("secret.kramers"), 0)
    let (ok, output) = try runChild("nobody", ["FILE": folder.path])
    #expect(ok, "\(output)")
    #expect(try portrait(SessionFile.open(folder.file())) == portrait(Sample.everything()))
    #expect(folder.names == ["locked.kramers", "s.kramers", "secret.kramers"])
    chmod(folder.path, 0o755)
  }

  private func run(_ program: String, _ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
