internal import CReadline

/// What could stand at the cursor.
struct Completions {
  struct Candidate {
    /// What is inserted.
    var text: String
    /// What a list shows beside it: a default, a kind.
    var note = ""
    /// A few words about it.
    var summary = ""
  }

  var context = KR_NAMES
  var candidates: [Candidate] = []
  var includesFiles = false

  /// A list with notes, a candidate a line; nil if there are no notes: names alone need columns.
  func listing(beginningWith prefix: String, columns: Int) -> String? {
    let shown = candidates.filter { $0.text.hasPrefix(prefix) }
    guard shown.contains(where: { !$0.note.isEmpty || !$0.summary.isEmpty }) else { return nil }
    let width = columns > 0 ? columns - 1 : Int.max
    let names = shown.map { label($0).count }.max() ?? 0
    return shown.map { candidate in
      let name = label(candidate)
      let gap = String(repeating: " ", count: names - name.count + 2)
      let line = candidate.summary.isEmpty ? name : name + gap + candidate.summary
      return (line.count > width ? String(line.prefix(max(width - 3, 1))) + "..." : line) + "\n"
    }.joined()
  }

  private func label(_ candidate: Candidate) -> String {
    candidate.note.isEmpty ? candidate.text : candidate.text + candidate.note
  }
}
