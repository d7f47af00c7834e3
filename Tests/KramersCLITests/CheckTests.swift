import Foundation
import Testing

@Suite("check compares this machine with theory") struct CheckTests {
  /// All rows but the one that takes ten seconds, unless KRAMERS_LONG is set.
  static let code =
    ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil
    ? "check()"
    : """
    local names = {}
    local ok, words = pcall(check, "none")
    for name in words:match("rows are (.*)"):gmatch("[^,]+") do
      name = name:match("^ ?(.*)$")
      if name ~= "splitting" then names[#names + 1] = name end
    end
    emit(check(names))
    """

  private func rows(_ run: Run) throws -> [[String: Any]] {
    try #require(run.records.last?["rows"] as? [[String: Any]])
  }

  @Test("every row passes, and the status is 0")
  func passes() throws {
    let run = try kramers("-e", Self.code)
    let rows = try rows(run)
    #expect(rows.count >= 28)
    for row in rows {
      #expect(row["passes"] as? Bool == true, "\(row)")
      #expect(row["error"] as? Double != nil)
    }
    #expect(run.status == 0)
  }

  @Test("an error of 1 % in a formula fails every row, and the status is 1")
  func planted() throws {
    let run = try kramers("-e", Self.code, environment: ["KRAMERS_PLANTED_ERROR": "1"])
    for row in try rows(run) { #expect(row["passes"] as? Bool == false, "\(row)") }
    #expect(run.status == 1)
  }

  @Test("the present experiment stays, and none stays none")
  func present() throws {
    let code = """
      check "loss"
      print(current())
      local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
      print(check({ "loss", "barrier" }).passed, current() == x)
      """
    #expect(try kramers("-", input: code).output == "nil\n3\ttrue\n")
  }

  @Test("an unknown row is named at the caller's line")
  func unknown() throws {
    let run = try kramers("-", input: "\ncheck { 'spinodall' }\n")
    #expect(run.status == 1)
    #expect(run.errors.contains("stdin:2: check: there is no row 'spinodall'; rows are spinodal 3"))
  }

  @Test("--selftest runs nothing else")
  func alone() throws {
    let run = try kramers("--selftest", "-e", "print(1)")
    #expect(run.status == 64 && run.errors.contains("--selftest runs no script"))
  }
}
