import Kramers
import KramersStore

/// The journal as a script that does again what was done. Entries that failed or were interrupted
/// are comments; an interrupted one that `resume()` finished stands where it was finished.
///
/// - Parameter isExpression: whether a text is one; it is printed then, as the shell does.
func journalScript(
  _ journal: [JournalEntry], isExpression: ([UInt8]) -> Bool
) -> String {
  var lines = ["-- The journal of a Kramers session; kramers FILE runs it again."]
  let history = historyDepth(journal)
  for (index, entry) in journal.enumerated() {
    lines.append("")
    lines.append("-- [\(index + 1)] \(timeText(entry.started)), \(outcome(entry))")
    if let resumed = resumedEntry(index, of: journal) {
      lines.append("-- resumes [\(resumed + 1)]")
      lines.append(runnable(journal[resumed], history, isExpression))
    } else if entry.outcome == .ok, !entry.isAboutSessions {
      lines.append(runnable(entry, history, isExpression))
    } else {
      lines.append(commented(String(decoding: entry.source, as: UTF8.self)))
    }
  }
  return lines.joined(separator: "\n") + "\n"
}

/// The interrupted entry that this one, a `resume()` that ended, has finished.
func resumedEntry(_ index: Int, of journal: [JournalEntry]) -> Int? {
  guard journal[index].outcome == .ok, journal[index].isResume else { return nil }
  return journal[..<index].lastIndex {
    ($0.outcome == .interrupted || $0.outcome == .running) && !$0.isResume
  }
}

extension JournalEntry {
  /// Whether it is a line that begins with `session.`: run again, it would save over what it saved.
  var isAboutSessions: Bool {
    let text = String(decoding: source, as: UTF8.self)
    return (text.hasPrefix("session.") || text.hasPrefix("print(session.")) && !text.contains("\n")
  }

  /// Whether it is `resume()` and nothing else.
  var isResume: Bool {
    String(decoding: source, as: UTF8.self).filter { !$0.isWhitespace && $0 != ";" } == "resume()"
  }
}

private func outcome(_ entry: JournalEntry) -> String {
  let seconds = numberText(entry.seconds, digits: 3) + " s"
  switch entry.outcome {
  case .ok: return seconds
  case .error:
    let message = (entry.message ?? "").split(separator: "\n").first ?? ""
    return "\(seconds), failed: \(message)"
  case .interrupted: return "\(seconds), interrupted"
  case .running: return "under way"
  }
}

private func runnable(
  _ entry: JournalEntry, _ history: Int, _ isExpression: ([UInt8]) -> Bool
) -> String {
  let text = String(decoding: entry.source, as: UTF8.self)
  switch entry.kind {
  case .script:
    let arguments = entry.arguments.map { ", " + quoted($0) }.joined()
    return """
      arg = { [0] = \(quoted(String(entry.chunkName.dropFirst())))\(arguments) };
      (function(...)
      \(text)
      end)(table.unpack(arg))
      """
  case .code, .entry:
    guard isExpression(entry.source) else { return text }
    if history == 0 || entry.kind == .code { return "print(\(withoutSemicolon(text)))" }
    // What the shell does with the value of an expression.
    let names = (0..<history).map { $0 == 0 ? "_" : "_\($0)" }
    let values = [withoutSemicolon(text)] + names.dropLast()
    return names.joined(separator: ", ") + " = " + values.joined(separator: ", ")
  }
}

/// How many of `_`, `_1`, ... the entries use.
private func historyDepth(_ journal: [JournalEntry]) -> Int {
  let texts = journal.map { String(decoding: $0.source, as: UTF8.self) }
  for n in stride(from: 9, through: 1, by: -1) where texts.contains(where: { $0.hasWord("_\(n)") })
  {
    return n + 1
  }
  return texts.contains { $0.hasWord("_") } ? 1 : 0
}

extension String {
  /// Whether a name stands in the text, and not as a part of another one.
  fileprivate func hasWord(_ word: String) -> Bool {
    split { !($0 == "_" || $0.isLetter || $0.isNumber) }.contains { $0 == word }
  }
}

private func withoutSemicolon(_ text: String) -> String {
  var text = text[...]
  while let last = text.last, last.isWhitespace || last == ";" { text.removeLast() }
  return String(text)
}

private func commented(_ text: String) -> String {
  text.split(separator: "\n", omittingEmptySubsequences: false).map { "-- \($0)" }
    .joined(separator: "\n")
}

private func quoted(_ text: String) -> String {
  "\""
    + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    .replacing("\n", with: "\\n") + "\""
}
