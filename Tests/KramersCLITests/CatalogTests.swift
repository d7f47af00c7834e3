import Foundation
import Testing

@testable import KramersBindings

@Suite("the catalogue")
struct CatalogTests {
  @Test("every entry has a body")
  func bodies() throws {
    let program = try Program(ProgramOptions())
    let bodies = Set(program.functionNames.values)
    for entry in program.catalog.all {
      #expect(bodies.contains(entry.name), "\(entry.name) has an entry and no body")
    }
  }

  @Test("every source of data in the core has an entry, and every entry a source")
  func dataSources() throws {
    let folder = packageRoot.appendingPathComponent("Sources/Kramers/Data")
    var sources: Set<String> = []
    for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
      for match in text.matches(of: /public static func (\w+)\([^{]*-> Dataset \{/) {
        sources.insert("data.\(match.1)")
      }
    }
    #expect(sources.contains("data.npz") && sources.contains("data.gaussian"))
    let entries = Set(catalog.all.map(\.name).filter { $0.hasPrefix("data.") })
    #expect(sources.subtracting(entries) == [], "have no entry")
    #expect(entries.subtracting(sources) == [], "have no source in Sources/Kramers/Data")
  }

  @Test("CITATION.cff and CHANGELOG.md name the version that the program prints")
  func version() throws {
    let version = try kramers("--version").output.trimmingCharacters(in: .whitespacesAndNewlines)
    let citation = try String(
      contentsOf: packageRoot.appendingPathComponent("CITATION.cff"), encoding: .utf8)
    #expect(citation.split(separator: "\n").contains("version: \(version)"))
    let changes = try String(
      contentsOf: packageRoot.appendingPathComponent("CHANGELOG.md"), encoding: .utf8)
    let first = changes.split(separator: "\n").first { $0.hasPrefix("## ") }
    #expect(first == "## \(version)")
  }
}
