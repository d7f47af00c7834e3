internal import CLua

/// What stands in a table of numbers and is none, or a row that has another length.
public struct LuaElementError: Error, Equatable, CustomStringConvertible {
  /// The row, counted from 1; nil in a flat table.
  public var row: Int?
  /// The place in the row or flat table, counted from 1; nil when the row itself is at fault.
  public var index: Int?
  /// Lua's name of the offending type; nil for a row of another length.
  public var type: String?

  public var description: String {
    let place = [row.map { "row \($0)" }, index.map { "element \($0)" }].compactMap { $0 }
    let location = place.joined(separator: ", ")
    guard let type else { return "\(location) has another length than the first row" }
    return index == nil
      ? "\(location) is a \(type), not a table of numbers"
      : "\(location) is a \(type), not a number"
  }

  init(_ bad: kl_offender) {
    row = bad.row > 0 ? Int(bad.row) : nil
    index = bad.index > 0 ? Int(bad.index) : nil
    type = bad.type.map { String(cString: $0) }
  }
}

/// A table of equal rows, as one array: element (i, j) is `values[i * columns + j]`.
public struct LuaMatrix: Equatable, Sendable {
  public var values: [Double]
  public var rows: Int
  public var columns: Int

  public init(values: [Double], rows: Int, columns: Int) {
    self.values = values
    self.rows = rows
    self.columns = columns
  }
}

extension LuaState {
  /// A table of the numbers at 1...n, made in one protected call.
  public func tableFrom(_ values: [Double]) throws -> LuaTable {
    try core.use { stack in
      try core.check(
        values.withUnsafeBufferPointer { klp_push_numbers(stack, $0.baseAddress, $0.count) }, stack)
      return LuaTable(reference: try core.reference(-1, stack))
    }
  }

  /// A table of rows of `columns` numbers each.
  public func tableFrom(_ values: [Double], columns: Int) throws -> LuaTable {
    precondition(
      columns > 0 && values.count.isMultiple(of: columns), "the values fill whole rows")
    return try core.use { stack in
      try core.check(
        values.withUnsafeBufferPointer {
          klp_push_rows(stack, $0.baseAddress, $0.count / columns, columns)
        }, stack)
      return LuaTable(reference: try core.reference(-1, stack))
    }
  }
}

extension LuaTable {
  /// The elements 1...#t, without metamethods. Throws `LuaElementError` at the first that is no
  /// number; a string that looks like one is none.
  public func numbers() throws -> [Double] {
    try core.use { stack in
      try core.push(reference, stack)
      let count = Int(klq_rawlen(stack, -1))
      return try filled(count) { out, bad in klq_numbers(stack, -1, out, count, bad) }
    }
  }

  /// Rows of numbers, all as long as the first. Throws `LuaElementError` at the first offender.
  public func matrix() throws -> LuaMatrix {
    try core.use { stack in
      try core.push(reference, stack)
      let (rows, columns) = (Int(klq_rawlen(stack, -1)), Int(klq_columns(stack, -1)))
      let values = try filled(rows * columns) { out, bad in
        klq_rows(stack, -1, out, rows, columns, bad)
      }
      return LuaMatrix(values: values, rows: rows, columns: columns)
    }
  }

  private func filled(
    _ count: Int,
    _ read: (UnsafeMutablePointer<Double>?, UnsafeMutablePointer<kl_offender>) -> Bool
  ) throws -> [Double] {
    var bad = kl_offender()
    var good = true
    let values = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      good = read(buffer.baseAddress, &bad)
      initialized = good ? count : 0
    }
    if !good { throw LuaElementError(bad) }
    return values
  }
}
