import Foundation
import Testing

@Suite struct GalleryTests {
  private let page = try? String(
    contentsOf: packageRoot.appendingPathComponent("docs/gallery.md"), encoding: .utf8)

  @Test("the gallery has a figure of every script, with the command that draws it")
  func complete() throws {
    let page = try #require(page)
    for script in ScriptTests.scripts {
      let name = script.dropLast(4)
      #expect(page.contains("](figures/\(name).svg)"), "\(name)")
      #expect(page.contains("kramers scripts/\(script) full docs/figures/\(name).svg"), "\(name)")
      let figure = packageRoot.appendingPathComponent("docs/figures/\(name).svg")
      let svg = try String(contentsOf: figure, encoding: .utf8)
      #expect(svg.hasPrefix("<?xml") && svg.contains("</svg>"), "\(name)")
      #expect(svg.utf8.count < 100_000, "\(name): \(svg.utf8.count) bytes")
    }
  }
}
