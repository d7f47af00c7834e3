#if canImport(Glibc)
  internal import Glibc
#endif

/// One condition of an experiment in which escapes were counted.
public struct RatePoint: Sendable, Equatable {
  /// n_i, the number of escapes; zero is a valid observation.
  public let escapes: Double
  /// A_i, the time that replicas were seen to survive, > 0. In lr * steps whenever lr differs
  /// between points. With looks it may be 0 where all escape at the first.
  public let survived: Double
  /// h_i, the length of the looks within which escapes are known, in the unit of A_i; 0 for times
  /// that are known exactly, which A_i then includes.
  public let look: Double
  /// x_ij, the row of the design matrix.
  public let design: [Double]
  /// A known part of ln tau_i.
  public let offset: Double

  public init(
    escapes: Double, survived: Double, look: Double = 0, design: [Double], offset: Double = 0
  ) {
    self.escapes = escapes
    self.survived = survived
    self.look = look
    self.design = design
    self.offset = offset
  }

  /// tau of this point alone; infinite without escapes.
  public var tau: Double {
    escapes > 0 ? meanTime(survived: survived, escapes: escapes, look: look) : .infinity
  }

  /// The largest ln L that this point alone can have.
  var saturated: Double {
    guard escapes > 0 else { return 0 }
    guard survived > 0 else { return -escapes * log(look) }
    return logLikelihood(logTau: log(tau))
  }

  /// Above this, A/tau is continued linearly in ln tau: still concave, and it cannot overflow.
  fileprivate static let ceiling = 300.0

  /// -n ln tau - A/tau for h = 0, and with looks n ln[(1 - e^(-h/tau))/h] - A/tau.
  fileprivate func logLikelihood(logTau: Double) -> Double {
    let exponent = log(survived) - logTau
    let atRisk =
      exponent < Self.ceiling
      ? exp(exponent) : exp(Self.ceiling) * (1 + exponent - Self.ceiling)
    let z = look > 0 ? look * exp(-logTau) : 0
    // Below 1e-300 the quotient is 1 to rounding; so it is for h = 0.
    let inLooks = z > 1e-300 ? log(-expm1(-z)) - log(look) : -logTau
    return escapes * inLooks - atRisk
  }

  /// First derivative of ln L by ln tau, and minus the second.
  fileprivate func derivatives(logTau: Double) -> (slope: Double, information: Double) {
    let atRisk = exp(min(log(survived) - logTau, Self.ceiling))
    let z = look > 0 ? look * exp(-logTau) : 0
    let g = lookFactor(z)
    // -z g'(z) = g (g + z - 1), which is z/2 for small z.
    let bend = z < 1e-4 ? 0.5 * z : z > 700 ? 0 : g * (g + z - 1)
    return (atRisk - escapes * g, atRisk + escapes * bend)
  }
}

/// Maximum likelihood fit of a law for the escape time that is linear in its logarithm, to
/// censored data.
///
///     ln tau_i = offset_i + sum_j x_ij beta_j
///     ln L = sum_i ( -n_i ln tau_i - A_i/tau_i )
///
/// for exact times. Escapes known within looks of length h are
///
///     ln L = sum_i ( n_i ln[(1 - e^(-h_i/tau_i))/h_i] - A_i/tau_i )
///
/// which tends to it as h/tau -> 0. A last look cut short by the budget counts as part of a look:
/// its length enters through h, see `GroupedExponential.look`.
///
/// ln L is concave, so Newton's method with step halving finds its supremum; the design is replaced
/// by an orthonormal basis of its columns first (1/T of a few close temperatures is nearly
/// constant). Points without escapes take part: they say that tau_i is at least of order A_i.
///
/// Laws with different designs for the same points can be compared by `logLikelihood`.
///
/// Source: Cox and Oakes, Analysis of Survival Data, chapter 6; McCullagh and Nelder, Generalized
/// Linear Models, chapter 13 (the same likelihood as Poisson counts of mean A_i/tau_i).
public struct RateLaw: Sendable {
  public let points: [RatePoint]
  /// beta_j at the maximum; nil if not `identifiable`.
  public let coefficients: [Double]?
  /// The maximum of ln L, or its supremum if that is only approached at infinity.
  public let logLikelihood: Double
  /// False if the design columns are linearly dependent, or if ln L rises for ever in some
  /// direction (for example a barrier when only the hottest point has escapes). Profile intervals
  /// are still valid then, with an infinite end where the data give none.
  public let identifiable: Bool
  /// The last iterate: the maximum, or a point on the way to infinity.
  private let iterate: [Double]

  /// - Parameter points: at least one; all with design rows of one length.
  /// - Throws: `InputError` for no points, uneven rows, negative or not finite counts, exposures or
  ///   design entries.
  public init(_ points: [RatePoint]) throws(InputError) {
    guard let first = points.first else { throw .sentence("a rate law needs at least one point") }
    for point in points {
      guard point.design.count == first.design.count else {
        throw .sentence("the points of a rate law have design rows of different lengths")
      }
      guard point.escapes >= 0, point.escapes.isFinite else {
        throw .rule("escapes", "finite and not negative", point.escapes)
      }
      guard point.look >= 0, point.look.isFinite else {
        throw .rule("look", "finite and not negative", point.look)
      }
      let isSeen = point.look > 0 && point.escapes > 0
      guard point.survived > 0 || isSeen && point.survived == 0, point.survived.isFinite else {
        throw .rule("exposure", "positive and finite", point.survived)
      }
      for entry in point.design + [point.offset] where !entry.isFinite {
        throw .rule("design entry", "finite", entry)
      }
    }
    self.init(checked: points)
  }

  private init(checked points: [RatePoint]) {
    self.points = points
    let columns = points[0].design.count
    let decomposition = SingularValueDecomposition(
      Matrix(points.count, columns, points.flatMap(\.design)))
    let sigma = decomposition.values
    let rank = sigma.filter { $0 > 1e-12 * (sigma.first ?? 0) }.count
    var basis = Matrix(points.count, rank)
    for i in 0..<points.count { for j in 0..<rank { basis[i, j] = decomposition.u[i, j] } }
    let ascent = Ascent(points, basis)
    logLikelihood = ascent.logLikelihood
    identifiable = rank == columns && ascent.settled
    iterate = (0..<columns).map { row in
      (0..<rank).reduce(0) { sum, j in
        sum + decomposition.v[row, j] * ascent.position[j] / sigma[j]
      }
    }
    coefficients = identifiable ? iterate : nil
  }

  /// The profile-likelihood interval of coefficient `index`: all values for which the maximum of
  /// ln L over the other coefficients lies less than drop/2 below the overall maximum.
  ///
  /// - Parameters:
  ///   - index: of the coefficient.
  ///   - drop: of 2 ln L; the default is the 95 % quantile of chi-square with one degree of freedom.
  /// - Returns: the two ends; infinite on a side where the likelihood never drops that far.
  public func profileInterval(
    of index: Int, drop: Double = 3.841458820694124
  ) -> (low: Double, high: Double) {
    precondition(iterate.indices.contains(index), "there is no such coefficient")
    return (edge(index, drop, -1), edge(index, drop, 1))
  }

  /// max ln L over the other coefficients with beta_index = value.
  public func profile(of index: Int, at value: Double) -> Double {
    RateLaw(
      checked: points.map { point in
        var design = point.design
        let x = design.remove(at: index)
        return RatePoint(
          escapes: point.escapes, survived: point.survived, look: point.look, design: design,
          offset: point.offset + x * value)
      }
    ).logLikelihood
  }

  private func edge(_ index: Int, _ drop: Double, _ sign: Double) -> Double {
    let center = iterate[index]
    let threshold = logLikelihood - 0.5 * drop
    let largest = points.reduce(0) { max($0, abs($1.design[index])) }
    guard largest > 0 else { return sign * .infinity }
    // The profile is concave: once it is below the threshold it stays there.
    var inside = 0.0
    var outside = 1e-3 / largest
    while profile(of: index, at: center + sign * outside) > threshold {
      inside = outside
      outside *= 2
      // Beyond this ln tau would change by 1e4 at the most sensitive point.
      if outside * largest > 1e4 { return sign * .infinity }
    }
    for _ in 0..<100 where outside - inside > 1e-11 * max(outside, 1e-3 / largest) {
      let middle = 0.5 * (inside + outside)
      if profile(of: index, at: center + sign * middle) > threshold {
        inside = middle
      } else {
        outside = middle
      }
    }
    return center + sign * 0.5 * (inside + outside)
  }
}

/// Newton's method on ln L in the coordinates of an orthonormal basis.
private struct Ascent {
  var position: [Double]
  var logLikelihood: Double
  /// Whether the iteration came to rest at a maximum.
  var settled = false

  init(_ points: [RatePoint], _ basis: Matrix) {
    let p = basis.columns
    // Least squares through ln(A/(n + 1/2)) is a start with every tau in range.
    let guess = points.map { point in
      log((point.survived + 0.5 * point.escapes * point.look) / (point.escapes + 0.5))
        - point.offset
    }
    position = (0..<p).map { j in
      (0..<points.count).reduce(0) { $0 + basis[$1, j] * guess[$1] }
    }
    var logTau = Self.logTau(points, basis, position)
    logLikelihood = Self.value(points, logTau)
    if p == 0 {
      settled = true
      return
    }
    for _ in 0..<200 {
      var gradient = [Double](repeating: 0, count: p)
      var information = Matrix(p, p)
      for (i, point) in points.enumerated() {
        let (slope, curvature) = point.derivatives(logTau: logTau[i])
        // The floor acts only far from the maximum, where tau is a thousand times too long and
        // the true curvature is exponentially small.
        let weight = max(curvature, 1e-3 * point.escapes)
        for j in 0..<p {
          gradient[j] += slope * basis[i, j]
          for k in 0..<p { information[j, k] += weight * basis[i, j] * basis[i, k] }
        }
      }
      // Information that spans more than 16 digits needs a ridge; one that vanishes means that
      // the maximum is at infinity.
      let ridge = Matrix(
        p, p, diagonal: [Double](repeating: 1e-13 * information.trace, count: p))
      guard let factor = Cholesky(information) ?? Cholesky(information + ridge) else { return }
      let step = factor.solve(gradient)
      let moved = climb(points, basis, step, &logTau)
      if moved < 1e-9 {
        // On the way to infinity the information of one direction sinks below the rounding of the
        // others, and Newton's step with it: that is not a maximum.
        let spectrum = SymmetricEigen(information).values
        settled = spectrum[0] > 1e-10 * spectrum[p - 1]
        return
      }
    }
  }

  /// Goes along `step`, shortened until ln L rises, or doubled as long as it rises: where the
  /// exposures are far above the escapes times tau, or the maximum is at infinity, a plain Newton
  /// step changes ln tau by only 1. Returns the largest change of a ln tau.
  private mutating func climb(
    _ points: [RatePoint], _ basis: Matrix, _ step: [Double], _ logTau: inout [Double]
  ) -> Double {
    let start = position
    let startLogTau = logTau
    let change = Self.logTau(points, basis, zip(start, step).map { $0 + $1 })
    let largest = zip(change, logTau).reduce(0) { max($0, abs($1.0 - $1.1)) }
    var moved = 0.0
    let first = min(1, 20 / largest)
    var scale = first
    while scale > 1e-10 * first && scale < 1e6 * first {
      let trial = zip(start, step).map { $0 + scale * $1 }
      let trialLogTau = Self.logTau(points, basis, trial)
      let value = Self.value(points, trialLogTau)
      let rounding = 1e-14 * abs(logLikelihood)
      if moved > 0 {
        if !(value > logLikelihood + rounding) { break }
      } else if !(value >= logLikelihood - rounding) {
        scale *= 0.5
        continue
      }
      moved = zip(trialLogTau, startLogTau).reduce(0) { max($0, abs($1.0 - $1.1)) }
      position = trial
      logTau = trialLogTau
      logLikelihood = max(value, logLikelihood)
      if scale < first || moved == 0 { break }
      scale *= 2
    }
    return moved
  }

  private static func logTau(
    _ points: [RatePoint], _ basis: Matrix, _ position: [Double]
  ) -> [Double] {
    points.indices.map { i in
      position.indices.reduce(points[i].offset) { $0 + basis[i, $1] * position[$1] }
    }
  }

  private static func value(_ points: [RatePoint], _ logTau: [Double]) -> Double {
    zip(points, logTau).reduce(0) { $0 + $1.0.logLikelihood(logTau: $1.1) }
  }
}
