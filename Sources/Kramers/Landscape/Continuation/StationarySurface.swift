/// Stationary states as a curve in (theta, l2):
///
///     G(theta, b) = grad loss(theta) + b (theta - center) = 0,     dG/db = theta - center = p
///
/// (p on the parameters that L2 acts on). Its linear systems, bordered by the normal of a plane that
/// the curve crosses, are regular at folds too:
///
///     | H    p  | | x |   | f |
///     | n'  n_b | | y | = | g |        x across the rotations of linear layers
///
/// Up to `denseLimit` parameters by elimination on the exact Hessian; from 300 on the factors serve
/// all Newton steps that converge with them, and only the lowest eigenvalues are computed, by Lanczos
/// iteration on the inverse. Beyond the limit by MINRES on products, with the vector v of the
/// eigenvalue nearest zero taken apart and coupled exactly: near folds and branch points everything
/// else is well conditioned.
///
/// Source: H. Keller (1977), pseudo-arclength; W. Govaerts, Numerical Methods for Bifurcations of
/// Dynamical Equilibria (SIAM, 2000), bordered systems.
final class StationarySurface {
  let objective: Objective
  let network: Network
  private let center: [Double]?
  private let actsOnBiases: Bool
  private let denseLimit: Int
  private let threads: Int
  /// What is computed after it said so is no result.
  private let shouldStop: () -> Bool
  /// The last Hessian that was formed.
  private var formed: (place: BranchPlace, hessian: Matrix)?

  static let standardDenseLimit = 2000
  /// Parameters from which on factors are worth keeping.
  private static let smallLimit = 300

  init(
    _ network: Network, _ batch: Batch, l2: L2Term, denseLimit: Int = standardDenseLimit,
    threads: Int = 1, shouldStop: @escaping () -> Bool = { false }
  ) {
    self.network = network
    objective = Objective(network, batch, l2: l2)
    center = l2.center
    actsOnBiases = l2.actsOnBiases
    self.denseLimit = denseLimit
    self.threads = threads
    self.shouldStop = shouldStop
  }

  var count: Int { network.parameterCount }
  var isDense: Bool { count <= denseLimit }
  private var isSmall: Bool { isDense && count <= Self.smallLimit }

  func term(_ l2: Double) -> L2Term { L2Term(l2, center: center, biases: actsOnBiases) }

  /// E.
  func value(_ place: BranchPlace) -> Double {
    objective.l2 = term(place.l2)
    return objective.value(place.theta)
  }

  /// The minimum below.
  func minimum(from theta: [Double]) -> [Double] {
    objective.minimum(from: theta, shouldStop: shouldStop).x
  }

  /// G.
  func gradient(_ place: BranchPlace) -> [Double] {
    objective.l2 = term(place.l2)
    return objective.gradient(place.theta)
  }

  /// p = dG/db.
  func slope(_ place: BranchPlace) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    term(1).addGradient(place.theta, to: &result, network)
    return result
  }

  /// Gradients below this are zero but for rounding.
  func tolerance(_ place: BranchPlace) -> Double { 1e-12 * (place.l2 * norm(place.theta) + 1e-2) }

  /// The state that Newton's method finds near `start` in the plane through `start` with the given
  /// normal; nil where it does not settle.
  ///
  /// - Parameters:
  ///   - soft: a vector near that of the eigenvalue nearest zero, for large networks.
  ///   - factors: of a place near by with the same normal, which may do for all steps.
  /// - Returns: the state, |G| there, and how many steps it took, those with old factors not counted.
  func correct(
    _ start: BranchPlace, normal: BranchDirection, soft: [Double]?, near old: BorderedFactors? = nil
  ) -> (place: BranchPlace, residual: Double, steps: Int)? {
    var place = start
    var g = gradient(place)
    var size = norm(g)
    let first = size
    var factors = old
    var steps = 0
    for _ in 0..<60 {
      if shouldStop() { return nil }
      if size <= tolerance(place) { return polished(place, size, normal, soft, factors, steps) }
      let distance = BranchDirection(
        theta: zip(place.theta, start.theta).map { $0 - $1 }, l2: place.l2 - start.l2)
      if factors == nil {
        guard steps < 12 else { break }
        steps += 1
        factors = isDense ? bordered(place, normal) : nil
      }
      guard
        let move = solve(
          at: place, normal: normal, soft: soft, factors, right: g.map { -$0 },
          -normal.along(distance))
      else { return nil }
      let next = place.moved(along: move, by: 1)
      let image = gradient(next)
      let last = size
      if steps == 0, !(norm(image) < 0.3 * size) {
        // What came from elsewhere does not serve here.
        factors = nil
        continue
      }
      place = next
      g = image
      size = norm(g)
      guard size.isFinite, place.l2.isFinite, size <= 100 * first + 1e-6 else { return nil }
      // At the rounding of the gradient no step helps.
      if size > 0.5 * last, size <= 100 * tolerance(place) { return (place, size, steps) }
      if isSmall || size > 0.3 * last { factors = nil }
    }
    return size <= 100 * tolerance(place) ? (place, size, steps) : nil
  }

  /// One more step, kept if it helps: the error of the state is then the square of what it was.
  private func polished(
    _ place: BranchPlace, _ size: Double, _ normal: BranchDirection, _ soft: [Double]?,
    _ factors: BorderedFactors?, _ steps: Int
  ) -> (place: BranchPlace, residual: Double, steps: Int) {
    guard isDense, size > 0,
      let factors = factors ?? bordered(place, normal),
      let move = factors.solve(gradient(place).map { -$0 }, 0)
    else { return (place, size, steps) }
    let next = place.moved(along: move, by: 1)
    let better = norm(gradient(next))
    return better < size ? (next, better, steps) : (place, size, steps)
  }

  /// The unit tangent of the curve at a state, on the side of `normal`.
  func tangent(
    at place: BranchPlace, normal: BranchDirection, soft: [Double]?,
    _ factors: BorderedFactors? = nil
  ) -> BranchDirection? {
    let zero = [Double](repeating: 0, count: count)
    return solve(at: place, normal: normal, soft: soft, factors, right: zero, 1)?.normalized
  }

  /// The bordered system; nil where it is singular.
  func solve(
    at place: BranchPlace, normal: BranchDirection, soft: [Double]?,
    _ factors: BorderedFactors? = nil, right f: [Double], _ g: Double
  ) -> BranchDirection? {
    isDense
      ? (factors ?? bordered(place, normal))?.solve(f, g)
      : iterate(place, normal, soft ?? normal.theta, f, g)
  }

  /// The matrix of the bordered system, eliminated; nil where it is singular.
  func bordered(_ place: BranchPlace, _ normal: BranchDirection) -> BorderedFactors? {
    let n = count
    let rotations = hiddenRotations(network, place.theta, l2: term(place.l2))
    guard let hessian = dense(place, rotations) else { return nil }
    let p = slope(place)
    var across = normal.theta
    projectOut(rotations, from: &across)
    var matrix = Matrix(n + 1, n + 1)
    for i in 0..<n {
      for j in 0..<n { matrix.values[i * (n + 1) + j] = hessian.values[i * n + j] }
      matrix.values[i * (n + 1) + n] = p[i]
      matrix.values[n * (n + 1) + i] = across[i]
    }
    matrix[n, n] = normal.l2
    return LU(matrix, threads: threads).map { BorderedFactors(factors: $0, rotations: rotations) }
  }

  struct BorderedFactors {
    fileprivate let factors: LU
    fileprivate let rotations: [[Double]]

    fileprivate func solve(_ f: [Double], _ g: Double) -> BranchDirection? {
      var across = f
      projectOut(rotations, from: &across)
      let solution = factors.solve(across + [g])
      guard solution.allSatisfy(\.isFinite) else { return nil }
      return BranchDirection(theta: Array(solution.dropLast()), l2: solution[f.count])
    }
  }

  private func iterate(
    _ place: BranchPlace, _ normal: BranchDirection, _ soft: [Double], _ f: [Double], _ g: Double
  ) -> BranchDirection? {
    let rotations = hiddenRotations(network, place.theta, l2: term(place.l2))
    let curvature = curvature(place)
    var v = soft
    projectOut(rotations, from: &v)
    let length = norm(v)
    if length > 0 { v = v.map { $0 / length } }
    let outside = orthonormalized(length > 0 ? rotations + [v] : rotations)
    func across(_ x: [Double]) -> [Double] {
      var rest = x
      projectOut(outside, from: &rest)
      return rest
    }
    func solved(_ x: [Double], _ tolerance: Double) -> [Double] {
      across(
        minimalResidual(
          across(x), tolerance: tolerance, maximumSteps: 2000, shouldStop: shouldStop
        ) { across(curvature.product(across($0))) })
    }
    let p = slope(place)
    let xf = solved(f, 1e-9)
    let xp = solved(p, 1e-9)
    guard length > 0 else {
      let y = (g - dot(normal.theta, xf)) / (normal.l2 - dot(normal.theta, xp))
      return y.isFinite
        ? BranchDirection(theta: zip(xf, xp).map { $0 - y * $1 }, l2: y) : nil
    }
    let image = curvature.product(v)
    let xv = solved(image, 1e-9)
    // Unknown: y = dl2 and a, the part along v.
    let a11 = dot(v, p) - dot(image, xp)
    let a12 = dot(v, image) - dot(image, xv)
    let r1 = dot(v, f) - dot(image, xf)
    let a21 = normal.l2 - dot(normal.theta, xp)
    let a22 = dot(normal.theta, v) - dot(normal.theta, xv)
    let r2 = g - dot(normal.theta, xf)
    let determinant = a11 * a22 - a12 * a21
    guard determinant != 0, determinant.isFinite else { return nil }
    let y = (r1 * a22 - a12 * r2) / determinant
    let a = (a11 * r2 - a21 * r1) / determinant
    return BranchDirection(
      theta: xf.indices.map { xf[$0] - y * xp[$0] + a * (v[$0] - xv[$0]) }, l2: y)
  }

  /// The Hessian with rotations lifted above its spectrum.
  private func dense(_ place: BranchPlace, _ rotations: [[Double]]) -> Matrix? {
    if rotations.isEmpty { return hessian(place) }
    var lifted = hessian(place)
    lifted?.lift(rotations)
    return lifted
  }

  /// H, within the limit.
  func hessian(_ place: BranchPlace) -> Matrix? {
    if let formed, formed.place == place { return formed.hessian }
    guard
      let hessian = try? denseHessian(
        network, place.theta, objective.batch, l2: term(place.l2), limit: denseLimit,
        threads: threads)
    else { return nil }
    formed = (place, hessian)
    return hessian
  }

  /// Factors of H + c; nil where it is not positive definite.
  func factors(_ hessian: Matrix, plus c: Double) -> LU? {
    var shifted = hessian
    for k in 0..<count { shifted[k, k] += c }
    return LU(positiveDefinite: shifted, threads: threads)
  }

  private func curvature(_ place: BranchPlace) -> HessianOperator {
    HessianOperator(
      network, at: place.theta, objective.batch, l2: term(place.l2), threads: threads)
  }

  /// Eigenvalues beside rotations, ascending, and their unit vectors.
  struct Spectrum {
    let values: [Double]
    let vectors: [[Double]]
    /// |eigenvalue| at most this is zero but for rounding.
    let tolerance: Double

    var index: Int { values.count { $0 < -tolerance } }
    /// The place of the eigenvalue nearest zero.
    var softest: Int { values.indices.min { abs(values[$0]) < abs(values[$1]) } ?? 0 }
  }

  /// The lowest eigenvalues of the Hessian at a place, at least `count` of them where there are as
  /// many, and always one that is positive.
  func spectrum(_ place: BranchPlace, count wanted: Int = 4) -> Spectrum? {
    let rotations = hiddenRotations(network, place.theta, l2: term(place.l2))
    let left = count - rotations.count
    if isDense, !isSmall {
      return dense(place, rotations).flatMap { lowest(of: $0, wanted, left, rotations) }
    }
    if isDense {
      guard let hessian = dense(place, rotations) else { return nil }
      let (values, vectors) = eigenDecomposition(hessian)
      let physical = Array(values[..<left])
      guard let top = physical.last, top.isFinite else { return nil }
      let kept = min(left, max(wanted, physical.count { $0 < 0 } + 2))
      return Spectrum(
        values: Array(physical[..<kept]), vectors: (0..<kept).map { vectors.column($0) },
        tolerance: 1e-11 * max(abs(top), abs(physical[0])))
    }
    let curvature = curvature(place)
    var size = min(wanted, left)
    while true {
      let found = curvature.extremes(
        size, .smallest, tolerance: 1e-9, projectingOut: rotations, shouldStop: shouldStop)
      guard !shouldStop(), let last = found.values.last else { return nil }
      if last > 0 || size == left || size >= 64 {
        let top = curvature.extremes(1, .largest, tolerance: 1e-2).values.first ?? 1
        return Spectrum(values: found.values, vectors: found.vectors, tolerance: 1e-10 * abs(top))
      }
      size = min(2 * size, left)
    }
  }

  /// The lowest eigenvalues by Lanczos iteration on (H - shift)^-1, the shift below the spectrum as the
  /// pivots of H - shift say.
  private func lowest(
    of hessian: Matrix, _ wanted: Int, _ left: Int, _ rotations: [[Double]]
  ) -> Spectrum? {
    let n = count
    let top =
      lanczos(size: n, end: .largest, tolerance: 1e-2) { v, result in
        result = hessian.product(v)
      }.values.first ?? 1
    var shift = -1e-5 * abs(top)
    var factors: LU?
    while factors == nil {
      guard shift > -10 * abs(top), !shouldStop() else { return nil }
      shift *= 4
      factors = self.factors(hessian, plus: -shift)
    }
    guard let factors else { return nil }
    var size = min(wanted, left)
    while true {
      let found = lanczos(
        size: n, count: size, end: .largest, tolerance: 1e-9, projectingOut: rotations,
        shouldStop: shouldStop
      ) { v, result in result = factors.solve(v) }
      guard !shouldStop(), found.converged else { return nil }
      let pairs = found.vectors.map { (value: dot($0, hessian.product($0)), vector: $0) }
        .sorted { $0.value < $1.value }
      if pairs.last?.value ?? 0 > 0 || size == left {
        return Spectrum(
          values: pairs.map(\.value), vectors: pairs.map(\.vector), tolerance: 1e-11 * abs(top))
      }
      size = min(2 * size, left)
    }
  }

  /// The state at a place, where G = 0 already.
  func state(_ place: BranchPlace, tangent: BranchDirection, residual: Double) -> BranchState? {
    guard let spectrum = spectrum(place), !spectrum.values.isEmpty else { return nil }
    let k = spectrum.softest
    return BranchState(
      place: place, tangent: tangent, index: spectrum.index, lowest: spectrum.values,
      softest: spectrum.values[k], softVector: spectrum.vectors[k], residual: residual)
  }
}
