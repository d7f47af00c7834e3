extension Dataset {
  /// Arrays of NumPy's .npy files as inputs and targets, one row a sample; one dimension is a column.
  ///
  /// - Parameters:
  ///   - x, y: the bytes of the files, of equally many rows.
  ///   - testX, testY: the test set, both or neither, as wide as the training set.
  ///   - labels: whether the targets are classes by number, from 0, and become one-hot rows, as many
  ///     as the largest label of both sets and one.
  ///   - missing: what is done about rows with NaN or infinities.
  ///   - files: how messages name the arrays: `["x": "x (data.npy)"]`.
  /// - Throws: a sentence for a file that is no readable array (see `NPYArray`), for rows or
  ///   columns that do not match, for labels that are none, and for NaN, infinite and huge numbers
  ///   with row and column.
  public static func npy(
    x: [UInt8], y: [UInt8], testX: [UInt8]? = nil, testY: [UInt8]? = nil, labels: Bool = false,
    missing: MissingNumbers = .refuse, files: [String: String] = [:]
  ) throws(InputError) -> Dataset {
    var arrays: [String: NamedArray] = [:]
    for (name, bytes) in [("x", x), ("y", y), ("test_x", testX), ("test_y", testY)] {
      guard let bytes else { continue }
      let shownName = files[name] ?? name
      arrays[name] = NamedArray(name: shownName, array: try NPYArray(bytes, name: shownName))
    }
    return try Dataset("npy", arrays: arrays, labels: labels, missing: missing)
  }

  /// - Parameter arrays: `x` and `y`, and `test_x` and `test_y` or neither.
  init(
    _ name: String, arrays: [String: NamedArray], labels: Bool, missing: MissingNumbers
  ) throws(InputError) {
    guard let x = arrays["x"], let y = arrays["y"] else { preconditionFailure("x and y") }
    guard (arrays["test_x"] == nil) == (arrays["test_y"] == nil) else {
      throw .sentence(
        arrays["test_x"] == nil
          ? "test_y needs test_x beside it" : "test_x needs test_y beside it")
    }
    var (train, dropped) = try pair(x, y, labels, missing)
    var test: Samples?
    if let testX = arrays["test_x"], let testY = arrays["test_y"] {
      let (samples, testDropped) = try pair(testX, testY, labels, missing)
      dropped += testDropped
      for (array, width, expected) in [
        (testX, samples.inputs, train.inputs), (testY, samples.outputs, train.outputs),
      ] where width != expected {
        throw .sentence(
          "\(array.name) must have \(count(expected, "column")) like the training set, got \(width)"
        )
      }
      test = samples
    }
    if labels {
      let numbers = try ClassLabels(train.y, y.name)
      let testNumbers = try test.map { test throws(InputError) in
        try ClassLabels(test.y, arrays["test_y"]?.name ?? "test_y")
      }
      let classes = try ClassLabels.classes(numbers, testNumbers, y.name)
      let rows = train.count + (test?.count ?? 0)
      try checkMemory(
        count: Double(rows) * Double(classes), what: "\(rows) rows of \(classes) classes")
      train = train.labelled(numbers, classes: classes)
      if let testNumbers { test = test?.labelled(testNumbers, classes: classes) }
    }
    let (n, p) = (Double(train.inputs), Double(train.outputs))
    try checkMemory(
      count: n * (n + p),
      what: "the second moments of \(train.inputs) inputs and \(train.outputs) outputs")
    self.init(name: name, train: train, test: test, dropped: dropped)
    remarkEmptyClasses(labels: labels, name: y.name)
  }
}

/// An array and how messages name it.
struct NamedArray {
  let name: String
  let array: NPYArray
}

private func pair(
  _ x: NamedArray, _ y: NamedArray, _ labels: Bool, _ missing: MissingNumbers
) throws(InputError) -> (Samples, dropped: Int) {
  let (inputs, targets) = (x.array, y.array)
  guard inputs.rows == targets.rows else {
    throw .sentence(
      "\(x.name) and \(y.name) must hold equally many rows, got \(inputs.rows) and "
        + "\(targets.rows)")
  }
  try checkSize("\(x.name): rows", inputs.rows)
  for (name, array) in [(x.name, inputs), (y.name, targets)] {
    try checkNumbers(name, array.values, columns: array.columns, missing: missing)
  }
  if labels {
    guard targets.columns == 1 else {
      throw .sentence("\(y.name) must have 1 column of labels, got \(targets.columns)")
    }
    // By their rows in the file: some may be left out below.
    for (i, value) in targets.values.enumerated() where value.isFinite || missing == .keep {
      _ = try ClassLabels.label(value, y.name, i)
    }
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

extension Samples {
  /// The same inputs with labels as one-hot targets.
  fileprivate func labelled(_ labels: ClassLabels, classes: Int) -> Samples {
    let samples = Samples(
      count: count, inputs: inputs, outputs: classes, x: x,
      y: labels.oneHot(count, classes: classes))
    return origin.map(samples.from) ?? samples
  }
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
