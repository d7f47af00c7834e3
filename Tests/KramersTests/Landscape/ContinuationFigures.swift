#if canImport(Glibc)
  import Glibc
#endif

@testable import Kramers

/// Folds and branch points by an independent computation: the output of
/// Tests/Fixtures/make_continuation.py (complex-step derivatives, the extended system of folds).
enum ContinuationFigures {
  struct Place {
    let l2: Double
    let objective: Double
  }

  // X1: widths 1-1-1-1.
  static let chainLearned = Place(l2: 0.02, objective: 0.04850102168074)
  static let chainFold = Place(l2: 0.4009123834344, objective: 0.5801426541339)
  /// Saddles beyond the fold: l2, objective and |theta|.
  static let chainSaddles = [
    (l2: 0.3, objective: 0.5602111695404, norm: 0.477463424974),
    (l2: 0.193384, objective: 0.5525080977323, norm: 0.2838766324601),
    (l2: 0.1, objective: 0.5503327546613, norm: 0.142362485131),
    (l2: 0.05, objective: 0.5500391324623, norm: 0.07066646902208),
  ]

  // X2: widths 2-2-2-2.
  static let squareLearned = Place(l2: 0.02, objective: 0.07273341179817)
  static let squareBranchPoint = Place(l2: 0.171820544363, objective: 0.48270418716)
  static let squareCollapsed = Place(l2: 0.171920544363, objective: 0.4424232145713)
  static let squareFold = Place(l2: 0.181956716699, objective: 0.5012501318407)
  static let squareSecondFold = Place(l2: 0.384955804746, objective: 0.6592136332757)

  // X2 with widths 2-3-3-2.
  static let wideLearned = Place(l2: 0.02, objective: 0.06763171429098)
  static let wideFold = Place(l2: 0.181956716699, objective: 0.4678987425421)
  static let wideCollapsed = Place(l2: 0.182056716699, objective: 0.4432210711549)
  static let wideSecondFold = Place(l2: 0.4026022711665, objective: 0.6635475053011)

  /// X1: 17 points, one input and output.
  static func chain(l2: Double = 0.02) throws -> Experiment {
    let x = (0..<17).map { [-2 + 0.25 * Double($0)] }
    let y = x.map { [1.5 * hyperbolicTangent(1.2 * hyperbolicTangent(1.2 * $0[0]))] }
    var settings = Settings()
    settings.l2 = l2
    settings.learningRate = 0.2
    var experiment = try Experiment(
      data: .from(x: x, y: y),
      network: Network(widths: [1, 1, 1, 1], activation: .tanh), settings: settings)
    try experiment.setParameters([1, 1, 1])
    return experiment
  }

  /// X2: 25 points, two inputs and outputs, near the aligned state of two units.
  static func square(hidden: Int, l2: Double = 0.02) throws -> Experiment {
    let grid = [-1.5, -0.75, 0, 0.75, 1.5]
    let x = grid.flatMap { a in grid.map { [a, $0] } }
    let y = x.map { [1.2 * hyperbolicTangent(1.5 * $0[0]), 0.7 * hyperbolicTangent(1.5 * $0[1])] }
    var settings = Settings()
    settings.l2 = l2
    settings.learningRate = 0.2
    let network = try Network(widths: [2, hidden, hidden, 2], activation: .tanh)
    var experiment = try Experiment(
      data: .from(x: x, y: y), network: network, settings: settings)
    var theta = network.parameters(
      from: (0..<3).map { l in
        Matrix(
          network.layers[l].outputs, network.layers[l].inputs,
          diagonal: [Double](repeating: 1, count: 3))
      })
    for k in theta.indices { theta[k] += 0.05 * sin(1 + Double(k)) }
    try experiment.setParameters(theta)
    return experiment
  }
}
