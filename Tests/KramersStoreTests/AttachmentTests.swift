import Foundation
import Testing

@testable import KramersStore

/// Killed programs: 8 in the normal suite, 200 when KRAMERS_LONG is set.
private let kills = getenv("KRAMERS_LONG") == nil ? 8 : 200

@Suite("an attachment")
struct AttachmentTests {
  private func errorOfSaving(_ file: SessionFile) -> SessionError {
    refusal { () throws(SessionError) in try file.save(SessionContents()) }
  }

  @Test("keeps a second one in the same program from writing, until it is gone")
  func twice() throws {
    let folder = try Folder()
    var first: SessionFile? = try SessionFile(path: folder.file())
    try first?.save(Sample.everything())
    let second = try SessionFile(path: folder.file())
    #expect(second.readOnlyReason == "is in use by this program already")
    #expect(SessionFile.isAttached(folder.file()))
    #expect(try portrait(second.contents()) == portrait(Sample.everything()))
    let error = errorOfSaving(second)
    #expect(error.kind == .busy && error.reason.hasPrefix("cannot be saved: it is in use"))
    #expect(
      refusal { () throws(SessionError) in try SessionFile.remove(folder.file()) }.kind == .busy)
    try first?.save(SessionContents())
    first = nil
    // The second one only reads, so that it keeps nobody away.
    #expect(!SessionFile.isAttached(folder.file()) && !SessionFile.isAttached(folder.file("none")))
    let third = try SessionFile(path: folder.file())
    #expect(third.readOnlyReason == nil)
    try third.save(Sample.everything())
  }

  @Test("survives whatever else in the program opens and closes the file")
  func descriptors() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    try file.save(SessionContents())
    for _ in 0..<3 {
      _ = try SessionFile.open(folder.file())
      _ = FileHandle(forReadingAtPath: folder.file())?.availableData
      #expect(try SessionFile(path: folder.file()).readOnlyReason != nil)
    }
    try file.save(Sample.everything())
  }

  @Test("can be used by many threads, and opened by others meanwhile")
  func threads() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    let contents = try Sample.everything()
    let whole = portrait(contents)
    try file.save(contents)
    DispatchQueue.concurrentPerform(iterations: 24) { k in
      do {
        var contents = contents
        contents.state.values.append(UInt8(k))
        if k % 3 == 0 { try file.save(contents) }
        let opened = try k % 3 == 1 ? file.contents() : SessionFile.open(folder.file())
        #expect(portrait(opened).count == whole.count)
      } catch { Issue.record(error) }
    }
  }

  @Test("notices that the file was removed or replaced, and leaves what is there alone")
  func removed() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    try file.save(SessionContents())
    try FileManager.default.removeItem(atPath: folder.file())
    let error = errorOfSaving(file)
    #expect(error.kind == .missing && error.reason == "was removed while this program had it")
    #expect(folder.names == [])
    #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data("mine".utf8)))
    #expect(errorOfSaving(file).reason.contains("was replaced by another file"))
    #expect(bytes(of: folder.file()) == Array("mine".utf8) && folder.names == ["s.kramers"])
  }

  @Test("notices that another program wrote to the file, and writes all of it again")
  func changed() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    let contents = try Sample.everything()
    try file.save(contents)
    let changed = try edited(bytes(of: folder.file()), "DELETE FROM content; DELETE FROM journal")
    let handle = try #require(FileHandle(forUpdatingAtPath: folder.file()))
    try handle.write(contentsOf: Data(changed))
    try handle.truncate(atOffset: UInt64(changed.count))
    try handle.close()
    try file.save(contents)
    #expect(try portrait(SessionFile.open(folder.file())) == portrait(contents))
  }

  @Test("is needed for deleting, and only sessions are deleted")
  func remove() throws {
    let folder = try Folder()
    do { try SessionFile(path: folder.file()).save(SessionContents()) }
    try SessionFile.remove(folder.file())
    #expect(folder.names == [])
    let error = refusal { () throws(SessionError) in try SessionFile.remove(folder.file()) }
    #expect(error.kind == .missing)
    #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data("mine".utf8)))
    #expect(
      refusal { () throws(SessionError) in try SessionFile.remove(folder.file()) }.kind == .corrupt)
    #expect(folder.names == ["s.kramers"])
  }

  @Test(
    "lets go of the file though a child that is just being started has a copy of the descriptor")
  func copied() throws {
    let folder = try Folder()
    var copies: [CInt] = []
    do {
      let file = try SessionFile(path: folder.file())
      try file.save(SessionContents())
      var expected = stat()
      #expect(stat(folder.file(), &expected) == 0)
      for descriptor in CInt(3)..<1024 {
        var found = stat()
        guard fstat(descriptor, &found) == 0, found.st_ino == expected.st_ino,
          found.st_dev == expected.st_dev
        else { continue }
        copies.append(dup(descriptor))
      }
    }
    defer { for copy in copies { close(copy) } }
    #expect(!copies.isEmpty && copies.allSatisfy { $0 >= 0 })
    #expect(!SessionFile.isAttached(folder.file()))
    try SessionFile.remove(folder.file())
  }

  @Test("of another process is named by its number and ends with it, killed or not")
  func killed() throws {
    let folder = try Folder()
    // As the child's saves are: it may be killed before the first of them is done.
    var first = try Sample.everything()
    first.saved = 0
    first.journal[0].seconds = 0
    first.state.values = [UInt8](repeating: 0, count: 300_000)
    try SessionFile(path: folder.file()).save(first)
    for round in 0..<kills {
      let (child, output) = try startChild("saves", ["FILE": folder.file()])
      var said = ""
      while !said.contains("saving") {
        let bytes = output.fileHandleForReading.availableData
        if bytes.isEmpty { break }
        said += String(decoding: bytes, as: UTF8.self)
      }
      #expect(said.contains("saving"), "\(said)")
      usleep(UInt32(7_919 * round % 31_337))
      let other = try SessionFile(path: folder.file())
      #expect(
        other.readOnlyReason
          == "is in use by another program (process \(child.processIdentifier))")
      #expect(try SessionFile.open(folder.file()).journal.count == 4)
      kill(child.processIdentifier, SIGKILL)
      child.waitUntilExit()
      let contents = try SessionFile.open(folder.file())
      let saved = UInt8(truncatingIfNeeded: Int(contents.saved))
      #expect(contents.state.values == [UInt8](repeating: saved, count: 300_000))
      #expect(contents.journal[0].seconds == contents.saved)
      // A journal that was begun and is not in force stays until the next save.
      let file = try SessionFile(path: folder.file())
      #expect(file.readOnlyReason == nil)
      try file.save(contents)
      #expect(folder.names == ["s.kramers"])
    }
  }
}
