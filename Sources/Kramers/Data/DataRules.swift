// What every constructor of a data set checks before it allocates anything.

/// Refuses a size outside 1...2^31-1 (permutations of samples are 32-bit).
func checkSize(_ name: String, _ value: Int) throws(InputError) {
  guard value > 0 else { throw .rule(name, "positive", value) }
  guard value <= Int(Int32.max) else { throw .rule(name, "at most \(Int32.max)", value) }
}

/// Largest number accepted in data. Squares of larger ones, summed, would overflow the moments.
let largestNumber = 1e100

/// Refuses NaN, infinities and numbers whose squares would overflow.
func checkNumber(_ name: String, _ value: Double) throws(InputError) {
  guard value.isFinite else { throw .rule(name, "a finite number", value) }
  guard abs(value) <= largestNumber else {
    throw .rule(name, "at most \(largestNumber) in magnitude", value)
  }
}

/// The validated sizes and singular values of a linear task: `gaussian`, `teacher`, `population`.
struct LinearTask {
  /// In descending order, unless a spectrum pairs them with the inputs one by one.
  let singular: [Double]
  let inputs: Int
  let outputs: Int

  /// - Parameters:
  ///   - singular: not negative, at most min(inputs, outputs) of them, in any order.
  ///   - maximum: the largest singular value allowed.
  ///   - paired: keep the order of `singular`: value i belongs to input i.
  ///   - rows: training samples + test samples.
  ///   - dense: further matrices of inputs^2 + outputs^2 doubles (rotations), and a second copy
  ///     of the rows while they are rotated.
  init(
    singular: [Double], inputs: Int?, outputs: Int?, maximum: Double = largestNumber,
    paired: Bool = false, samples: Int?, test: Int?, dense: Bool = false
  ) throws(InputError) {
    guard !singular.isEmpty else {
      throw .sentence("singular must hold at least one singular value, got none")
    }
    for (i, value) in singular.enumerated() {
      let name = "singular[\(i + 1)]"
      try checkNumber(name, value)
      guard value >= 0 else { throw .rule(name, "zero or positive", value) }
      guard value <= maximum else { throw .rule(name, "at most \(maximum)", value) }
    }
    let inputs = inputs ?? singular.count
    let outputs = outputs ?? singular.count
    try checkSize("inputs", inputs)
    try checkSize("outputs", outputs)
    guard singular.count <= min(inputs, outputs) else {
      throw .sentence(
        "singular must hold at most min(inputs, outputs) = \(min(inputs, outputs)) values, got "
          + "\(singular.count)")
    }
    if let samples { try checkSize("samples", samples) }
    if let test {
      guard test >= 0 else { throw .rule("test", "zero or positive", test) }
      guard test <= Int(Int32.max) else { throw .rule("test", "at most \(Int32.max)", test) }
      guard samples != nil || test == 0 else {
        throw .sentence("test needs samples: without them the data is its exact moments alone")
      }
    }
    let (n, p) = (Double(inputs), Double(outputs))
    let rows = Double(samples ?? 0) + Double(test ?? 0)
    try checkMemory(
      count: (dense ? 2 : 1) * rows * (n + p) + n * (n + p) + (dense ? n * n + p * p : 0),
      what: "\(rows > 0 ? "\(Int(rows)) samples of " : "")\(inputs) inputs and \(outputs) outputs")
    self.singular = paired ? singular : singular.sorted(by: >)
    self.inputs = inputs
    self.outputs = outputs
  }

  /// Checks covariance eigenvalues of the inputs: one per input, each zero or in 1e-100...1e100.
  func checkSpectrum(_ name: String, _ spectrum: [Double]?) throws(InputError) {
    guard let spectrum else { return }
    guard spectrum.count == inputs else {
      throw .sentence(
        "\(name) must hold one eigenvalue for each of the \(inputs) inputs, got \(spectrum.count)")
    }
    for (i, value) in spectrum.enumerated() {
      try checkNumber("\(name)[\(i + 1)]", value)
      guard value == 0 || value >= 1 / largestNumber else {
        throw .rule("\(name)[\(i + 1)]", "zero or at least \(1 / largestNumber)", value)
      }
    }
  }
}

/// The streams of `RandomPurpose.data` under one seed: independent of each other, so that a test
/// set does not change when the training set grows.
enum DataStream: UInt32 {
  case train, test, inputRotation, outputRotation, shippedSplit, split, subsample, modular
  case completion

  func callAsFunction(_ seed: UInt64) -> RandomStream {
    RandomStream(seed: seed, stream: rawValue, purpose: .data)
  }
}
