extension BranchTracer {
  /// First states on the branches that meet at a branch point, other than the one that came there
  /// and what it goes on as.
  ///
  /// They leave along a null vector v of the Hessian, (v, 0), to both sides, or, where the branch
  /// arrived that way, along (-H^+ p, 1), up and down. At a distance the bordered systems are regular
  /// again.
  func switched(at event: BranchEvent) -> [BranchState] {
    let base = event.state
    var directions: [BranchDirection] = []
    if event.isArrival {
      if let main = surface.direction(across: event.nullVectors, at: base.place) {
        directions = [main, -1 * main]
      }
    } else {
      for v in kernelAxes(event.nullVectors) {
        let side = BranchDirection(theta: v, l2: 0)
        let along = side.along(base.tangent)
        let across = BranchDirection(
          theta: zip(v, base.tangent.theta).map { $0 - along * $1 }, l2: -along * base.tangent.l2)
        if let unit = across.normalized { directions += [unit, -1 * unit] }
      }
    }
    return directions.compactMap { firstState(from: base, along: $0) }
  }

  private func firstState(from base: BranchState, along direction: BranchDirection) -> BranchState?
  {
    let size = max(norm(base.place.theta), 0.1 * scale)
    let longest =
      abs(direction.l2) > 1e-9 ? min(size, base.l2 / abs(direction.l2)) : size
    for fraction in [0.02, 0.05, 0.01, 0.004, 0.1] {
      let ahead = base.place.moved(along: direction, by: fraction * longest)
      guard let found = surface.correct(ahead, normal: direction, soft: base.softVector),
        range.contains(found.place.l2)
      else { continue }
      let secant = BranchDirection(
        theta: zip(found.place.theta, base.place.theta).map { $0 - $1 },
        l2: found.place.l2 - base.l2)
      // Newton's method must not have fallen back on the branch that is known.
      guard secant.length < 3 * fraction * longest, let chord = secant.normalized,
        let tangent = surface.tangent(at: found.place, normal: chord, soft: base.softVector),
        tangent.along(chord) > 0.5,
        var state = surface.state(found.place, tangent: tangent, residual: found.residual)
      else { continue }
      state.arclength = secant.length
      return state
    }
    return nil
  }
}

/// Unit directions of a kernel along which branches leave, one of each kind.
///
/// Where hidden units do the same, the null vectors have one of them do something else. A branch leaves
/// where one unit does, not along the mixtures that an eigenvalue method returns: along a column of the
/// projector on the kernel. A column with the entries of another one in another order, or with other
/// signs, is its mirror image.
func kernelAxes(_ kernel: [[Double]]) -> [[Double]] {
  guard kernel.count > 1, let size = kernel.first?.count else { return kernel }
  // What of each column is left of those that were taken, in the basis of null vectors.
  var left = (0..<size).map { k in kernel.map { $0[k] } }
  var axes: [[Double]] = []
  var profiles: [[Double]] = []
  for _ in kernel {
    guard let top = left.indices.max(by: { norm(left[$0]) < norm(left[$1]) }),
      norm(left[top]) > 1e-6
    else { break }
    let column = (0..<size).map { k in kernel.reduce(0) { $0 + $1[top] * $1[k] } }
    let axis = orthonormalized([column])[0]
    let taken = orthonormalized([left[top]])
    for k in left.indices { projectOut(taken, from: &left[k]) }
    let profile = axis.map(abs).sorted()
    let isImage = profiles.contains { zip($0, profile).allSatisfy { abs($0 - $1) < 1e-6 } }
    if !isImage {
      axes.append(axis)
      profiles.append(profile)
    }
  }
  return axes
}

extension StationarySurface {
  /// The direction (-H^+ p, 1) at a place, H^+ without the given null vectors, of length 1.
  func direction(across kernel: [[Double]], at place: BranchPlace) -> BranchDirection? {
    var p = slope(place)
    projectOut(kernel, from: &p)
    // Bordered by the L2 axis, the system is that of H alone; its null vectors are lifted by the
    // products, which see nothing of them.
    let x = minimalResidual(p, tolerance: 1e-10, maximumSteps: 4 * count) {
      var v = $0
      projectOut(kernel, from: &v)
      objective.l2 = term(place.l2)
      var image = objective.product(place.theta, v)
      projectOut(kernel, from: &image)
      return image
    }
    return BranchDirection(theta: x.map { -$0 }, l2: 1).normalized
  }
}
