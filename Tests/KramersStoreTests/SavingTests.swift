import Foundation
import Kramers
import Testing

@testable import KramersStore

@Suite("a save")
struct SavingTests {
  @Test("writes nothing when there is nothing new, and one row when one is")
  func sharing() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    var contents = try Sample.everything()
    try file.save(contents)
    #expect(file.lastChanges > 50)
    let before = bytes(of: folder.file())
    try file.save(contents)
    #expect(file.lastChanges == 0)
    #expect(bytes(of: folder.file()) == before)
    contents.saved += 1
    try file.save(contents)
    #expect(file.lastChanges == 1)
    contents.journal[3].outcome = .ok
    try file.save(contents)
    #expect(file.lastChanges == 2)
  }

  @Test("writes nothing again that a session had which was opened before")
  func sharingAfterOpening() throws {
    let folder = try Folder()
    let contents = try Sample.everything()
    try SessionFile(path: folder.file()).save(contents)
    let again = try SessionFile(path: folder.file())
    let opened = try again.contents()
    try again.save(opened)
    #expect(again.lastChanges == 0)
    // Without having read the file, nothing in it is believed.
    let blind = try Folder()
    try FileManager.default.copyItem(atPath: folder.file(), toPath: blind.file())
    let file = try SessionFile(path: blind.file())
    try file.save(contents)
    #expect(file.lastChanges > 50)
    #expect(try portrait(SessionFile.open(blind.file())) == portrait(contents))
  }

  @Test("removes what nothing refers to any more")
  func garbage() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    try file.save(Sample.everything())
    try file.save(SessionContents())
    let counts = try rows(folder.file(), "content") + rows(folder.file(), "experiment")
    #expect(try counts == 1 && rows(folder.file(), "dataset") == 0)
  }

  @Test("gives space back that it will not need soon")
  func shrinks() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    var contents = try Sample.everything()
    contents.state.values = [UInt8](repeating: 1, count: 20_000_000)
    try file.save(contents)
    #expect(bytes(of: folder.file()).count > 20_000_000)
    contents.state.values = []
    try file.save(contents)
    #expect(bytes(of: folder.file()).count < 1_000_000)
    #expect(try portrait(SessionFile.open(folder.file())) == portrait(contents))
  }

  @Test("of another state of equal size takes the space of the one before the last")
  func turns() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    var contents = SessionContents()
    var sizes: [Int] = []
    for round in 0..<6 as Range<UInt8> {
      contents.state.values = [UInt8](repeating: round, count: 1_000_000)
      try file.save(contents)
      sizes.append(bytes(of: folder.file()).count)
    }
    #expect(sizes[5] == sizes[1] && sizes[1] < 2 * sizes[0])
  }

  @Test("makes files for their owner alone")
  func mode() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    try file.save(SessionContents())
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.file())
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test("that never came leaves no file")
  func unsaved() throws {
    let folder = try Folder()
    do {
      let file = try SessionFile(path: folder.file())
      #expect(file.readOnlyReason == nil && folder.names == ["s.kramers"])
      #expect(try portrait(SessionFile.open(folder.file())) == portrait(SessionContents()))
    }
    #expect(folder.names == [])
  }
}

/// Rows of a table, counted by another connection.
func rows(_ path: String, _ table: String) throws -> Int {
  var count = 0
  try Connection(FilePlace(path), .reading(size: 1 << 30)).run { database in
    try Statement(database, "SELECT count(*) FROM \(table)").forEachRow { count = try $0.count(0) }
  }
  return count
}
