/// Figures in a terminal.
extension Figure {
  public struct TextStyle: Sendable, Equatable {
    public var width: Int
    public var height: Int
    /// 7-bit characters only.
    public var isPlain: Bool
    public var hasColors: Bool

    public init(width: Int, height: Int, isPlain: Bool = false, hasColors: Bool = false) {
      self.width = width
      self.height = height
      self.isPlain = isPlain
      self.hasColors = hasColors
    }
  }

  /// The picture in lines, each at most `style.width` wide; as high as `style.height` where its
  /// panels have room in that.
  public func text(_ style: TextStyle) -> String {
    let width = max(style.width, 30)
    var rows = title.isEmpty ? [] : wrapped(title, to: width).map { style.plain($0) }
    let total = panels.reduce(0) { $0 + $1.height }
    let room = Double(style.height - rows.count)
    let placed = panels.map { PlacedPanel($0, columns: 2 * width) }
    func texts(margin: Int) -> [PanelText] {
      placed.indices.map { k in
        PanelText(
          placed[k], style, width: width, height: Int(room * panels[k].height / total),
          margin: margin,
          isAbove: k + 1 < placed.count && placed[k].standsAbove(placed[k + 1]))
      }
    }
    // Axes with numbers stand below each other.
    let margin = texts(margin: 0).filter { !$0.hasNames }.map(\.margin).max() ?? 0
    rows += texts(margin: margin).flatMap(\.rows)
    return rows.joined(separator: "\n") + "\n"
  }
}

extension Figure.TextStyle {
  func paint(_ text: String, _ color: Int) -> String {
    guard hasColors else { return text }
    let codes = [0, 32, 166, 36, 175, 178, 74, 245]
    return color == 0 ? text : "\u{1B}[38;5;\(codes[color])m\(text)\u{1B}[0m"
  }

  /// Words as the terminal can show them.
  func plain(_ words: String) -> String {
    let clean = String(
      String.UnicodeScalarView(
        words.unicodeScalars.map {
          $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? " " : $0
        }))
    return isPlain ? sevenBit(clean) : clean
  }
}

/// Words in 7 bits: Greek letters by name, signs by their likeness.
private func sevenBit(_ words: String) -> String {
  let likeness: [Unicode.Scalar: String] = [
    "τ": "tau", "λ": "lambda", "σ": "sigma", "θ": "theta", "Δ": "d", "φ": "phi", "−": "-",
    "–": "-", "—": "-", "×": "x", "·": "*", "±": "+-", "→": "->", "←": "<-", "↑": "up",
    "↓": "down", "∞": "inf", "²": "^2", "≤": "<=", "≥": ">=", "…": "...", "°": " deg", "½": "1/2",
    "’": "'", "“": "\"", "”": "\"",
  ]
  return words.unicodeScalars.map { $0.isASCII ? String($0) : likeness[$0] ?? "?" }.joined()
}
