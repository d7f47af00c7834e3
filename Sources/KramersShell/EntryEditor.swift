#if canImport(Glibc)
  internal import Glibc
#endif
internal import KramersBindings

/// Programs that take the terminal for a while.
enum ChildProgram {
  /// Runs a line of the system's shell; Ctrl-C goes to it alone.
  /// - Returns: its exit status.
  @discardableResult
  static func run(_ line: String) -> Int32 {
    let status = system(line)
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  /// Lets the user change a text in $VISUAL or $EDITOR.
  ///
  /// - Throws: `EditorError` when there is no editor, or it fails: the text is then as it was.
  static func edit(_ text: [UInt8]) throws -> [UInt8] {
    let editor = ["VISUAL", "EDITOR"].compactMap(UserDirectories.variable).first
    guard let editor else { throw EditorError(description: "set $EDITOR to your editor first") }
    let directory = UserDirectories.temporary
    var template = Array("\(directory)/kramers-XXXXXX.lua\0".utf8CString)
    let file = mkstemps(&template, 4)
    guard file >= 0 else {
      throw EditorError(description: "\(directory): \(String(cString: strerror(errno)))")
    }
    let path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? ""
    defer { unlink(path) }
    let line = text + (text.last == 0x0A ? [] : [0x0A])
    let count = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    close(file)
    guard count == line.count else { throw EditorError(description: "\(path): not written") }
    let status = run("\(editor) '\(path)'")
    guard status == 0 else {
      throw EditorError(description: "\(editor) ended with status \(status)")
    }
    guard let stream = fopen(path, "rb") else {
      throw EditorError(description: "\(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(stream) }
    var changed: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let got = fread(&buffer, 1, buffer.count, stream), got > 0 {
      changed += buffer[..<got]
    }
    while changed.last == 0x0A { changed.removeLast() }
    return changed
  }
}

struct EditorError: Error, CustomStringConvertible {
  let description: String
}
