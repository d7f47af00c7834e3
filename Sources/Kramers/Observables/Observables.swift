// The table of observables. A new one is a row here: `all` brings it to every verb, to help, to
// completion and to the records.

extension Observable {
  /// `mode` stands for the strongest.
  public static let all: [Observable] = [
    mode(1), loss, testLoss, accuracy, testAccuracy, norm, activeUnits, objective,
    gradientNorm,
  ]

  /// Without the modes, of which a measurement has a list.
  public static let fieldNames = all.filter { $0.rank == nil }.map(\.name)

  public static func named(_ name: String) -> Observable? { all.first { $0.name == name } }

  /// The k-th largest singular value, k = 1, 2, ..., of the end-to-end map (linear networks) or of
  /// the centred outputs F / sqrt(N) on the training inputs.
  ///
  /// Not a projection u' W v: that crosses its threshold when an active mode rotates.
  public static func mode(_ k: Int) -> Observable {
    Observable(
      "mode", .up, "k-th singular value of the map, or of the centred outputs", rank: k,
      field: { k <= $0.modes.count ? $0.modes[k - 1] : 0 })
  }

  public static let loss = Observable(
    "loss", .down, "data term on the training set", field: { $0.loss }
  ) { context in
    lossEvaluation(try context.fullBatch(), context)
  }

  public static let testLoss = Observable(
    "test_loss", .down, "data term on the test set", field: { $0.testLoss }
  ) { context in
    lossEvaluation(Batch(try context.testSet("test_loss")), context)
  }

  public static let accuracy = Observable(
    "accuracy", .up, "share of training samples whose largest output is their class",
    field: { $0.accuracy }
  ) { context in
    try accuracyEvaluation("accuracy", context.data.train, context)
  }

  public static let testAccuracy = Observable(
    "test_accuracy", .up, "the same of test samples", field: { $0.testAccuracy }
  ) { context in
    try accuracyEvaluation("test_accuracy", context.testSet("test_accuracy"), context)
  }

  public static let norm = Observable("norm", .up, "|theta|", field: { $0.norm }) { context in
    let count = context.network.parameterCount
    return { DenseKernels.sumOfSquares($0, count: count).squareRoot() }
  }

  public static let activeUnits = Observable(
    "active_units", .up, "hidden units that vary over the samples and are read by the layer above",
    make: { context in
      let units = try ActiveUnits(context)
      return { Double(units.count($0)) }
    })

  public static let objective = Observable(
    "objective", .down, "loss + (l2/2) |theta - center|^2", field: { $0.objective }
  ) { context in
    try byEvaluator(context) { $0.objective($1) }
  }

  public static let gradientNorm = Observable(
    "gradient_norm", .down, "|grad(objective)|", field: { $0.gradientNorm }
  ) { context in
    try byEvaluator(context) { $0.lossAndGradientNorm($1).gradientNorm }
  }
}

private func lossEvaluation(
  _ batch: Batch, _ context: ObservableContext
) -> Observable.Evaluation {
  let workspace = context.workspace(batch)
  return { workspace.loss($0, batch) }
}

private func accuracyEvaluation(
  _ name: String, _ samples: Samples?, _ context: ObservableContext
) throws -> Observable.Evaluation {
  guard context.data.isClassification, let samples else {
    throw InputError.sentence("observable: '\(name)' needs data with classes (one-hot targets)")
  }
  let batch = Batch(samples)
  let workspace = context.workspace(batch)
  return { Kramers.accuracy(of: workspace.outputs($0, batch), batch) }
}

/// The share of samples whose largest output is where their largest target is; `f` is laid out as
/// the targets of the batch.
func accuracy(of f: UnsafePointer<Double>, _ batch: Batch) -> Double {
  let classes = 0..<batch.outputs
  var correct = 0
  for b in 0..<batch.count {
    let guess = classes.max { f[$0 * batch.stride + b] < f[$1 * batch.stride + b] }
    let truth = classes.max { batch.y[$0 * batch.stride + b] < batch.y[$1 * batch.stride + b] }
    if guess == truth { correct += 1 }
  }
  return Double(correct) / Double(batch.count)
}

/// What an evaluator computes, from arrays.
private func byEvaluator(
  _ context: ObservableContext, _ value: @escaping (Evaluator, [Double]) -> Double
) throws -> Observable.Evaluation {
  let evaluator = try Evaluator(
    data: context.data, network: context.network, settings: context.settings)
  let count = context.network.parameterCount
  return { value(evaluator, Array(UnsafeBufferPointer(start: $0, count: count))) }
}

extension ObservableContext {
  fileprivate func testSet(_ name: String) throws -> Samples {
    guard let test = data.test else {
      throw InputError.sentence("observable: '\(name)' needs data with a test set")
    }
    return test
  }
}
