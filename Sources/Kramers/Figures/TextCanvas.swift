/// A screen of characters in which dots, marks and words are drawn: Braille patterns with eight
/// dots a character, or 7-bit characters with one.
struct TextCanvas {
  let width: Int
  let height: Int
  let isPlain: Bool
  private var dots: [UInt8]
  private var glyphs: [Character?]
  private var colors: [Int?]

  init(width: Int, height: Int, isPlain: Bool) {
    self.width = width
    self.height = height
    self.isPlain = isPlain
    dots = Array(repeating: 0, count: width * height)
    glyphs = Array(repeating: nil, count: width * height)
    colors = Array(repeating: nil, count: width * height)
  }

  /// Dots in each direction.
  var dotWidth: Int { isPlain ? width : 2 * width }
  var dotHeight: Int { isPlain ? height : 4 * height }

  private static let bits: [[UInt8]] = [
    [0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80],
  ]

  /// - Parameters:
  ///   - y: from the top.
  ///   - glyph: what stands for a dot in 7 bits.
  mutating func dot(_ x: Int, _ y: Int, color: Int?, glyph: Character) {
    guard (0..<dotWidth).contains(x), (0..<dotHeight).contains(y) else { return }
    if isPlain {
      put(glyph, x, y, color: color)
    } else {
      let cell = y / 4 * width + x / 2
      dots[cell] |= Self.bits[y % 4][x % 2]
      colors[cell] = color
    }
  }

  /// A character in place of what was there.
  mutating func put(_ glyph: Character, _ column: Int, _ row: Int, color: Int?) {
    guard (0..<width).contains(column), (0..<height).contains(row) else { return }
    glyphs[row * width + column] = glyph
    colors[row * width + column] = color
  }

  mutating func write(_ text: String, _ column: Int, _ row: Int, color: Int? = nil) {
    for (k, character) in text.enumerated() { put(character, column + k, row, color: color) }
  }

  /// A line between two places in dots. `pattern` says which of eight successive dots are set.
  mutating func line(
    from a: (x: Double, y: Double), to b: (x: Double, y: Double), color: Int?, glyph: Character,
    pattern: UInt8, phase: inout Int
  ) {
    let count = max(abs(b.x - a.x), abs(b.y - a.y)).rounded(.up)
    guard count.isFinite, count < 1e6 else { return }
    for k in 0...Int(max(count, 1)) {
      let share = count > 0 ? Double(k) / max(count, 1) : 0
      if isPlain || pattern & (1 << UInt8(phase % 8)) != 0 {
        dot(
          Int((a.x + share * (b.x - a.x)).rounded()), Int((a.y + share * (b.y - a.y)).rounded()),
          color: color, glyph: glyph)
      }
      phase += 1
    }
  }

  /// The rows, with the sequences that `paint` puts around a run of one colour.
  func rows(paint: (String, Int) -> String) -> [String] {
    (0..<height).map { row in
      var text = ""
      var run = ""
      var color: Int?
      func flush() {
        text += color.map { paint(run, $0) } ?? run
        run = ""
      }
      for column in 0..<width {
        let cell = row * width + column
        let character =
          glyphs[cell]
          ?? (dots[cell] == 0
            ? " " : Character(Unicode.Scalar(0x2800 + UInt32(dots[cell])) ?? " "))
        let own = character == " " ? nil : colors[cell]
        if own != color {
          flush()
          color = own
        }
        run.append(character)
      }
      flush()
      return text.trimmingBlanks
    }
  }
}

extension String {
  var trimmingBlanks: String { String(reversed().drop { $0 == " " }.reversed()) }
}
