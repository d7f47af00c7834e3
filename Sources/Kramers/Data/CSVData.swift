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
  /// row, except as `missing` says of fields that are empty, `nan`, `inf`, `NA`, `N/A`, `null`, `none`
  /// or `?`, in any case.
  ///
  /// - Parameters:
  ///   - text: the bytes of the file, UTF-8.
  ///   - inputs: the input columns in this order; nil: all that are not targets.
  ///   - targets: the target columns, at least one.
  ///   - header: whether the first row holds names; nil: it does if none of its fields is a number, and
  ///     numbers beside words are refused.
  ///   - separator: one byte, of which no number, quote or line end consists; a comma unless stated,
  ///     never guessed. A blank stands for every run of blanks and tabs.
  ///   - missing: what is done about numbers that are missing.
  ///   - file: how errors of later use name the file.
  ///   - threads: the result does not depend on it.
  /// - Throws: a sentence with line and column of what cannot be read: the first one in the file.
  ///
  /// Cost: two passes over the bytes. 1e6 rows of 11 columns (100 MB): about half a second on two
  /// cores, and the memory of the result.
  public static func csv(
    _ text: UnsafeBufferPointer<UInt8>, inputs: [CSVColumn]? = nil, targets: [CSVColumn],
    header: Bool? = nil, separator: UInt8 = UInt8(ascii: ","), missing: MissingNumbers = .refuse,
    file: String = "csv", threads: Int = 2
  ) throws(InputError) -> Dataset {
    try checkSeparator(separator)
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
    let (samples, dropped) = try table.samples(x, y, missing: missing, file: file, threads: threads)
    var data = Dataset(name: "csv", train: samples, dropped: dropped)
    data.remarkEmptyClasses(labels: false, name: "targets")
    if inputs == nil, let first = x.first, table.isNameless(first), samples.countsRows(input: 0) {
      data.remarks.append(
        "\(table.columnName(first)) only counts the rows, and is an input now; inputs = {...} leaves "
          + "it out")
    }
    return data
  }

  /// The same of an array of bytes.
  public static func csv(
    _ bytes: [UInt8], inputs: [CSVColumn]? = nil, targets: [CSVColumn], header: Bool? = nil,
    separator: UInt8 = UInt8(ascii: ","), missing: MissingNumbers = .refuse, file: String = "csv",
    threads: Int = 2
  ) throws(InputError) -> Dataset {
    let result = bytes.withUnsafeBufferPointer { text in
      Result { () throws(InputError) in
        try csv(
          text, inputs: inputs, targets: targets, header: header, separator: separator,
          missing: missing, file: file, threads: threads)
      }
    }
    return try result.get()
  }
}

private func checkSeparator(_ byte: UInt8) throws(InputError) {
  let isText = (0x20..<0x7F).contains(byte) || byte == UInt8(ascii: "\t")
  let character = Character(UnicodeScalar(byte))
  guard isText, !character.isLetter, !character.isNumber, !"+-.\"".contains(character) else {
    throw .rule(
      "separator", "a character of which no number, word, quote or line end consists",
      isText ? "\"\(character)\"" : "byte \(byte)")
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
    var lines = lines(of: chunk)
    guard let record = lines.next() else { return "" }
    let fields = CSVFields(bytes, record, separator)
    return fields.separatorHint(in: fields.text(record.start, min(record.end, record.start + 1000)))
  }

  /// Whether nobody gave the column a name: pandas writes its index so, and reads it back as
  /// `Unnamed: 0`.
  func isNameless(_ column: Int) -> Bool {
    names.map { $0[column].isEmpty || $0[column].hasPrefix("Unnamed: ") } ?? true
  }

  /// The numbers of the columns x and of the columns y, and how many rows were left out.
  func samples(
    _ x: [Int], _ y: [Int], missing: MissingNumbers, file: String, threads: Int
  ) throws(InputError) -> (Samples, dropped: Int) {
    var inputs = [Double](repeating: 0, count: rowCount * x.count)
    var targets = [Double](repeating: 0, count: rowCount * y.count)
    let results = inputs.withUnsafeMutableBufferPointer { inputs in
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
          Result { () throws(InputError) in
            try table.0.read(table.0.chunks[index], into: table.1, missing: missing)
          }
        }
      }
    }
    var incomplete: [Int] = []
    for result in results { incomplete += try result.get() }
    let samples = Samples(
      count: rowCount, inputs: x.count, outputs: y.count, x: inputs, y: targets)
    guard !incomplete.isEmpty else { return (samples, 0) }
    if missing == .drop { return (try samples.dropping(incomplete, "csv"), incomplete.count) }
    return (
      samples.from(
        SampleOrigin(
          unit: "line", numbers: lineNumbers(), x: .init(file: file, columns: x.map(columnName)),
          y: .init(file: file, columns: y.map(columnName)))), 0
    )
  }

  /// The line on which each row begins.
  private func lineNumbers() -> [Int] {
    chunks.flatMap { chunk in
      var lines = lines(of: chunk)
      var numbers: [Int] = []
      while let record = lines.next() { numbers.append(record.line) }
      return numbers
    }
  }

  /// - Returns: the rows in which a number is missing; NaN or an infinity stands in its place.
  private func read(
    _ chunk: Chunk, into columns: [CSVTarget?], missing: MissingNumbers
  ) throws(InputError) -> [Int] {
    var lines = lines(of: chunk)
    var row = chunk.row
    var incomplete: [Int] = []
    while let record = lines.next() {
      let fields = CSVFields(bytes, record, separator)
      var position = record.start
      var goesOn = true
      for c in 0..<columns.count {
        guard goesOn else { throw try ragged(fields) }
        if let target = columns[c] {
          let start = position
          var value = fields.number(&position) ?? .nan
          if !(abs(value) <= largestNumber) {
            value = try unusual(fields, start, &position, c, missing)
            if incomplete.last != row { incomplete.append(row) }
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
    return incomplete
  }

  /// A field that holds no number of an ordinary size: the NaN or infinity that stands for it.
  ///
  /// - Parameter position: moved to the end of the field, as `CSVFields.number` does it.
  /// - Throws: a sentence for what is neither a number nor missing, or not allowed to be missing.
  private func unusual(
    _ fields: CSVFields, _ start: Int, _ position: inout Int, _ column: Int,
    _ missing: MissingNumbers
  ) throws(InputError) -> Double {
    let name = "line \(fields.record.line), \(columnName(column))"
    // A row that is both too short and not numeric here is first of all too short.
    guard try fields.count() == columnCount else { throw try ragged(fields) }
    position = start
    let goesOn = try fields.skip(&position, column: column + 1)
    if goesOn { position -= 1 }
    let field = fields.text(start, position)
    let text = String(field.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    let value = Kramers.number(text)
    if let value, text.utf8.contains(where: { (0x30...0x39).contains($0) }) {
      let found = value.isFinite ? plainNumber(value) : shown(text.utf8)
      throw .rule(name, "at most \(largestNumber) in magnitude", found)
    }
    guard value != nil || isMissing(text) else {
      throw .rule(
        name, "a number", "'\(shown(text.utf8))'\(fields.separatorHint(in: text))")
    }
    guard missing == .refuse else { return value ?? .nan }
    let found = text.isEmpty ? "and it is empty" : "got '\(shown(text.utf8))'"
    throw .sentence("\(name) must be a finite number, \(found)\(dropHint)")
  }

  private func ragged(_ fields: CSVFields) throws(InputError) -> InputError {
    let found = try fields.count()
    var hint = ""
    if found == columnCount + 1 {
      let last = try fields.texts().last ?? ""
      hint =
        last.isEmpty
        ? " (the last one empty: this line ends with a separator, and others do not)"
        : names == nil ? "" : "; does the header lack the name of a column of row names?"
    }
    return .sentence(
      "line \(fields.record.line) must hold \(count(columnCount, "field")) like the first row, got "
        + "\(found)\(hint)\(separatorHint)")
  }
}

/// How a missing number is written, besides nan and inf.
private func isMissing(_ text: String) -> Bool {
  ["", "na", "n/a", "null", "none", "?"].contains(text.lowercased())
}

/// Where the numbers of a column go: row n at start[n * stride].
private struct CSVTarget {
  let start: UnsafeMutablePointer<Double>
  let stride: Int
}
