extension Dataset {
  /// A data set from its parts, as a file tells them. Nothing is computed from the samples but
  /// whether they are classes, so the moments are the stored ones, bit for bit.
  ///
  /// - Parameters:
  ///   - moments: `SecondMoments.flat`.
  ///   - hashes: of the arrays, if they are known; they are believed.
  /// - Throws: `InputError` for sizes that do not fit together.
  public init(
    restoring name: String, inputs: Int, outputs: Int, train: Samples?, test: Samples?,
    moments: [Double], hashes: DatasetHashes? = nil
  ) throws(InputError) {
    try checkSize("inputs", inputs)
    try checkSize("outputs", outputs)
    guard train != nil || test == nil else {
      throw .sentence("test: data without training samples has no test set")
    }
    if let train { try checkSize("samples", train.count) }
    for (set, samples) in [("x", train), ("test_x", test)] {
      guard let samples, samples.inputs != inputs || samples.outputs != outputs else { continue }
      throw .sentence(
        "\(set): the data has \(inputs) inputs and \(outputs) outputs, the samples "
          + "\(samples.inputs) and \(samples.outputs)")
    }
    (self.name, dropped) = Dataset.name(fromLabel: name)
    self.train = train
    self.test = test
    self.moments = try SecondMoments(restoring: moments, inputs: inputs, outputs: outputs)
    sampleCount = train?.count
    isFinite =
      self.moments.isFinite && (train?.isFinite ?? true) && (test?.isFinite ?? true)
    isClassification =
      train.map { $0.isClassification && (test?.isClassification ?? true) } ?? false
    if let hashes { hashCache.store(hashes) }
  }

  /// - Throws: `InputError` unless every target row is a distribution, as cross-entropy needs.
  func checkDistributions() throws(InputError) {
    try train?.checkDistributions("training")
    try test?.checkDistributions("test")
  }
}

extension Samples {
  /// - Throws: `InputError` for sizes that do not fit together.
  public init(
    restoring count: Int, inputs: Int, outputs: Int, x: [Double], y: [Double],
    targetWeights: [Double]?
  ) throws(InputError) {
    for (name, size) in [("samples", count), ("inputs", inputs), ("outputs", outputs)] {
      guard (0...Int(Int32.max)).contains(size) else {
        throw .rule(name, "between 0 and \(Int32.max)", size)
      }
    }
    let arrays = [
      ("x", x.count, count * inputs), ("y", y.count, count * outputs),
      ("target_weights", targetWeights?.count ?? count * outputs, count * outputs),
    ]
    for (name, stored, needed) in arrays where stored != needed {
      throw .rule(name, "\(needed) numbers long", stored)
    }
    self.init(
      count: count, inputs: inputs, outputs: outputs, x: x, y: y, targetWeights: targetWeights)
  }
}

extension SecondMoments {
  /// The inverse of `flat`.
  init(restoring flat: [Double], inputs n: Int, outputs p: Int) throws(InputError) {
    // At most 2^63 - 2^32 for 32-bit sizes.
    let needed = n * (n + p) + 1
    guard flat.count == needed, let traceYY = flat.last else {
      throw .rule("moments", "\(needed) numbers long", flat.count)
    }
    self.init(
      xx: Matrix(n, n, Array(flat[..<(n * n)])),
      yx: Matrix(p, n, Array(flat[(n * n)..<(needed - 1)])), traceYY: traceYY)
  }
}
