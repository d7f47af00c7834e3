extension Dataset {
  /// Arrays of NumPy's .npy files as inputs and targets, one row a sample; one dimension is a column.
  ///
  /// - Parameters:
  ///   - x, y: the bytes of the files, of equally many rows.
  ///   - testX, testY: the test set, both or neither, as wide as the training set.
  ///   - allowNaN: accept NaN and infinities.
  /// - Throws: a sentence for a file that is no readable array (see `NPYArray`), for rows or
  ///   columns that do not match, and for NaN, infinite and huge numbers with row and column.
  public static func npy(
    x: [UInt8], y: [UInt8], testX: [UInt8]? = nil, testY: [UInt8]? = nil, allowNaN: Bool = false
  ) throws(InputError) -> Dataset {
    guard (testX == nil) == (testY == nil) else {
      throw .sentence(
        testX == nil ? "test_y needs test_x beside it" : "test_x needs test_y beside it")
    }
    let train = try pair(("x", x), ("y", y), allowNaN: allowNaN)
    var test: Samples?
    if let testX, let testY {
      let samples = try pair(("test_x", testX), ("test_y", testY), allowNaN: allowNaN)
      for (name, width, expected) in [
        ("test_x", samples.inputs, train.inputs), ("test_y", samples.outputs, train.outputs),
      ] where width != expected {
        throw .sentence(
          "\(name) must have \(count(expected, "column")) like the training set, got \(width)")
      }
      test = samples
    }
    let (n, p) = (Double(train.inputs), Double(train.outputs))
    try checkMemory(
      count: n * (n + p),
      what: "the second moments of \(train.inputs) inputs and \(train.outputs) outputs")
    return Dataset(name: "npy", train: train, test: test)
  }
}

private func pair(
  _ x: (name: String, bytes: [UInt8]), _ y: (name: String, bytes: [UInt8]), allowNaN: Bool
) throws(InputError) -> Samples {
  let inputs = try NPYArray(x.bytes, name: x.name)
  let targets = try NPYArray(y.bytes, name: y.name)
  guard inputs.rows == targets.rows else {
    throw .sentence(
      "\(x.name) and \(y.name) must hold equally many rows, got \(inputs.rows) and "
        + "\(targets.rows)")
  }
  try checkSize("\(x.name): rows", inputs.rows)
  for (name, array) in [(x.name, inputs), (y.name, targets)] {
    try checkNumbers(name, array.values, columns: array.columns, allowNaN: allowNaN)
  }
  return Samples(
    count: inputs.rows, inputs: inputs.columns, outputs: targets.columns, x: inputs.values,
    y: targets.values)
}

/// Refuses NaN and infinities unless allowed, and huge numbers, by row and column from 1.
func checkNumbers(
  _ name: String, _ values: [Double], columns: Int, allowNaN: Bool
) throws(InputError) {
  for (k, value) in values.enumerated() where !(abs(value) <= largestNumber) {
    if allowNaN, !value.isFinite { continue }
    try checkNumber("\(name) row \(k / columns + 1), column \(k % columns + 1)", value)
  }
}
