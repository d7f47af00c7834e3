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
    moduleFolder = FileRoom.current?.folder(of: script)
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

  /// Compiles an expression, which returns its values, or statements. An expression may also be the
  /// last of several statements, behind a semicolon or on a line of its own: `x = 5; x`.
  func compile(
    _ text: [UInt8], chunkName: String
  ) throws -> (function: LuaFunction, isExpression: Bool) {
    try lua.setStrict(chunkName: chunkName)
    func load(_ text: [UInt8]) throws -> LuaFunction? {
      do {
        return try lua.load(text, chunkName: chunkName)
      } catch let error as LuaError where error.kind == .syntax {
        return nil
      }
    }
    // Beside a variable to be closed there are no tail calls, which would lose the position.
    let returns = Array("local _e <close> = nil return ".utf8)
    if let function = try load(returns + text) { return (function, true) }
    do {
      return (try lua.load(text, chunkName: chunkName), false)
    } catch let error as LuaError where error.kind == .syntax {
      // Both parts have to be whole by themselves: the end of an open block is no expression.
      for start in lastStarts(text) where try load(returns + text[start...]) != nil {
        if try load(Array(text[..<start])) != nil,
          let function = try load(text[..<start] + returns + text[start...])
        {
          return (function, true)
        }
      }
      throw error
    }
  }

  /// Where the last statement may begin, the last of them first; no more than a person looks over.
  private func lastStarts(_ text: [UInt8]) -> [Int] {
    let ends = text.indices.reversed().lazy.filter { text[$0] == 0x3B || text[$0] == 0x0A }
    return ends.prefix(200).map { $0 + 1 }
  }

  /// Runs a script; its arguments are also `...`.
  ///
  /// - Throws: `LuaError`, or `FileError` when the file cannot be read.
  public func run(file path: String, sources: inout SourceLines) throws {
    guard let bytes = try readScript(path) else { return }
    try run(text: bytes, of: path, sources: &sources)
  }

  /// Runs the text of a script's file.
  public func run(text: [UInt8], of path: String, sources: inout SourceLines) throws {
    scriptText = text
    try run(text, name: path, chunkName: "@" + path, sources: &sources)
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

  /// The text of a script's file as `run(file:)` would take it; nil where it cannot be read.
  func readScriptText(_ path: String) -> [UInt8]? {
    (try? readScript(path)).flatMap { $0 }.map(withoutPreamble)
  }

  private func readScript(_ path: String) throws -> [UInt8]? {
    var status = stat()
    try checkPath(path)
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
  public var description: String { "\(shownPath(path)): \(reason)" }
}

/// A path as a message shows it: whole, without control characters.
func shownPath(_ path: String) -> String {
  String(
    String.UnicodeScalarView(
      path.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
}

/// A path with a byte 0 would end there for the system, and be another file's.
func checkPath(_ path: String) throws(FileError) {
  if path.utf8.contains(0) { throw FileError(path, "no path holds a byte 0") }
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
