#if canImport(Glibc)
  internal import Glibc
#endif

/// The distribution of all eigenvalues of a Hessian, by stochastic Lanczos quadrature.
public struct SpectralDensity: Sendable {
  /// A Gaussian-smoothed density at `points` eigenvalues.
  public struct Point: Sendable {
    public let value: Double
    /// Share of the eigenvalues per unit of eigenvalue, and its standard error over the probes.
    public let density: Double
    public let error: Double
  }

  public let points: [Point]
  /// Standard deviation of the smoothing.
  public let width: Double
  /// The sum of the eigenvalues, and its standard error.
  public let trace: Double
  public let traceError: Double
  /// The sum of their squares, and its standard error.
  public let squares: Double
  public let squaresError: Double
  /// Estimated number of eigenvalues below -`width`, and its standard error.
  public let negative: Double
  public let negativeError: Double
  public let probes: Int
  public let products: Int
  public let isInterrupted: Bool
}

/// What `hessian{which = "density"}` asks for.
public struct DensityRequest: Sendable {
  /// Random vectors.
  public var probes = 10
  /// Lanczos steps with each.
  public var steps = 100
  /// Points of the density.
  public var points = 101
  /// The diagonal block of this layer alone, counted from 1; nil is all of it.
  public var layer: Int?
  public var seed: UInt64 = 0

  public init() {}
}

extension HessianOperator {
  /// For a random vector v of independent normal entries, m steps of the Lanczos iteration give nodes
  /// and weights of a Gauss quadrature,
  ///
  ///     v' f(H) v / n  =  |v|^2/n sum_i w_i f(t_i),     exact for polynomials f of degree 2m - 1
  ///
  /// and its mean over v is the mean of f over all eigenvalues. Standard errors are those of the mean
  /// over the probes; the smoothing, one hundredth of the spectrum's width, is what the density is
  /// blurred by.
  ///
  /// Source: S. Ubaru, J. Chen, Y. Saad, SIAM J. Matrix Anal. Appl. 38 (2017) 1075; for networks
  /// B. Ghorbani, S. Krishnan, Y. Xiao, ICML 2019.
  func density(_ request: DensityRequest, shouldStop: () -> Bool = { false }) -> SpectralDensity {
    let n = block.count
    let random = RandomStream(seed: request.seed, purpose: .statistics)
    var rules: [(nodes: [Double], weights: [Double])] = []
    for probe in 0..<request.probes {
      guard let rule = rule(from: random.normals(n, step: UInt64(probe)), request, shouldStop)
      else { break }
      rules.append(rule)
    }
    let all = rules.flatMap(\.nodes)
    let (low, high) = (all.min() ?? 0, all.max() ?? 0)
    let width = max(0.01 * (high - low), 1e-12 * max(abs(low), abs(high)), .leastNormalMagnitude)
    func mean(_ f: (Double) -> Double) -> (value: Double, error: Double) {
      let values = rules.map { rule in
        zip(rule.nodes, rule.weights).reduce(0) { $0 + $1.1 * f($1.0) }
      }
      let count = Double(values.count)
      let mean = values.reduce(0, +) / max(count, 1)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(count - 1, 1)
      return (mean, values.count > 1 ? (variance / count).squareRoot() : .infinity)
    }
    let points = rules.isEmpty ? 0 : request.points
    let rows = (0..<points).prefix { $0 % 1000 < 999 || !shouldStop() }.map {
      k -> SpectralDensity.Point in
      let share = points == 1 ? 0.5 : Double(k) / Double(points - 1)
      let x = low - 3 * width + share * (high - low + 6 * width)
      let (density, error) = mean { t in
        let z = (x - t) / width
        return exp(-0.5 * z * z) / (width * (2 * Double.pi).squareRoot())
      }
      return SpectralDensity.Point(value: x, density: density, error: error)
    }
    let size = Double(n)
    let (trace, squares, negative) = (mean { $0 }, mean { $0 * $0 }, mean { $0 < -width ? 1 : 0 })
    return SpectralDensity(
      points: rows, width: width, trace: size * trace.value, traceError: size * trace.error,
      squares: size * squares.value, squaresError: size * squares.error,
      negative: size * negative.value, negativeError: size * negative.error, probes: rules.count,
      products: products, isInterrupted: rules.count < request.probes || rows.count < points)
  }

  /// Nodes and weights of one probe, the weights with the factor |v|^2/n; nil if stopped.
  private func rule(
    from start: [Double], _ request: DensityRequest, _ shouldStop: () -> Bool
  ) -> (nodes: [Double], weights: [Double])? {
    let n = start.count
    let size = norm(start)
    var basis: [[Double]] = []
    var (alpha, beta): ([Double], [Double]) = ([], [0])
    var next = start.map { $0 / size }
    var magnitude = 0.0
    for _ in 0..<min(request.steps, n) {
      if shouldStop() { return nil }
      basis.append(next)
      next = product(next)
      alpha.append(dot(next, basis[basis.count - 1]))
      magnitude = max(magnitude, abs(alpha[alpha.count - 1]))
      for _ in 0..<2 { projectOut(basis, from: &next) }
      let coupling = norm(next)
      magnitude = max(magnitude, coupling)
      guard coupling.isFinite, coupling > 1e-13 * magnitude else { break }
      beta.append(coupling)
      for i in 0..<n { next[i] /= coupling }
    }
    var tridiagonal = Matrix(alpha.count, alpha.count, diagonal: alpha)
    for k in 1..<max(alpha.count, 1) {
      tridiagonal[k, k - 1] = beta[k]
      tridiagonal[k - 1, k] = beta[k]
    }
    let (values, vectors) = eigenDecomposition(tridiagonal)
    let share = size * size / Double(n)
    return (values, values.indices.map { share * vectors[0, $0] * vectors[0, $0] })
  }
}

extension Experiment {
  /// The density of the eigenvalues of the objective's Hessian at the present state (of the data term
  /// alone under adamw), with its trace.
  ///
  /// - Throws: `InputError` for fewer than two probes or steps.
  public func hessianDensity(
    _ request: DensityRequest, threads: Int = 1, monitor: RunMonitor = RunMonitor()
  ) throws -> SpectralDensity {
    guard request.probes >= 2 else {
      throw InputError.rule("probes", "at least 2, for a standard error", request.probes)
    }
    let steps = Double(min(request.steps, network.parameterCount))
    try checkMemory(
      count: Double(request.probes) * 2 * steps + steps * Double(network.parameterCount)
        + Double(request.points) * 40,
      what: "a density of \(request.points) points by \(request.probes) probes")
    let l2 = settings.optimizer.descendsObjective ? settings.l2Term : 0
    let curvature = HessianOperator(
      network, at: state.parameters, try data.fullBatch(for: network), l2: l2, threads: threads,
      block: try network.block(ofLayer: request.layer))
    return curvature.density(request) {
      monitor.advance(by: 1)
      return monitor.shouldStop
    }
  }
}
