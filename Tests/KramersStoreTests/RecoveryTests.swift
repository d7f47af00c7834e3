import Foundation
import Testing

@testable import KramersStore

@Suite("a transaction that did not end")
struct RecoveryTests {
  /// A session of which another program had written half of a transaction, with its journal.
  private func halfWritten() throws -> (folder: Folder, whole: [UInt8]) {
    let folder = try Folder()
    let work = try Folder()
    let whole = try savedSample()
    #expect(FileManager.default.createFile(atPath: work.file(), contents: Data(whole)))
    let database = try Database(work.file())
    try database.execute(
      """
      PRAGMA cache_size = 1;
      PRAGMA cache_spill = 1;
      BEGIN IMMEDIATE;
      UPDATE content SET bytes = zeroblob(length(bytes));
      UPDATE journal SET source = zeroblob(50000);
      DELETE FROM object;
      """)
    for name in ["s.kramers", "s.kramers-journal"] {
      try FileManager.default.copyItem(atPath: work.file(name), toPath: folder.file(name))
    }
    try database.execute("ROLLBACK")
    try database.close()
    #expect(bytes(of: folder.file()) != whole)
    return (folder, whole)
  }

  @Test("is taken back by opening")
  func recovered() throws {
    for open in [
      { path in try portrait(SessionFile.open(path)) },
      { path in try portrait(SessionFile(path: path).contents()) },
      { path in
        _ = try SessionFile.summary(path)
        return try portrait(SessionFile.open(path))
      },
    ] as [(String) throws -> [String]] {
      let (folder, whole) = try halfWritten()
      #expect(try open(folder.file()) == portrait(Sample.everything()))
      #expect(bytes(of: folder.file()) == whole && folder.names == ["s.kramers"])
    }
  }

  @Test("cannot be taken back by a journal that is none, or that names another file")
  func foreignJournal() throws {
    let (folder, _) = try halfWritten()
    let half = bytes(of: folder.file())
    let journal = bytes(of: folder.file() + "-journal")
    let victim = folder.file("victim")
    #expect(FileManager.default.createFile(atPath: victim, contents: Data("precious".utf8)))
    let name = Array(victim.utf8)
    func word(_ n: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(n).bigEndian) { Array($0) } }
    let sum = name.reduce(0) { $0 + Int(Int8(bitPattern: $1)) }
    let ending = word(1 << 18) + name + word(name.count) + word(sum) + journal.prefix(8)
    for hostile in [Array("hello".utf8), [UInt8](repeating: 7, count: 5000), journal + ending] {
      #expect(
        FileManager.default.createFile(atPath: folder.file() + "-journal", contents: Data(hostile)))
      let error = refusal { () throws(SessionError) in _ = try SessionFile.open(folder.file()) }
      #expect(error.kind == .corrupt && error.reason.contains("-journal lies there"), "\(error)")
      #expect(bytes(of: folder.file()) == half && bytes(of: victim) == Array("precious".utf8))
      #expect(bytes(of: folder.file() + "-journal") == hostile)
    }
  }

  @Test("with a damaged journal gives a sentence or a session, and no crash")
  func damagedJournal() throws {
    let (folder, _) = try halfWritten()
    let half = bytes(of: folder.file())
    let journal = bytes(of: folder.file() + "-journal")
    for seed in 0..<100 as Range<UInt64> {
      #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(half)))
      #expect(
        FileManager.default.createFile(
          atPath: folder.file() + "-journal", contents: Data(mutant(of: journal, seed))))
      do {
        use(try SessionFile.open(folder.file()))
      } catch { #expect(!error.reason.isEmpty) }
    }
  }
}
