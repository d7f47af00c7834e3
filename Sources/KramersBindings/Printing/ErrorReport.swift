import Lua

/// The text of every chunk that was run, so that an error can show its line.
public struct SourceLines {
  private var lines: [String: [Substring]] = [:]

  public init() {}

  public mutating func add(_ chunk: String, _ text: String) {
    lines[chunk] = text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  /// "chunk:line: words" of a chunk that was run.
  func position(at words: some StringProtocol) -> (LuaError.Position, words: Substring)? {
    for chunk in lines.keys where words.hasPrefix(chunk + ":") {
      let rest = Substring(words.dropFirst(chunk.utf8.count + 1))
      let digits = rest.prefix { $0.isNumber }
      guard let line = Int(digits), rest.dropFirst(digits.count).hasPrefix(": ") else { continue }
      return (.init(chunk: chunk, line: line), rest.dropFirst(digits.count + 2))
    }
    return nil
  }

  func line(_ position: LuaError.Position) -> String? {
    guard let text = lines[position.chunk], position.line >= 1, position.line <= text.count else {
      return nil
    }
    return String(text[position.line - 1])
  }
}

/// An error as the terminal shows it: the message with file and line, the source line, a caret.
public func errorReport(
  _ error: any Error, _ sources: SourceLines, colored: Bool = false, head: String = "kramers:"
) -> String {
  let head = styled(head, .red, colored) + " "
  guard let error = error as? LuaError else { return head + "\(error)\n" }
  guard var position = error.position else { return head + error.message + "\n" }
  let prefix = "\(position.chunk):\(position.line): "
  let isPlaced = error.message.hasPrefix(prefix)
  var words = isPlaced ? error.message.dropFirst(prefix.count) : error.message[...]
  // coroutine.wrap puts the line that resumed in front of the one that raised.
  while isPlaced, let inner = sources.position(at: words) { (position, words) = inner }
  let place = isPlaced ? "\(position.chunk):\(position.line): " : ""
  var report = head + place + words + "\n"
  guard let source = sources.line(position) else {
    return isPlaced ? report : report + "  at \(position.chunk):\(position.line)\n"
  }
  if !isPlaced { report += "  at \(position.chunk)\n" }
  let (line, column) = excerpt(source, around: caretColumn(in: source, for: String(words)))
  let number = "\(position.line)"
  report += "  \(number) | \(line)\n"
  report += "  " + String(repeating: " ", count: number.count) + " | "
  report += String(repeating: " ", count: column) + styled("^", .red, colored) + "\n"
  return report
}

/// At most 120 columns of a line, with the caret's column in them; tabs become spaces.
private func excerpt(_ line: String, around column: Int) -> (String, Int) {
  let line = line.replacing("\t", with: " ").filter { $0 != "\r" }
  if line.count <= 120 { return (line, column) }
  let start = max(0, min(column - 60, line.count - 120))
  let cut = line.dropFirst(start).prefix(120)
  guard start > 0 else { return (String(cut), column) }
  return ("..." + cut.dropFirst(3), column - start)
}

/// Where to point: at the name that the message quotes; failing that, at a word that both have, an
/// option in preference to the verb it was given to.
private func caretColumn(in line: String, for message: String) -> Int {
  let words = names(in: line)
  func column(_ word: Substring) -> Int {
    line.distance(from: line.startIndex, to: word.startIndex)
  }
  let parts = message.split(separator: "'", omittingEmptySubsequences: false)
  for (i, quoted) in parts.enumerated() where i % 2 == 1 {
    let last = names(in: String(quoted)).last  // 'data.gausian': the field
    if let last, let word = words.last(where: { $0 == last }) { return column(word) }
  }
  let inMessage = Set(names(in: message))
  let candidates = words.filter { $0.count > 1 && inMessage.contains($0) }
  let verb = message.contains(":") ? names(in: message).first : nil
  if let word = candidates.first(where: { $0 != verb }) ?? candidates.first { return column(word) }
  return line.prefix { $0 == " " || $0 == "\t" }.count
}

private func names(in text: String) -> [Substring] {
  text.split { !($0.isLetter || $0.isNumber || $0 == "_") }
}
