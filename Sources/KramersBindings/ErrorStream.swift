internal import CStandardStreams
internal import Synchronization

/// Standard error: messages, and a few lines drawn for the moment, which are erased before the next
/// message, and before anything is written to standard output on the same terminal.
public final class ErrorStream: Sendable {
  let isQuiet: Bool
  private let budget: OutputBudget?
  /// One terminal, one drawing, whoever draws.
  private static let drawing = Mutex(Drawing())

  public init(isQuiet: Bool) {
    self.isQuiet = isQuiet
    budget = nil
  }

  init(isQuiet: Bool, _ budget: OutputBudget) {
    self.isQuiet = isQuiet
    self.budget = budget
  }

  public func write(_ text: String) {
    Self.draw { put($0.erase() + text) }
  }

  /// A warning; silent with --quiet.
  public func warn(_ words: String) {
    if !isQuiet { tell("kramers: \(words)\n") }
  }

  /// What a script causes to be written; it counts as its output.
  func tell(_ text: String) {
    if budget?.take(text.utf8.count) ?? true { write(text) }
  }

  /// Shows lines in place of the former; none erase them.
  func show(_ lines: [String]) {
    Self.draw { drawing in
      if let text = drawing.replace(by: lines) { put(text) }
    }
  }

  /// Takes what is drawn off the terminal; see `ks_set_clear`.
  public static func clear() {
    draw { drawing in
      if let text = drawing.replace(by: []) { put(text) }
    }
  }

  /// Ctrl-Z waits until it is over: what others write then stands below the drawing, and the next one
  /// knows.
  private static func draw(_ body: (inout Drawing) -> Void) {
    drawing.withLock { drawing in
      ks_hold_stop()
      body(&drawing)
      ks_release_stop()
    }
  }
}

private func put(_ text: String) {
  let bytes = Array(text.utf8)
  ks_write_error(bytes, bytes.count)
}

/// Lines on the terminal, with the cursor behind the last.
private struct Drawing {
  /// Columns that each line takes.
  private var widths: [Int] = []

  /// What makes room for other text.
  mutating func erase() -> String { replace(by: []) ?? "" }

  /// What puts these lines in place of those that are there; nil: nothing is to be done.
  mutating func replace(by lines: [String]) -> String? {
    // Whoever stopped the process has written below: that stays.
    if ks_take_continuation() { widths = [] }
    if widths.isEmpty, lines.isEmpty { return nil }
    let (above, start) = (rowsAbove, widths.isEmpty)
    widths = lines.map(\.shownWidth)
    let home = "\r" + (above > 0 ? "\u{1B}[\(above)A" : "")
    let (line, screen) = ("\u{1B}[K", "\u{1B}[J")  // erased from the cursor to the end
    if lines.isEmpty { return home + (above > 0 ? screen : line) }
    let rest = !start && above > lines.count - 1 ? screen : ""
    return home + lines.map { line + $0 }.joined(separator: "\r\n") + rest
  }

  /// Rows of the screen above the cursor's. A terminal that became narrower has broken the lines.
  private var rowsAbove: Int {
    let columns = Int(ks_error_columns())
    guard columns > 0, let last = widths.last else { return max(widths.count - 1, 0) }
    return widths.dropLast().reduce(last / columns) { $0 + max(($1 + columns - 1) / columns, 1) }
  }
}

extension String {
  /// Columns on a terminal, without the sequences that colour.
  fileprivate var shownWidth: Int {
    var (width, isSequence) = (0, false)
    for character in self {
      if character == "\u{1B}" { isSequence = true } else if !isSequence { width += 1 }
      if isSequence, character == "m" { isSequence = false }
    }
    return width
  }
}
