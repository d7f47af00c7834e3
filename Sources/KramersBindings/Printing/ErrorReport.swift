import Lua

/// The text of every chunk that was run, so that an error can show its line.
public struct SourceLines {
  private var lines: [String: [Substring]] = [:]

  public init() {}

  public mutating func add(_ chunk: String, _ text: String) {
    lines[chunk] = text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  func line(_ position: LuaError.Position) -> String? {
    guard let text = lines[position.chunk], position.line >= 1, position.line <= text.count else {
      return nil
    }
    return String(text[position.line - 1])
  }
}

/// An error as the terminal shows it: the message with file and line, the source line, a caret.
public func errorReport(_ error: any Error, _ sources: SourceLines) -> String {
  guard let error = error as? LuaError else { return "kramers: \(error)\n" }
  var report = "kramers: \(error.message)\n"
  guard let position = error.position, let line = sources.line(position) else { return report }
  let number = "\(position.line)"
  let margin = String(repeating: " ", count: number.count)
  let shown = line.replacing("\t", with: " ").prefix(200)
  report += "  \(number) | \(shown)\n"
  let column = caretColumn(in: String(shown), for: error.message)
  report += "  \(margin) | " + String(repeating: " ", count: column) + "^\n"
  return report
}

/// The column of the first word of the message that stands in the line: an option in preference
/// to the verb it was given to.
private func caretColumn(in line: String, for message: String) -> Int {
  let words = message.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
  let inLine = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
  let candidates = inLine.filter { word in word.count > 1 && words.contains(String(word)) }
  let verb = candidates.first
  let option = candidates.first { $0 != verb }
  if let start = (option ?? verb)?.startIndex {
    return line.distance(from: line.startIndex, to: start)
  }
  return line.prefix { $0 == " " }.count
}
