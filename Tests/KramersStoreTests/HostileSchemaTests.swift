import Foundation
import Testing

@testable import KramersStore

@Suite("a schema that is not ours")
struct HostileSchemaTests {
  static let endless =
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"

  static func redefine(_ table: String, _ old: String, _ new: String) -> String {
    """
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, '\(old)', '\(new)') WHERE name = '\(table)';
    """
  }

  static let cases: [(sql: String, named: String)] = [
    ("CREATE VIEW v AS SELECT 1", "view 'v'"),
    ("DROP TABLE unsaved; CREATE VIEW unsaved AS \(endless)", "view 'unsaved'"),
    (
      "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM content; END", "trigger 't'"
    ),
    ("CREATE TRIGGER u BEFORE DELETE ON content BEGIN SELECT raise(ROLLBACK, 'no'); END", "'u'"),
    ("CREATE INDEX i ON journal (hex(source))", "index 'i'"),
    ("CREATE UNIQUE INDEX i ON variable (name) WHERE abs(position) > 0", "index 'i'"),
    ("CREATE VIRTUAL TABLE f USING fts5(words)", "'f'"),
    ("CREATE VIRTUAL TABLE r USING rtree(id, low, high)", "'r'"),
    ("ALTER TABLE variable ADD COLUMN g TEXT AS (hex(zeroblob(100000000)))", "'variable'"),
    ("ALTER TABLE variable ADD COLUMN extra TEXT", "'variable'"),
    ("ALTER TABLE variable RENAME COLUMN name TO title", "'variable'"),
    ("ALTER TABLE variable RENAME TO variables", "'variables'"),
    ("DROP TABLE call", "no table 'call'"),
    ("ANALYZE", "'sqlite_stat1'"),
    ("CREATE TABLE a (b INTEGER PRIMARY KEY AUTOINCREMENT)", "'a'"),
    (
      redefine(
        "variable", "summary TEXT NOT NULL",
        "summary TEXT NOT NULL CHECK (length(zeroblob(1000000000)) > 0)"), "'variable'"
    ),
    (
      redefine("variable", "kind TEXT NOT NULL", "kind TEXT NOT NULL DEFAULT (randomblob(9))"),
      "'variable'"
    ),
    (redefine("variable", "STRICT", ""), "'variable'"),
    (redefine("object", "STRICT, WITHOUT ROWID", "STRICT"), "'object'"),
    (redefine("state", "-- 0: now", "-- 0: later"), "'state'"),
    (redefine("state", "CREATE TABLE state", "CREATE TABLE states"), "damaged"),
    (redefine("state", "CREATE TABLE", "CREATE TABLE ("), "damaged"),
    (
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'view' WHERE name = 'call'",
      "damaged"
    ),
    (
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = 'call' WHERE name = 'state'",
      "damaged"
    ),
    (
      """
      PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage =
        (SELECT rootpage FROM sqlite_schema WHERE name = 'result') WHERE name = 'variable'
      """, "damaged"
    ),
    (
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 << 60",
      "damaged"
    ),
    ("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = NULL", "damaged"),
    ("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = NULL", "damaged"),
    ("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema", "no table 'session'"),
    (
      """
      PRAGMA writable_schema = ON;
      INSERT INTO sqlite_schema VALUES ('table', 'deep', 'deep', 2, 'CREATE TABLE deep (a CHECK ('
        || replace(hex(zeroblob(500000)), '00', '(') || '1)))')
      """, "damaged"
    ),
    (
      """
      PRAGMA writable_schema = ON;
      INSERT INTO sqlite_schema VALUES ('view', 'w', 'w', 0, 'CREATE VIEW w AS SELECT '
        || replace(hex(zeroblob(1500)), '00', '1 UNION SELECT ') || '1')
      """, "damaged"
    ),
    (
      """
      PRAGMA writable_schema = ON;
      WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000)
      INSERT INTO sqlite_schema SELECT 'table', 't' || x, 't' || x, 2, 'CREATE TABLE t' || x || '(a)'
      FROM c
      """, "'t1'"
    ),
  ]

  @Test("is refused by name, and runs no code", arguments: cases.indices)
  func refused(index: Int) throws {
    let example = Self.cases[index]
    let hostile = try edited(savedSample(), example.sql)
    let look = try look(at: hostile, in: Folder(), "\(example.sql)")
    #expect(!look.opened, "\(example.sql)")
    #expect(look.sentence.contains(example.named), "\(example.sql): \(look.sentence)")
    // Alone it takes milliseconds (`FuzzTests` measures); here all suites run at once.
    #expect(look.seconds < 20, "\(example.sql)")
  }

  @Test("is not written to either, when it comes while the file is attached")
  func attached() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    try file.save(Sample.everything())
    let hostile = try edited(
      bytes(of: folder.file()),
      "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM content; END")
    let handle = try #require(FileHandle(forUpdatingAtPath: folder.file()))
    try handle.write(contentsOf: Data(hostile))
    try handle.close()
    var contents = SessionContents()
    contents.journal = try Sample.everything().journal
    do {
      try file.save(contents)
      Issue.record("saved")
    } catch { #expect(error.kind == .corrupt && error.reason.contains("trigger 't'")) }
    #expect(bytes(of: folder.file()) == hostile)
  }
}
