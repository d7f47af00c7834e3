import Foundation
import Testing

@testable import KramersStore

/// Files of earlier versions, as the programs of their time made them, beside the bits of what they
/// hold. They are never made again.
@Suite("a file of an earlier version")
struct VersionTests {
  private func fixture(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: name).path
  }

  @Test("opens with everything in it, and is not changed by that", arguments: [1, 2])
  func opens(version: Int) throws {
    let original = bytes(of: fixture("version\(version).sqlite"))
    let folder = try Folder()
    #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(original)))
    let contents = try SessionFile.open(folder.file())
    let expected = String(decoding: bytes(of: fixture("version\(version).txt")), as: UTF8.self)
    #expect(portrait(contents).joined(separator: "\n") + "\n" == expected)
    #expect(bytes(of: folder.file()) == original)
    use(contents)
    let file = try SessionFile(path: folder.file())
    #expect(try portrait(file.contents()) == portrait(contents))
    #expect(bytes(of: folder.file()) == original)
    try file.save(contents)
    #expect(try portrait(SessionFile.open(folder.file())) == portrait(contents))
  }

  /// KRAMERS_WRITE_FIXTURE=FOLDER makes the file of the present version.
  @Test(
    "is made by the program of its version", .enabled(if: getenv("KRAMERS_WRITE_FIXTURE") != nil))
  func write() throws {
    let folder = ProcessInfo.processInfo.environment["KRAMERS_WRITE_FIXTURE"] ?? ""
    let path = "\(folder)/version\(Schema.version)"
    let contents = try Sample.everything()
    try SessionFile(path: path + ".sqlite").save(contents)
    try (portrait(contents).joined(separator: "\n") + "\n")
      .write(toFile: path + ".txt", atomically: true, encoding: .utf8)
  }
}
