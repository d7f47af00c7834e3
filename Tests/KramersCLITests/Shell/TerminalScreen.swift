/// What a terminal shows of the bytes that it gets: lines that break at the right edge, and break
/// anew when it becomes narrower, as most terminals do. Knows what the program writes: cursor up and
/// home, erasing to the end of the line and of the screen; other sequences have no width.
struct TerminalScreen {
  private(set) var columns: Int
  /// As written: a line ends where the program ended it.
  private var lines: [[Unicode.Scalar]] = [[]]
  private var line = 0
  private var place = 0

  init(columns: Int) { self.columns = columns }

  /// The screen after `text`, with the terminal's width changed on the way.
  init(_ parts: [(columns: Int, text: Substring)]) {
    self.init(columns: parts.first?.columns ?? 80)
    for part in parts {
      columns = part.columns
      write(part.text)
    }
  }

  /// Lines without the blanks behind them; empty ones at the end are left out.
  var text: [String] {
    var rows = lines.map { line in
      var view = String.UnicodeScalarView(line)
      while view.last == " " { view.removeLast() }
      return String(view)
    }
    while rows.last == "" { rows.removeLast() }
    return rows
  }

  mutating func write(_ text: some StringProtocol) {
    let scalars = Array(text.unicodeScalars)
    var i = 0
    while i < scalars.count {
      switch scalars[i] {
      case "\n": feed()
      case "\r": place -= place % columns
      case "\u{08}": place = max(place - 1, 0)
      case "\u{07}": break
      case "\u{1B}":
        i += 1
        guard i < scalars.count else { break }
        if scalars[i] == "[" {
          var words = ""
          i += 1
          while i < scalars.count, !(0x40...0x7E).contains(scalars[i].value) {
            words.unicodeScalars.append(scalars[i])
            i += 1
          }
          if i < scalars.count { control(scalars[i], words) }
        } else if scalars[i] == "_" || scalars[i] == "P" {
          while i < scalars.count, scalars[i] != "\\" { i += 1 }
        }
      default: put(scalars[i])
      }
      i += 1
    }
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    while lines[line].count < place { lines[line].append(" ") }
    if place < lines[line].count { lines[line][place] = scalar } else { lines[line].append(scalar) }
    place += 1
  }

  private func rows(_ line: Int) -> Int { max((lines[line].count + columns - 1) / columns, 1) }

  private mutating func feed() {
    let column = place % columns
    if place / columns + 1 < rows(line) {
      place += columns
      return
    }
    line += 1
    if line == lines.count { lines.append([]) }
    place = column
  }

  private mutating func up() {
    if place >= columns {
      place -= columns
    } else if line > 0 {
      line -= 1
      place += (rows(line) - 1) * columns
    }
  }

  private mutating func control(_ final: Unicode.Scalar, _ words: String) {
    switch final {
    case "A": for _ in 0..<max(Int(words) ?? 1, 1) { up() }
    case "C": place += max(Int(words) ?? 1, 1)
    case "K", "J":
      lines[line].removeSubrange(min(place, lines[line].count)...)
      if final == "J" { lines.removeSubrange((line + 1)...) }
    default: break
    }
  }
}
