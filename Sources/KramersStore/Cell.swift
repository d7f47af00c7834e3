internal import Kramers

/// A value in a row.
enum Cell {
  case null
  case integer(Int64)
  /// Not NaN, which is `null` in SQLite, and not -0, of which SQLite forgets the sign.
  case real(Double)
  case text(String)
  case blob([UInt8])

  static func number(_ x: Double) -> Cell { x.isNaN ? .null : .real(x == 0 ? 0 : x) }
  static func count(_ n: Int) -> Cell { .integer(Int64(n)) }
  static func bits(_ word: UInt64) -> Cell { .integer(Int64(bitPattern: word)) }
  static func flag(_ holds: Bool) -> Cell { .integer(holds ? 1 : 0) }

  func add(to hash: inout StateHash) {
    switch self {
    case .null: hash.add(0)
    case .integer(let n):
      hash.add(1)
      hash.add(UInt64(bitPattern: n))
    case .real(let x):
      hash.add(2)
      hash.add(x.bitPattern)
    case .text(let words):
      hash.add(3)
      var words = words
      words.withUTF8 { hash.add(bytes: UnsafeRawBufferPointer($0)) }
    case .blob(let bytes):
      hash.add(4)
      bytes.withUnsafeBytes { hash.add(bytes: $0) }
    }
  }
}

extension Cell {
  init(_ words: String?) { self = words.map { .text($0) } ?? .null }
  init(_ n: Int?) { self = n.map { .count($0) } ?? .null }
  init(bits: UInt64?) { self = bits.map { Cell.bits($0) } ?? .null }
}

extension [UInt64] {
  var digest: UInt64 { map { Cell.bits($0) }.digest }
}

extension [Cell] {
  /// By which a row is known: the id of an experiment, and whether a row has changed.
  var digest: UInt64 {
    var hash = StateHash()
    for cell in self { cell.add(to: &hash) }
    return hash.value
  }
}
