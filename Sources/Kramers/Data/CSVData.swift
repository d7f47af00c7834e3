/// A column of a CSV file: by the name in its header, or by its number, counted from 1.
public enum CSVColumn: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral
{
  case name(String)
  case number(Int)

  public init(stringLiteral value: String) { self = .name(value) }
  public init(integerLiteral value: Int) { self = .number(value) }
}

extension Dataset {
  /// The columns of a CSV file as inputs and targets, every row a sample.
  ///
  /// Only the named columns are read: others may hold text. A named one must hold a number in every
  /// row; an empty field is no number.
  ///
  /// - Parameters:
  ///   - text: the bytes of the file, UTF-8.
  ///   - inputs: the input columns in this order; nil: all that are not targets.
  ///   - targets: the target columns, at least one.
  ///   - header: whether the first row holds names; nil: it does if one of its fields is no number.
  ///   - separator: one byte; a comma unless stated, never guessed.
  ///   - allowNaN: accept `nan` and `inf`.
  ///   - threads: the result does not depend on it.
  /// - Throws: a sentence with line and column of what cannot be read: the first one in the file.
  ///
  /// Cost: two passes over the bytes. 1e6 rows of 11 columns (100 MB): about half a second on two
  /// cores, and the memory of the result.
  public static func csv(
    _ text: UnsafeBufferPointer<UInt8>, inputs: [CSVColumn]? = nil, targets: [CSVColumn],
    header: Bool? = nil, separator: UInt8 = UInt8(ascii: ","), allowNaN: Bool = false,
    threads: Int = 2
  ) throws(InputError) -> Dataset {
    let table = try CSVTable(text, separator: separator, header: header)
    let y = try table.indices(of: targets, option: "targets")
    let x =
      try inputs.map { given throws(InputError) in try table.indices(of: given, option: "inputs") }
      ?? (0..<table.columnCount).filter { !y.contains($0) }
    guard !x.isEmpty, !y.isEmpty else {
      throw .sentence(
        "\(y.isEmpty ? "targets" : "inputs") must name at least one column"
          + (x.isEmpty && !y.isEmpty ? table.separatorHint : ""))
    }
    if let both = x.first(where: y.contains) {
      throw .sentence("\(table.columnName(both)) is named as input and as target")
    }
    try checkSize("rows", table.rowCount)
    let (rows, n, p) = (Double(table.rowCount), Double(x.count), Double(y.count))
    try checkMemory(
      count: rows * (n + p) + n * (n + p),
      what: "\(table.rowCount) samples of \(x.count) inputs and \(y.count) outputs")
    let (inputs, targets) = try table.numbers(x, y, allowNaN: allowNaN, threads: threads)
    return Dataset(
      name: "csv",
      train: Samples(
        count: table.rowCount, inputs: x.count, outputs: y.count, x: inputs, y: targets))
  }

  /// The same of an array of bytes.
  public static func csv(
    _ bytes: [UInt8], inputs: [CSVColumn]? = nil, targets: [CSVColumn], header: Bool? = nil,
    separator: UInt8 = UInt8(ascii: ","), allowNaN: Bool = false, threads: Int = 2
  ) throws(InputError) -> Dataset {
    let result = bytes.withUnsafeBufferPointer { text in
      Result { () throws(InputError) in
        try csv(
          text, inputs: inputs, targets: targets, header: header, separator: separator,
          allowNaN: allowNaN, threads: threads)
      }
    }
    return try result.get()
  }
}

extension CSVTable {
  /// The places of the given columns, counted from 0.
  func indices(of columns: [CSVColumn], option: String) throws(InputError) -> [Int] {
    var indices: [Int] = []
    for (i, column) in columns.enumerated() {
      let index = try place(of: column, "\(option)[\(i + 1)]")
      guard !indices.contains(index) else {
        throw .sentence("\(option) names \(columnName(index)) twice")
      }
      indices.append(index)
    }
    return indices
  }

  private func place(of column: CSVColumn, _ option: String) throws(InputError) -> Int {
    switch column {
    case .number(let number):
      guard number >= 1, number <= columnCount else {
        throw .sentence(
          "\(option) must be a column from 1 to \(columnCount), got \(number)\(separatorHint)")
      }
      return number - 1
    case .name(let name):
      guard let names else {
        throw .sentence(
          "\(option): there is no column '\(name)': the csv has no header, so columns have numbers, "
            + "1 to \(columnCount)")
      }
      guard let index = names.firstIndex(of: name) else {
        let list = names.prefix(10).map { shown($0.utf8) }.joined(separator: ", ")
        let hint =
          nearestName(to: name, among: names).map { "; did you mean '\($0)'?" }
          ?? "; there are \(list)\(names.count > 10 ? ", ..." : "")"
        throw .sentence("\(option): there is no column '\(name)'\(hint)\(separatorHint)")
      }
      if let other = names[(index + 1)...].firstIndex(of: name) {
        throw .sentence(
          "\(option): columns \(index + 1) and \(other + 1) are both called '\(name)'; "
            + "write the number")
      }
      return index
    }
  }

  /// What is probably wrong with a table of one column.
  var separatorHint: String {
    guard columnCount == 1, let chunk = chunks.first else { return "" }
    let line = UnsafeBufferPointer(
      start: bytes + chunk.start, count: min(chunk.end - chunk.start, 1000)
    )
    .prefix { $0 != UInt8(ascii: "\n") }
    for (byte, name) in [(UInt8(ascii: ";"), "a semicolon"), (UInt8(ascii: "\t"), "a tab")] {
      if byte != separator, line.contains(byte) { return "; is the separator \(name)?" }
    }
    return ""
  }

  /// The numbers of the columns x and of the columns y, row-major.
  func numbers(
    _ x: [Int], _ y: [Int], allowNaN: Bool, threads: Int
  ) throws(InputError) -> (x: [Double], y: [Double]) {
    var inputs = [Double](repeating: 0, count: rowCount * x.count)
    var targets = [Double](repeating: 0, count: rowCount * y.count)
    let errors = inputs.withUnsafeMutableBufferPointer { inputs in
      targets.withUnsafeMutableBufferPointer { targets in
        var columns = [CSVTarget?](repeating: nil, count: columnCount)
        for (k, c) in x.enumerated() {
          columns[c] = CSVTarget(start: inputs.baseAddress! + k, stride: x.count)
        }
        for (k, c) in y.enumerated() {
          columns[c] = CSVTarget(start: targets.baseAddress! + k, stride: y.count)
        }
        // Chunks write disjoint rows.
        nonisolated(unsafe) let table = (self, columns)
        return parallelMap(chunks.count, threads: threads) { index in
          do throws(InputError) {
            try table.0.read(table.0.chunks[index], into: table.1, allowNaN: allowNaN)
            return InputError?.none
          } catch { return error }
        }
      }
    }
    for case let error? in errors { throw error }
    return (inputs, targets)
  }

  private func read(
    _ chunk: Chunk, into columns: [CSVTarget?], allowNaN: Bool
  ) throws(InputError) {
    var lines = CSVLines(
      bytes, from: chunk.start, to: chunk.end, line: chunk.line, separator: separator,
      hasQuotes: hasQuotes)
    var row = chunk.row
    while let record = lines.next() {
      let fields = CSVFields(bytes, record, separator)
      var position = record.start
      var goesOn = true
      for c in 0..<columns.count {
        guard goesOn else { throw try ragged(fields) }
        if let target = columns[c] {
          guard let value = fields.number(&position) else {
            throw try notNumber(fields, position, c)
          }
          if !(abs(value) <= largestNumber), !(allowNaN && !value.isFinite) {
            try checkNumber("line \(record.line), \(columnName(c))", value)
          }
          target.start[row &* target.stride] = value
          goesOn = position < record.end
          position &+= 1
        } else {
          goesOn = try fields.skip(&position, column: c + 1)
        }
      }
      guard !goesOn else { throw try ragged(fields) }
      row &+= 1
    }
  }

  private func ragged(_ fields: CSVFields) throws(InputError) -> InputError {
    .sentence(
      "line \(fields.record.line) must hold \(count(columnCount, "field")) like the first row, got "
        + "\(try fields.count())")
  }

  private func notNumber(
    _ fields: CSVFields, _ start: Int, _ column: Int
  ) throws(InputError) -> InputError {
    let name = "line \(fields.record.line), \(columnName(column))"
    // A row that is both too short and not numeric here is first of all too short.
    guard try fields.count() == columnCount else { return try ragged(fields) }
    var position = start
    let goesOn = try fields.skip(&position, column: column + 1)
    let text = fields.text(start, goesOn ? position - 1 : position)
    guard !text.isEmpty else { return .sentence("\(name) must be a number, and it is empty") }
    return .rule(name, "a number", "'\(shown(text.utf8))'\(separatorHint)")
  }
}

/// Where the numbers of a column go: row n at start[n * stride].
private struct CSVTarget {
  let start: UnsafeMutablePointer<Double>
  let stride: Int
}
