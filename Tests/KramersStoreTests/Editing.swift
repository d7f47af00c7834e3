import Foundation
import Testing

@testable import KramersStore

/// A saved session with something of everything.
func savedSample() throws -> [UInt8] { try sample.get() }

private let sample = Result {
  let folder = try Folder()
  try SessionFile(path: folder.file()).save(Sample.everything())
  return bytes(of: folder.file())
}

/// The file after SQL that the program itself would never run.
func edited(_ original: [UInt8], _ sql: String) throws -> [UInt8] {
  let folder = try Folder()
  #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(original)))
  let database = try Database(folder.file())
  try database.execute(sql)
  try database.close()
  return bytes(of: folder.file())
}
