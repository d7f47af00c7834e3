import Foundation
import Testing

@testable import KramersBindings

/// From here on every allocation that may collect collects everything: no pause, and steps as long
/// as a whole cycle.
private let collectAlways = """
  collectgarbage("setpause", 0) collectgarbage("incremental", 0, 1000, 100) collectgarbage()
  """

@Suite("a collection at every allocation changes nothing") struct CollectingTests {
  @Test("the mode collects what is garbage before the next statement")
  func mode() throws {
    let code = """
      \(collectAlways)
      local lost = 0
      for i = 1, 100 do
        local weak = setmetatable({ {} }, { __mode = "v" })
        local another = {}
        if not weak[1] then lost = lost + 1 end
      end
      print(lost)
      """
    #expect(try kramers("-", input: code).output == "100\n")
  }

  @Test("every example of the catalogue writes the same bytes", arguments: catalog.all.map(\.name))
  func examples(name: String) throws {
    let example = catalog.entry(name).example
    for format in ["jsonl", "csv", "table"] {
      let plain = try kramers("--format", format, "-", input: example)
      let run = try kramers("--format", format, "-", input: collectAlways + " " + example)
      #expect(run.status == plain.status, "\(name), \(format): \(run.errors)")
      let (errors, expected) = (withoutChance(run.errors), withoutChance(plain.errors))
      #expect(errors == expected, "\(name), \(format)")
      // A table keeps the fields that depend on the clock.
      if format == "table" { continue }
      #expect(withoutChance(run.output) == withoutChance(plain.output), "\(name), \(format)")
    }
  }

  /// Without the names that `os.tmpname` gives and the times that sessions tell.
  private func withoutChance(_ text: String) -> String {
    text.replacing(/\/tmp\/lua_\w+/, with: "NAME").replacing(/[-0-9]+T[:0-9]+Z/, with: "DATE")
      .replacing(/[0-9.]+ m?s\b/, with: "TIME")
  }

  @Test("-e shows handles of every kind")
  func handles() throws {
    let run = try kramers(
      "--format", "table", "-e", collectAlways, "-e",
      "experiment { data = data.population { singular = {0.9} }, depth = 3, width = 2 }",
      "-e", "current().data", "-e", "snapshot()", "-e", "use(current())", "-e",
      "data.population { singular = {0.9} }, nil, snapshot()")
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(run.output.split(separator: "\n").count == 5, "\(run.output)")
  }
}
