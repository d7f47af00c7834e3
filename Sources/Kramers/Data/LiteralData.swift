extension Dataset {
  /// A user's own numbers, row by row.
  ///
  /// - Parameters:
  ///   - x, y: one row of inputs and one of targets per sample; all rows of equal length.
  ///   - testX, testY: the test set, both or neither, as wide as the training set.
  ///   - name: the constructor's name for the summary.
  /// - Throws: no rows, empty or ragged rows, x and y of unequal counts, NaN, infinite and huge
  ///   numbers. Rows and columns count from 1 in the messages.
  public static func from(
    x: [[Double]], y: [[Double]], testX: [[Double]]? = nil, testY: [[Double]]? = nil,
    name: String = "from"
  ) throws(InputError) -> Dataset {
    guard (testX == nil) == (testY == nil) else {
      throw .sentence(
        testX == nil ? "test_y needs test_x beside it" : "test_x needs test_y beside it")
    }
    let inputs = try checkRows("x", x)
    let outputs = try checkRows("y", y)
    try checkCounts("x", x, "y", y)
    if let testX, let testY {
      _ = try checkRows("test_x", testX, width: inputs)
      _ = try checkRows("test_y", testY, width: outputs)
      try checkCounts("test_x", testX, "test_y", testY)
    }
    let rows = Double(x.count) + Double(testX?.count ?? 0)
    let (n, p) = (Double(inputs), Double(outputs))
    try checkMemory(
      count: rows * (n + p) + n * (n + p),
      what: "\(x.count) samples of \(inputs) inputs and \(outputs) outputs")

    func samples(_ x: [[Double]], _ y: [[Double]]) -> Samples {
      Samples(
        count: x.count, inputs: inputs, outputs: outputs, x: Array(x.joined()),
        y: Array(y.joined()))
    }
    var test: Samples?
    if let testX, let testY { test = samples(testX, testY) }
    return Dataset(name: name, train: samples(x, y), test: test)
  }
}

/// The common width of `rows`, which must be `width` where that is given.
private func checkRows(
  _ name: String, _ rows: [[Double]], width: Int? = nil
) throws(InputError) -> Int {
  guard let first = rows.first else { throw .sentence("\(name) must hold at least one row") }
  guard !first.isEmpty else { throw .sentence("\(name) row 1 must hold at least one number") }
  guard rows.count <= Int(Int32.max) else {
    throw .rule(name, "at most \(Int32.max) rows", rows.count)
  }
  let expected = width ?? first.count
  for (i, row) in rows.enumerated() {
    guard row.count == expected else {
      let model = width == nil ? "like row 1" : "like the training rows"
      throw .sentence(
        "\(name) row \(i + 1) must hold \(count(expected, "number")) \(model), got \(row.count)")
    }
    for (j, value) in row.enumerated() where !(abs(value) <= largestNumber) {
      try checkNumber("\(name) row \(i + 1), column \(j + 1)", value)
    }
  }
  return expected
}

private func checkCounts(
  _ xName: String, _ x: [[Double]], _ yName: String, _ y: [[Double]]
) throws(InputError) {
  guard x.count == y.count else {
    throw .sentence(
      "\(xName) and \(yName) must hold equally many rows, got \(x.count) and \(y.count)")
  }
}
