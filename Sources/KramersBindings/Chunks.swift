#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
import KramersStore
import Lua

/// Running code: expressions, scripts, standard input.
extension Program {
  /// `arg`, with the script at index 0.
  public func setArguments(script: String?, _ arguments: [String]) throws {
    let table = try lua.makeTable(array: arguments.map { LuaValue($0) })
    if let script {
      try table.rawSet(0, LuaValue(script))
      try findModules(beside: script)
    }
    try lua.globals.rawSet("arg", .table(table))
  }

  /// `require` looks into the folder of the script before it looks elsewhere.
  private func findModules(beside script: String) throws {
    guard let package = try lua.globals.rawGet("package").asTable,
      let path = try package.rawGet("path").text, let slash = script.lastIndex(of: "/")
    else { return }
    let folder = script[..<slash]
    // Both have a meaning in the path.
    guard !folder.contains("?"), !folder.contains(";") else { return }
    let own = "\(folder)/?.lua;\(folder)/?/init.lua;"
    if !path.hasPrefix(own) { try package.rawSet("path", LuaValue(own + path)) }
  }

  /// Runs code of the command line; if it is an expression, prints its values.
  public func run(code text: String, chunkName: String) throws {
    _ = try run(
      entry: Array(text.utf8), kind: .code, chunkName: chunkName, arguments: options.arguments)
  }

  func evaluate(_ text: [UInt8], chunkName: String, arguments: [String]) throws {
    let (function, isExpression) = try compile(text, chunkName: chunkName)
    let values = try function.call(arguments.map { LuaValue($0) })
    guard isExpression else { return }
    // `-e 'experiment{...}' -e 'emit(...)'`: a handle is no data, and would stand between records.
    let isHandle = values.allSatisfy { if case .object = $0 { true } else { false } }
    if values.isEmpty || (isHandle && self.options.format != .table) { return }
    try printValues(values)
  }

  /// Compiles an expression, which returns its values, or statements.
  func compile(
    _ text: [UInt8], chunkName: String
  ) throws -> (function: LuaFunction, isExpression: Bool) {
    try lua.setStrict(chunkName: chunkName)
    do {
      // Beside a variable to be closed there are no tail calls, which would lose the position.
      let prefix = Array("local _e <close> = nil return ".utf8)
      return (try lua.load(prefix + text, chunkName: chunkName), true)
    } catch let error as LuaError where error.kind == .syntax {
      return (try lua.load(text, chunkName: chunkName), false)
    }
  }

  /// Runs a script; its arguments are also `...`.
  ///
  /// - Throws: `LuaError`, or `FileError` when the file cannot be read.
  public func run(file path: String, sources: inout SourceLines) throws {
    guard let bytes = try readScript(path) else { return }
    try run(bytes, name: path, chunkName: "@" + path, sources: &sources)
  }

  public func run(standardInput: Void, sources: inout SourceLines) throws {
    let bytes = readAll { ks_read($0, $1) }
    if let reason = ks_read_failure() { throw FileError("stdin", String(cString: reason)) }
    try run(bytes, name: "stdin", chunkName: "=stdin", sources: &sources)
  }

  private func run(
    _ bytes: [UInt8], name: String, chunkName: String, sources: inout SourceLines
  ) throws {
    let text = withoutPreamble(bytes)
    sources.add(name, String(decoding: text, as: UTF8.self))
    _ = try run(
      entry: text, kind: .script, chunkName: chunkName, arguments: options.arguments)
  }

  func run(script text: [UInt8], chunkName: String, arguments: [String]) throws {
    try lua.setStrict(chunkName: chunkName)
    _ = try lua.load(text, chunkName: chunkName).call(arguments.map { LuaValue($0) })
  }

  private func readScript(_ path: String) throws -> [UInt8]? {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileError(path, String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw FileError(path, "is a directory") }
    guard let file = fopen(path, "rb") else {
      throw FileError(path, String(cString: strerror(errno)))
    }
    defer { fclose(file) }
    let bytes = readAll { fread($0, 1, $1, file) }
    guard ferror(file) == 0 else { throw FileError(path, String(cString: strerror(errno))) }
    return bytes
  }
}

/// A file that could not be read, with its path.
public struct FileError: Error, CustomStringConvertible {
  public let path: String
  public let reason: String
  init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }
  public var description: String { "\(path): \(reason)" }
}

/// Everything that `read(buffer, capacity)` gives until it gives nothing.
func readAll(_ read: (UnsafeMutableRawPointer, Int) -> Int) -> [UInt8] {
  var bytes: [UInt8] = []
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  defer { buffer.deallocate() }
  guard let start = buffer.baseAddress else { return [] }
  while true {
    let count = read(start, buffer.count)
    if count == 0 { return bytes }
    bytes += buffer[0..<count]
  }
}

/// Without a UTF-8 byte order mark; a first line `#!...` becomes empty, so that line numbers stay.
private func withoutPreamble(_ bytes: [UInt8]) -> [UInt8] {
  var text = bytes[...]
  if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
  if text.first == UInt8(ascii: "#") { text = text.drop { $0 != UInt8(ascii: "\n") } }
  return Array(text)
}
