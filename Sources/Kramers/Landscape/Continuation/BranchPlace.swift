/// A point of the space that branches run through: parameters and L2 strength.
struct BranchPlace: Sendable, Equatable {
  /// parameterCount values.
  var theta: [Double]
  var l2: Double

  func moved(along direction: BranchDirection, by step: Double) -> BranchPlace {
    BranchPlace(
      theta: zip(theta, direction.theta).map { $0 + step * $1 }, l2: l2 + step * direction.l2)
  }
}

/// A direction in that space.
struct BranchDirection: Sendable, Equatable {
  var theta: [Double]
  var l2: Double

  static func * (scale: Double, direction: BranchDirection) -> BranchDirection {
    BranchDirection(theta: direction.theta.map { scale * $0 }, l2: scale * direction.l2)
  }

  var length: Double { (dot(theta, theta) + l2 * l2).squareRoot() }

  /// Of length 1; nil for zero and for what is not finite.
  var normalized: BranchDirection? {
    let length = length
    return length > 0 && length.isFinite ? (1 / length) * self : nil
  }

  func along(_ other: BranchDirection) -> Double {
    dot(theta, other.theta) + l2 * other.l2
  }

  /// Along the L2 axis: a step in it changes nothing else.
  static func alongL2(_ count: Int) -> BranchDirection {
    BranchDirection(theta: [Double](repeating: 0, count: count), l2: 1)
  }
}

/// A stationary state on a branch, with what its Hessian says.
struct BranchState: Sendable, Equatable {
  var place: BranchPlace
  /// Of length 1, in the sense in which the branch was followed.
  var tangent: BranchDirection
  /// Number of negative eigenvalues: 0 at a minimum.
  var index: Int
  /// The lowest eigenvalues beside the rotations of linear layers, ascending; more than `index`.
  var lowest: [Double]
  /// The eigenvalue nearest zero, and its unit vector.
  var softest: Double
  var softVector: [Double]
  /// |grad(objective)|.
  var residual: Double
  /// Along the branch, from where it was begun.
  var arclength = 0.0

  var l2: Double { place.l2 }
  var isStable: Bool { index == 0 }
}
