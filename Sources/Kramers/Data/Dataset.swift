/// Rows of inputs and targets, row-major.
public struct Samples: Sendable, Equatable {
  public let count: Int
  public let inputs: Int
  public let outputs: Int
  /// count x inputs.
  public let x: [Double]
  /// count x outputs.
  public let y: [Double]
  /// count x outputs: the weight c of every single target in the squared error,
  ///
  ///     (1/2N) sum_n sum_i c_ni (f_i(x_n) - y_ni)^2
  ///
  /// nil when all are 1. A weight of 0 marks an entry that is not observed.
  public let targetWeights: [Double]?
  /// Where the rows stand in a file; nil unless numbers are missing.
  public private(set) var origin: SampleOrigin?

  public init(
    count: Int, inputs: Int, outputs: Int, x: [Double], y: [Double], targetWeights: [Double]? = nil
  ) {
    precondition(x.count == count * inputs && y.count == count * outputs, "samples: wrong counts")
    precondition(targetWeights.map { $0.count == y.count } ?? true, "samples: a weight a target")
    self.count = count
    self.inputs = inputs
    self.outputs = outputs
    self.x = x
    self.y = y
    self.targetWeights = targetWeights
  }

  /// The rows with the given indices, in that order.
  public func rows(_ indices: some Sequence<Int>) -> Samples {
    var x: [Double] = []
    var y: [Double] = []
    var weights: [Double]? = targetWeights == nil ? nil : []
    let indices = Array(indices)
    for n in indices {
      x += self.x[n * inputs..<(n + 1) * inputs]
      y += self.y[n * outputs..<(n + 1) * outputs]
      if let all = targetWeights { weights? += all[n * outputs..<(n + 1) * outputs] }
    }
    let rows = Samples(
      count: indices.count, inputs: inputs, outputs: outputs, x: x, y: y, targetWeights: weights)
    return origin.map { rows.from($0.rows(indices)) } ?? rows
  }

  /// The same rows with their places.
  func from(_ origin: SampleOrigin) -> Samples {
    precondition(origin.numbers.count == count, "samples: a place a row")
    var samples = self
    samples.origin = origin
    return samples
  }

  /// Whether there is neither NaN nor infinity.
  var isFinite: Bool { x.allSatisfy(\.isFinite) && y.allSatisfy(\.isFinite) }

  /// - Throws: `InputError` unless every target row is a distribution over at least two classes, as
  ///   cross-entropy needs: its loss has no lower bound otherwise.
  func checkDistributions(_ set: String) throws(InputError) {
    guard outputs > 1 else {
      throw InputError.sentence(
        "loss 'cross_entropy' needs at least two outputs, the data has \(outputs)")
    }
    for n in 0..<count {
      let row = y[n * outputs..<(n + 1) * outputs]
      if let negative = row.first(where: { $0 < 0 }) {
        throw InputError.sentence(
          "loss 'cross_entropy' needs targets that are 0 or positive: \(set) row \(n + 1) holds "
            + plainNumber(negative))
      }
      let sum = row.reduce(0, +)
      guard abs(sum - 1) < 1e-6 else {
        throw InputError.sentence(
          "loss 'cross_entropy' needs target rows that sum to 1: \(set) row \(n + 1) sums to "
            + plainNumber(sum))
      }
    }
  }

  /// Whether every target row is one-hot, so that accuracy means something.
  public var isClassification: Bool {
    guard outputs > 1, targetWeights == nil else { return false }
    return (0..<count).allSatisfy { n in
      let row = y[n * outputs..<(n + 1) * outputs]
      return row.allSatisfy { $0 == 0 || $0 == 1 } && row.reduce(0, +) == 1
    }
  }
}

/// A training set, an optional test set, and the second moments of the training distribution.
///
/// `train == nil` means population data: only the exact moments exist, so gradients are exact and
/// there is no minibatch noise.
public struct Dataset: Sendable {
  /// The constructor's name, for summaries: `gaussian`, `digits`, ...
  public let name: String
  public let train: Samples?
  public let test: Samples?
  /// Moments of the training samples, or of the population when there are none.
  public let moments: SecondMoments
  public let isClassification: Bool
  /// Number of training samples; nil for population data.
  public let sampleCount: Int?
  /// Rows that the reader left out because a number was missing.
  public let dropped: Int
  /// Whether numbers and moments are finite. Data that is not can be looked at, but no experiment
  /// can be made of it: `checkNumbers`.
  let isFinite: Bool
  /// What a user should know about data just read; not kept in sessions.
  public var remarks: [String] = []
  let hashCache = DatasetHashCache()
  /// nil: given by rows or moments.
  public internal(set) var recipe: DataRecipe?

  public init(name: String, train: Samples, test: Samples? = nil, dropped: Int = 0) {
    self.name = name
    self.dropped = dropped
    self.train = train
    self.test = test
    sampleCount = train.count
    moments = SecondMoments(train)
    isFinite = moments.isFinite && train.isFinite && (test?.isFinite ?? true)
    isClassification = train.isClassification && (test?.isClassification ?? true)
  }

  public init(name: String, population moments: SecondMoments) {
    self.name = name
    train = nil
    test = nil
    sampleCount = nil
    dropped = 0
    self.moments = moments
    isFinite = moments.isFinite
    isClassification = false
  }

  public var inputs: Int { moments.inputs }
  public var outputs: Int { moments.outputs }

  /// Whether single targets are weighted, so that the loss is no function of second moments.
  public var isWeighted: Bool { train?.targetWeights != nil }
}
