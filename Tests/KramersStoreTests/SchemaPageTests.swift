import Foundation
import CSessionFile
import Testing

@testable import KramersStore

private let page: String = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  return (try? String(contentsOf: root.appending(path: "docs/session-file.md"), encoding: .utf8))
    ?? ""
}()

/// The fenced blocks of a language.
private func blocks(_ language: String) -> [String] {
  page.components(separatedBy: "```\(language)\n").dropFirst().map {
    $0.components(separatedBy: "\n```")[0]
  }
}

@Suite("the page about the session file")
struct SchemaPageTests {
  private func query(_ sql: String) throws -> [[String]] {
    let folder = try Folder()
    try SessionFile(path: folder.file()).save(Sample.everything())
    let database = try Database(folder.file(), readOnly: true)
    var statement: OpaquePointer?
    try database.check(sqlite3_prepare_v2(database.connection, sql, -1, &statement, nil))
    defer { sqlite3_finalize(statement) }
    var rows: [[String]] = []
    while sqlite3_step(statement) == SQLITE_ROW {
      rows.append(
        (0..<sqlite3_column_count(statement)).map { column in
          sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "NULL"
        })
    }
    return rows
  }

  @Test("has five queries that run, with rows")
  func queries() throws {
    let queries = blocks("sql")
    try #require(queries.count == 5)
    for sql in queries { #expect(try !query(sql).isEmpty, "\(sql)") }
    let escapes = try query(queries[0])
    #expect(escapes.count == 1 && escapes[0][2] == "7128.28")
    #expect(try query(queries[1]).map { $0[0] } == ["2"])
    let settings = try query(queries[3])
    #expect(
      settings.count == 6 && settings[0][1...4] == ["experiment", "gaussian", "[2,3,2]", "tanh"])
    #expect(try query(queries[4]).contains { $0[0] == "variables" && $0[1] == "300" })
  }

  @Test("names every table and describes the version that is written")
  func tables() {
    for table in Schema.tables { #expect(page.contains("| `\(table.name)` |")) }
    #expect(page.contains("Version \(Schema.version), in `PRAGMA user_version`"))
    #expect(page.contains("is \(Schema.applicationID) (\"Kram\")"))
  }

  @Test("reads weights into numpy")
  func numpy() throws {
    let folder = try Folder()
    try SessionFile(path: folder.file()).save(Sample.everything())
    let script = try #require(blocks("python").first)
      .replacingOccurrences(of: "NAME.kramers", with: folder.file())
    let python = ProcessInfo.processInfo.environment["KRAMERS_PYTHON"] ?? "python3"
    func run(_ code: String) throws -> (Int32, String) {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [python, "-c", code]
      let output = Pipe()
      process.standardOutput = output
      process.standardError = output
      try process.run()
      let bytes = output.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
    guard let probe = try? run("import numpy"), probe.0 == 0 else {
      print("skipped: no numpy in \(python)")
      return
    }
    let (status, output) = try run(script)
    #expect(status == 0 && output == "[(3, 2), (2, 3)]\n", "\(output)")
  }
}
