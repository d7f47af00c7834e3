import Kramers

/// Lua values as data, without Lua: what a session's `values` say. Tables are numbered, so that
/// shared and cyclic references stay what they are.
struct ValueGraph: Equatable {
  indirect enum Value: Equatable {
    case `nil`
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string([UInt8])
    /// An index into `tables`.
    case table(Int)
    /// An index into the objects beside the graph.
    case object(Int)
    /// A value of Lua's library or of the program, by its name: `math.sin`.
    case library(String)
  }

  struct Table: Equatable {
    var isResult = false
    /// The object that holds the result's states.
    var states: Int?
    var provenance: Record?
    var pairs: [(key: Value, value: Value)] = []

    static func == (a: Table, b: Table) -> Bool {
      a.isResult == b.isResult && a.states == b.states && a.provenance == b.provenance
        && a.pairs.count == b.pairs.count && zip(a.pairs, b.pairs).allSatisfy { $0 == $1 }
    }
  }

  /// The first one holds the globals.
  var tables: [Table] = []

  var globals: [(key: Value, value: Value)] { tables.first?.pairs ?? [] }
}

/// The bytes of a graph: every table stands where it is met first, pair by pair.
enum GraphTag {
  static let `nil`: UInt8 = 0
  static let no: UInt8 = 1
  static let yes: UInt8 = 2
  static let integer: UInt8 = 3
  static let number: UInt8 = 4
  static let string: UInt8 = 5
  /// A new table; it gets the next number.
  static let table: UInt8 = 6
  /// A table that was met before.
  static let known: UInt8 = 7
  /// A new table whose pairs stand behind all others: a long chain would nest too deep.
  static let deferred: UInt8 = 8
  static let object: UInt8 = 9
  static let library: UInt8 = 10
  /// Behind the last pair of a table.
  static let end: UInt8 = 0xFF

  // What a table is, bit by bit.
  static let result: UInt8 = 1
  static let states: UInt8 = 2
  static let provenance: UInt8 = 4

  /// How deep tables stand inside of each other.
  static let deepest = 100
}

extension ValueGraph {
  /// - Parameter objects: how many there are beside the graph.
  /// - Throws: `ByteError` for what is no graph.
  init(_ bytes: [UInt8], objects: Int) throws(ByteError) {
    guard !bytes.isEmpty else { return }
    var decoder = GraphDecoder(reader: ByteReader(bytes), objects: objects)
    tables = try decoder.decode()
  }
}

private struct GraphDecoder {
  var reader: ByteReader
  let objects: Int
  private var tables: [ValueGraph.Table] = []
  private var deferred: [Int] = []

  init(reader: ByteReader, objects: Int) {
    self.reader = reader
    self.objects = objects
  }

  mutating func decode() throws(ByteError) -> [ValueGraph.Table] {
    guard case .table(0)? = try value(depth: 0) else { throw ByteError() }
    var next = 0
    while next < deferred.count {
      try readTable(deferred[next], depth: 0)
      next += 1
    }
    try reader.end()
    return tables
  }

  /// nil: the end of a table's pairs.
  private mutating func value(depth: Int) throws(ByteError) -> ValueGraph.Value? {
    switch try reader.byte() {
    case GraphTag.nil: return .nil
    case GraphTag.no: return .boolean(false)
    case GraphTag.yes: return .boolean(true)
    case GraphTag.integer: return .integer(Int64(try reader.integer()))
    case GraphTag.number: return .number(try reader.double())
    case GraphTag.string: return .string(try reader.byteList())
    case GraphTag.table:
      guard depth <= GraphTag.deepest else { throw ByteError() }
      let index = tables.count
      tables.append(ValueGraph.Table())
      try readTable(index, depth: depth)
      return .table(index)
    case GraphTag.deferred:
      tables.append(ValueGraph.Table())
      deferred.append(tables.count - 1)
      return .table(tables.count - 1)
    case GraphTag.known:
      let index = try reader.natural()
      guard index < tables.count else { throw ByteError() }
      return .table(index)
    case GraphTag.object: return .object(try object())
    case GraphTag.library: return .library(try reader.text())
    case GraphTag.end: return nil
    default: throw ByteError()
    }
  }

  private mutating func object() throws(ByteError) -> Int {
    let index = try reader.natural()
    guard index < objects else { throw ByteError() }
    return index
  }

  private mutating func readTable(_ index: Int, depth: Int) throws(ByteError) {
    let flags = try reader.byte()
    guard flags < 8 else { throw ByteError() }
    tables[index].isResult = flags & GraphTag.result != 0
    if flags & GraphTag.states != 0 { tables[index].states = try object() }
    if flags & GraphTag.provenance != 0 { tables[index].provenance = try reader.value() }
    var pairs: [(key: ValueGraph.Value, value: ValueGraph.Value)] = []
    while let key = try value(depth: depth + 1) {
      guard let value = try value(depth: depth + 1), key.canBeKey else { throw ByteError() }
      pairs.append((key, value))
    }
    tables[index].pairs = pairs
  }
}

extension ValueGraph.Value {
  fileprivate var canBeKey: Bool {
    switch self {
    case .nil: false
    case .number(let x): !x.isNaN
    default: true
    }
  }
}
