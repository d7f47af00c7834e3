extension Dataset {
  /// Arrays of NumPy's .npy files as inputs and targets, one row a sample; one dimension is a column.
  ///
  /// - Parameters:
  ///   - x, y: the bytes of the files, of equally many rows.
  ///   - testX, testY: the test set, both or neither, as wide as the training set.
  ///   - missing: what is done about rows with NaN or infinities.
  ///   - files: how messages name the arrays: `["x": "x (data.npy)"]`.
  /// - Throws: a sentence for a file that is no readable array (see `NPYArray`), for rows or
  ///   columns that do not match, and for NaN, infinite and huge numbers with row and column.
  public static func npy(
    x: [UInt8], y: [UInt8], testX: [UInt8]? = nil, testY: [UInt8]? = nil,
    missing: MissingNumbers = .refuse, files: [String: String] = [:]
  ) throws(InputError) -> Dataset {
    guard (testX == nil) == (testY == nil) else {
      throw .sentence(
        testX == nil ? "test_y needs test_x beside it" : "test_x needs test_y beside it")
    }
    func named(_ name: String, _ bytes: [UInt8]) -> (name: String, bytes: [UInt8]) {
      (files[name] ?? name, bytes)
    }
    let (train, trainDropped) = try pair(named("x", x), named("y", y), missing)
    var test: Samples?
    var testDropped = 0
    if let testX, let testY {
      let (samples, dropped) = try pair(named("test_x", testX), named("test_y", testY), missing)
      testDropped = dropped
      for (name, width, expected) in [
        ("test_x", samples.inputs, train.inputs), ("test_y", samples.outputs, train.outputs),
      ] where width != expected {
        throw .sentence(
          "\(files[name] ?? name) must have \(count(expected, "column")) like the training set, got \(width)"
        )
      }
      test = samples
    }
    let (n, p) = (Double(train.inputs), Double(train.outputs))
    try checkMemory(
      count: n * (n + p),
      what: "the second moments of \(train.inputs) inputs and \(train.outputs) outputs")
    var data = Dataset(
      name: "npy", train: train, test: test, dropped: trainDropped + testDropped)
    data.remarkEmptyClasses(labels: false, name: files["y"] ?? "y")
    return data
  }
}

private func pair(
  _ x: (name: String, bytes: [UInt8]), _ y: (name: String, bytes: [UInt8]),
  _ missing: MissingNumbers
) throws(InputError) -> (Samples, dropped: Int) {
  let inputs = try NPYArray(x.bytes, name: x.name)
  let targets = try NPYArray(y.bytes, name: y.name)
  guard inputs.rows == targets.rows else {
    throw .sentence(
      "\(x.name) and \(y.name) must hold equally many rows, got \(inputs.rows) and "
        + "\(targets.rows)")
  }
  try checkSize("\(x.name): rows", inputs.rows)
  for (name, array) in [(x.name, inputs), (y.name, targets)] {
    try checkNumbers(name, array.values, columns: array.columns, missing: missing)
  }
  let samples = Samples(
    count: inputs.rows, inputs: inputs.columns, outputs: targets.columns, x: inputs.values,
    y: targets.values)
  let incomplete = missing == .refuse ? [] : samples.incompleteRows
  guard !incomplete.isEmpty else { return (samples, 0) }
  if missing == .drop {
    return (try samples.dropping(incomplete, "\(x.name) and \(y.name)"), incomplete.count)
  }
  let origin = SampleOrigin(
    unit: "row", numbers: Array(1...samples.count), x: .init(file: x.name, columns: nil),
    y: .init(file: y.name, columns: nil))
  return (samples.from(origin), 0)
}

/// Refuses NaN and infinities where they are not expected, and huge numbers, by row and column from 1.
///
/// - Parameter missing: nil where the caller has no such choice to offer.
func checkNumbers(
  _ name: String, _ values: [Double], columns: Int, missing: MissingNumbers? = nil
) throws(InputError) {
  for (k, value) in values.enumerated() where !(abs(value) <= largestNumber) {
    let place = "\(name) row \(k / columns + 1), column \(k % columns + 1)"
    switch missing {
    case .drop?, .keep?: if !value.isFinite { continue }
    case .refuse?:
      guard value.isFinite else {
        throw .sentence("\(place) must be a finite number, got \(plainNumber(value))\(dropHint)")
      }
    case nil: break
    }
    try checkNumber(place, value)
  }
}
