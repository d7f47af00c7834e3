import Foundation
import Kramers
import Testing

@testable import KramersStore

@Suite("mutated session files", .enabled(if: childRole == nil))
struct FuzzTests {
  @Test("are refused or whole: no crash, no hang, no memory, nothing written")
  func mutants() throws { try read("mutants") }

  @Test("with odd values in their rows are refused or can be used")
  func rows() throws { try read("rows") }

  @Test("with hashes that are right again are refused or can be used")
  func rehashed() throws { try read("rehashed") }

  /// Has a child read them all.
  private func read(_ role: String) throws {
    let folder = try Folder()
    try SessionFile(path: folder.file()).save(Sample.everything())
    let (ok, output) = try runChild(
      role,
      ["FILE": folder.file(), "SEED": folder.file("seed")])
    let seed = String(decoding: bytes(of: folder.file("seed")), as: UTF8.self)
    #expect(ok, "at seed \(seed): \(output.suffix(2000))")
    let summary = output.split(separator: "\n").first { $0.hasPrefix("\(role): ") }
    print(summary ?? "nothing was read")
    for line in output.split(separator: "\n") where line.hasPrefix("fuzz: ") { print(line) }
    #expect(summary != nil)
  }
}
