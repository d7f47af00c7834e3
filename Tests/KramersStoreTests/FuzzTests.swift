import Foundation
import Kramers
import Testing

@testable import KramersStore

/// Mutants: 500 in the normal suite, 10,000 when KRAMERS_LONG is set.
private let count = getenv("KRAMERS_LONG") == nil ? 500 : 10_000

@Suite("mutated session files")
struct FuzzTests {
  @Test(
    "are refused or whole: no crash, no hang, no memory, nothing written",
    .enabled(if: childRole == nil))
  func mutants() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    try file.save(Sample.everything())
    let (ok, output) = try runChild(
      "mutants",
      [
        "FILE": folder.file(), "FIRST": "0", "COUNT": "\(count)", "SEED": folder.file("seed"),
        "SHOW": getenv("KRAMERS_LONG") == nil ? "" : "1",
      ])
    let seed = String(decoding: bytes(of: folder.file("seed")), as: UTF8.self)
    #expect(ok, "at seed \(seed): \(output.suffix(2000))")
    let summary = output.split(separator: "\n").first { $0.contains("mutants: ") }
    print(summary ?? "no mutants were read")
    #expect(summary != nil)
  }
}
