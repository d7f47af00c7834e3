#if canImport(Glibc)
  internal import Glibc
#endif
import Lua

/// A protocol's source, and where it was found. The file's name is the verb's.
struct ProtocolFile {
  let name: String
  let path: String
  let source: [UInt8]

  private init(name: String, path: String, source: [UInt8]) {
    self.name = name
    self.path = path
    self.source = source
  }

  /// - Throws: `FileError`; `ProtocolError` for a path that does not end in `.lua`.
  init(path: String) throws {
    guard let file = path.split(separator: "/").last, file.hasSuffix(".lua"), file.count > 4 else {
      throw ProtocolError("the path must end in NAME.lua, got '\(path)'")
    }
    self.init(name: String(file.dropLast(4)), path: path, source: try readWhole(path))
  }

  /// Those of the program itself.
  static func shipped(_ library: StandardLibrary) -> [ProtocolFile] {
    shippedNames.compactMap { name in
      library.source(name).map { ProtocolFile(name: name, path: "stdlib/\(name).lua", source: $0) }
    }
  }

  static let shippedNames = StandardLibrary.names(in: nil)

  /// The `.lua` files of a folder, by name; none where there is no such folder.
  static func inFolder(_ folder: String) -> [ProtocolFile] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(".lua"), !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted().compactMap { try? ProtocolFile(path: "\(folder)/\($0)") }
  }

  /// Errors inside of protocols blame the line that called them, and say where they were raised.
  func chunkName(isOwn: Bool) -> String { "@\(isOwn ? "protocols" : "stdlib")/\(name).lua" }
}

/// Writes a protocol to begin from into the user's folder.
///
/// - Returns: its path.
/// - Throws: `NewProtocolError` for a name that is taken or none; `FileError`.
package func writeNewProtocol(_ name: String) throws -> String {
  guard isPlainName(name) else {
    throw NewProtocolError("'\(name)' cannot be the name of a verb: letters, digits and _")
  }
  let program = try Program(ProgramOptions())
  guard program.catalog.byName[name] == nil, try program.lua.globals.rawGet(LuaValue(name)).isNil
  else { throw NewProtocolError("the name '\(name)' is taken") }
  guard let folder = UserDirectories.protocols else {
    throw FileError("protocols", "no HOME to keep them in")
  }
  if let reason = UserDirectories.make(folder) { throw FileError(folder, reason) }
  let path = "\(folder)/\(name).lua"
  guard access(path, F_OK) != 0 else { throw FileError(path, "is there already") }
  let template = StandardLibrary(folder: nil).source("template/template") ?? []
  let text = String(decoding: template, as: UTF8.self)
  try writeWhole(Array(text.replacing("NAME", with: name).utf8), to: path)
  return path
}

package struct NewProtocolError: Error, CustomStringConvertible {
  package let description: String
  init(_ words: String) { description = words }
}
