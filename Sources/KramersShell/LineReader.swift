internal import CReadline
#if canImport(Glibc)
  internal import Glibc
#endif
internal import Lua

/// What the line editor asks the shell.
protocol LineReaderDelegate: AnyObject {
  func isComplete(_ entry: [UInt8]) -> Bool
  /// Spaces in front of the line that begins at `point`.
  func indentation(_ entry: [UInt8], at point: Int) -> Int
  /// Spaces too many in front of the line that begins at `start`, because it closes a block.
  func excessIndentation(_ entry: [UInt8], at start: Int) -> Int
  func completions(_ entry: [UInt8], at point: Int) -> Completions
  func edit(_ entry: [UInt8]) -> [UInt8]?
}

/// Entries typed at the terminal, through GNU readline, which has one state for the whole process:
/// so has this.
final class LineReader {
  enum Outcome {
    case entry([UInt8])
    case end
    case interrupt
  }

  // Unsafe: readline calls back on the thread that reads, and nowhere else.
  private nonisolated(unsafe) static var delegate: (any LineReaderDelegate)?
  private nonisolated(unsafe) static var found = Completions()
  private nonisolated(unsafe) static var text: UnsafeMutablePointer<CChar>?

  /// Whether the terminal shows more than ASCII.
  let isUnicode: Bool

  init(_ delegate: any LineReaderDelegate, terminal: Int32) {
    Self.delegate = delegate
    isUnicode = kr_use_characters()
    kr_open("kramers", terminal, Self.callbacks)
  }

  static var version: String { String(cString: kr_version()) }
  var showsLines: Bool { kr_shows_lines() }

  func read(_ prompt: String, prepared: [UInt8]?) -> Outcome {
    var line: UnsafeMutablePointer<CChar>?
    let outcome =
      prepared.map { text in
        (text + [0]).withUnsafeBufferPointer { buffer in
          buffer.withMemoryRebound(to: CChar.self) { kr_read(prompt, $0.baseAddress, &line) }
        }
      } ?? kr_read(prompt, nil, &line)
    defer { free(line) }
    switch outcome {
    case KR_INTERRUPT: return .interrupt
    case KR_LINE: return line.map { .entry(bytes($0)) } ?? .end
    default: return .end
    }
  }

  func setHistory(_ entries: [[UInt8]]) {
    kr_forget_history()
    for entry in entries { addHistory(entry) }
  }

  func addHistory(_ entry: [UInt8]) {
    (entry + [0]).withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { kr_add_history($0.baseAddress!) }
    }
  }

  private static let callbacks = kr_callbacks(
    is_complete: { line in LineReader.delegate?.isComplete(bytes(line)) ?? true },
    indentation: { line, point in
      Int32(LineReader.delegate?.indentation(bytes(line), at: Int(point)) ?? 0)
    },
    excess_indentation: { line, start in
      Int32(LineReader.delegate?.excessIndentation(bytes(line), at: Int(start)) ?? 0)
    },
    find: { line, point in
      found = LineReader.delegate?.completions(bytes(line), at: Int(point)) ?? Completions()
      return found.context
    },
    candidate: { i in
      found.candidates.indices.contains(Int(i)) ? hand(found.candidates[Int(i)].text) : nil
    },
    completes_files: { found.includesFiles },
    listing: { prefix, columns in
      hand(found.listing(beginningWith: String(cString: prefix), columns: Int(columns)))
    },
    edit: { line in
      LineReader.delegate?.edit(bytes(line)).flatMap { hand(String(decoding: $0, as: UTF8.self)) }
    },
    stop: { LuaSignals.received })

  /// A string for C, until the next one.
  private static func hand(_ string: String?) -> UnsafePointer<CChar>? {
    free(text)
    text = string.map { strdup($0) }
    return text.map { UnsafePointer($0) }
  }
}

private func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
  UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) }
}
