import Foundation
import Testing

@testable import KramersStore

/// The error of `body`, which must throw one.
func refusal(_ body: () throws(SessionError) -> Void) -> SessionError {
  do {
    try body()
    Issue.record("nothing was refused")
    return SessionError(.failure, "", "")
  } catch { return error }
}

@Suite("a file that is no session is refused in a sentence")
struct RefusalTests {
  private func refuse(
    _ path: String, _ kind: SessionError.Kind, _ words: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let errors = [
      refusal { () throws(SessionError) in _ = try SessionFile.open(path) },
      refusal { () throws(SessionError) in _ = try SessionFile.summary(path) },
      refusal { () throws(SessionError) in _ = try SessionFile(path: path, creates: false) },
    ]
    for error in errors {
      #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
      #expect(error.reason.contains(words), "\(error)", sourceLocation: sourceLocation)
      #expect(error.description.hasPrefix(path + " "), sourceLocation: sourceLocation)
    }
  }

  @Test("when there is none, or no folder for it")
  func missing() throws {
    let folder = try Folder()
    refuse(folder.file(), .missing, "does not exist")
    refuse(folder.file("none/s.kramers"), .missing, "does not exist")
    let error = refusal { () throws(SessionError) in
      _ = try SessionFile(path: folder.file("none/s.kramers"))
    }
    #expect(error.kind == .failure && error.reason.hasPrefix("cannot be made: "))
    #expect(folder.names == [])
    refuse("", .failure, "is no path")
    refuse("a\0b", .failure, "is no path")
  }

  @Test("when it is a folder, a pipe, a device")
  func special() throws {
    let folder = try Folder()
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    refuse(folder.file("pipe"), .corrupt, "no regular file")
    refuse(folder.path, .corrupt, "no regular file")
    refuse("/dev/zero", .corrupt, "no regular file")
  }

  @Test("when it is empty, text, cut off")
  func foreign() throws {
    let folder = try Folder()
    let session = try savedSample()
    for (bytes, words) in [
      ([], "it is empty"), (Array("print(1)\n".utf8), "does not begin like an SQLite database"),
      (Array(session.prefix(50)), "ends in its first line"),
      (Array(session.prefix(5000)), "it has 5000 bytes"),
      (session + [0], "it has \(session.count + 1) bytes"),
    ] {
      #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(bytes)))
      refuse(folder.file(), .corrupt, words)
    }
  }

  @Test("when another program made the database")
  func otherProgram() throws {
    let folder = try Folder()
    let database = try Database(folder.file())
    try database.execute("CREATE TABLE a (b)")
    try database.close()
    refuse(folder.file(), .corrupt, "database of another program")
  }

  @Test("when a newer program made it; the sentence names both versions")
  func newer() throws {
    let folder = try Folder()
    let bytes = try edited(savedSample(), "PRAGMA user_version = 7")
    #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(bytes)))
    refuse(folder.file(), .newer, "version 7")
    refuse(folder.file(), .newer, "versions up to 2")
  }

  @Test("when somebody turned on WAL mode, or left a log beside it")
  func wal() throws {
    let folder = try Folder()
    let bytes = try edited(savedSample(), "PRAGMA journal_mode = WAL")
    #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(bytes)))
    refuse(folder.file(), .corrupt, "WAL mode")
    let other = try Folder()
    #expect(try FileManager.default.createFile(atPath: other.file(), contents: Data(savedSample())))
    #expect(FileManager.default.createFile(atPath: other.file() + "-wal", contents: Data([1])))
    refuse(other.file(), .corrupt, "s.kramers-wal")
    #expect(other.names == ["s.kramers", "s.kramers-wal"])
  }

  @Test("and a link is followed, a name like a URL is none")
  func names() throws {
    let folder = try Folder()
    #expect(
      try FileManager.default.createFile(atPath: folder.file(), contents: Data(savedSample())))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: "s.kramers")
    let file = try SessionFile(path: folder.file("link"))
    try file.save(Sample.everything())
    #expect(try portrait(SessionFile.open(folder.file())) == portrait(Sample.everything()))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("nowhere"), withDestinationPath: "none")
    refuse(folder.file("nowhere"), .missing, "does not exist")
    #expect(
      refusal { () throws(SessionError) in _ = try SessionFile(path: folder.file("nowhere")) }
        .kind == .failure)
    let odd = try SessionFile(path: folder.file("file:x?mode=ro"))
    try odd.save(SessionContents())
    #expect(folder.names.contains("file:x?mode=ro"))
  }
}
