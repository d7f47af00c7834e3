import Foundation
import Testing

/// `Sources/Kramers/README.md` against the files.
@Suite("the core's page")
struct CoreReadmeTests {
  private static let core = packageRoot.appendingPathComponent("Sources/Kramers")

  private static func page() throws -> String {
    try String(contentsOf: core.appendingPathComponent("README.md"), encoding: .utf8)
  }

  @Test("names files and folders that exist")
  func exist() throws {
    let names = try Self.page().matches(of: /`([\w.\/]+(\.swift|\/))`/).map { String($0.1) }
    #expect(names.count > 60)
    var folder = ""
    for name in names {
      // `A/B.swift`, `C.swift`: the second stands in the folder of the first.
      let places = [name, folder + name].map { Self.core.appendingPathComponent($0).path }
      let ofPackage = packageRoot.appendingPathComponent(name).path
      let exists = (places + [ofPackage]).contains { FileManager.default.fileExists(atPath: $0) }
      #expect(exists, "\(name)")
      guard name.contains("/") else { continue }
      folder = name.split(separator: "/").dropLast().map { $0 + "/" }.joined()
    }
  }

  @Test("names every file of the core, or its room")
  func complete() throws {
    let page = try Self.page()
    let files = try #require(FileManager.default.enumerator(atPath: Self.core.path))
    for case let file as String in files where file.hasSuffix(".swift") {
      let room = file.split(separator: "/").dropLast().map { $0 + "/" }.joined()
      #expect(
        page.contains("`\(file)`") || !room.isEmpty && page.contains("| `\(room)` |"), "\(file)")
    }
  }
}
