#if canImport(Glibc)
  internal import Glibc
#endif

/// Drift and noise of training in the weight space, or in the affine part of it that a path and its
/// noise span: theta = origin + Q z, where Q is such that the noise in the middle of the path is 1.
///
/// Noise of minibatches alone has a singular covariance. Where it is not singular in the span of what
/// it is along the path, the path is kept there. Elsewhere no covariance off the path can be trusted,
/// and there is no answer: a path one step aside would be forbidden, or need not stay.
final class WeightSpaceNoise: MinimumAction.Field {
  private let objective: Objective
  private let samples: Samples?
  /// lr f of the samples, or lr f/(1 - mu); 0 without minibatch noise.
  private let rate: Double
  private let temperature: Double
  private var origin: [Double] = []
  /// Columns of Q.
  private var axes: [[Double]] = []
  private var duals: [[Double]] = []

  /// Smallest eigenvalue of a covariance that counts, relative to the largest.
  private static let cut = 1e-9

  /// - Parameters:
  ///   - rate: what multiplies the covariance of the gradients of single samples.
  ///   - path: places in the weight space, from the minimum to the saddle.
  /// - Throws: `InputError` that says why there is no such space.
  init(
    _ objective: Objective, _ samples: Samples?, rate: Double, temperature: Double,
    along path: [[Double]]
  ) throws(InputError) {
    self.objective = objective
    self.samples = samples
    self.rate = samples == nil ? 0 : rate
    self.temperature = temperature
    origin = path[0]
    let size = origin.count
    guard size <= 300 else {
      throw .sentence("minimum action is for networks of up to 300 parameters, not \(size)")
    }
    guard self.rate > 0 || temperature > 0 else {
      throw .sentence("without noise the state is never left")
    }
    let unit = Matrix.identity(size)
    var basis = (0..<size).map { unit.column($0) }
    if temperature == 0 { basis = try span(of: path, basis) }
    // Noise in the middle becomes 1: L-BFGS then sees directions of equal cost.
    let middle = path[path.count / 2]
    let (values, vectors) = eigenDecomposition(covariance(middle, basis))
    let top = values.max() ?? 0
    guard let low = values.min(), low > Self.cut * top else {
      throw .sentence(Self.singular)
    }
    for (k, value) in values.enumerated() {
      let direction = Self.combined(basis, vectors.column(k))
      axes.append(direction.map { $0 * value.squareRoot() })
      duals.append(direction.map { $0 / value.squareRoot() })
    }
  }

  static let singular =
    "the covariance of minibatch noise is singular off the path: its directions turn along the way, so "
    + "that the cost of a path beside it is not defined; give a temperature, which acts in every "
    + "direction"

  /// An orthonormal basis of all directions that noise has along the path, which must contain the
  /// path and the force on it.
  private func span(of path: [[Double]], _ all: [[Double]]) throws(InputError) -> [[Double]] {
    var sum = Matrix(all.count, all.count)
    let noises = path.map { covariance($0, all) }
    let traces = noises.map { noise in (0..<all.count).reduce(0) { $0 + noise[$1, $1] } }
    let largest = traces.max() ?? 0
    guard traces[0] > Self.cut * largest else {
      throw .sentence(
        "minibatch noise vanishes in the state that would be left: nothing drives it out")
    }
    for (noise, trace) in zip(noises, traces) where trace > Self.cut * largest {
      sum = sum + (1 / trace) * noise
    }
    let (values, vectors) = eigenDecomposition(sum)
    let top = values.max() ?? 0
    let basis = values.indices.filter { values[$0] > Self.cut * top }.map { vectors.column($0) }
    func rest(_ v: [Double]) -> Double {
      var v = v
      projectOut(basis, from: &v)
      return norm(v)
    }
    let length = norm(difference(path[path.count - 1], path[0]))
    let forces = path.map { objective.gradient($0) }
    let strongest = forces.map { norm($0) }.max() ?? 0
    for (place, force) in zip(path, forces) {
      guard rest(difference(place, path[0])) < 1e-6 * length, rest(force) < 1e-6 * strongest else {
        throw .sentence(
          "minibatch noise does not act in every direction of the way out: it cannot carry the state "
            + "to this saddle")
      }
    }
    for (noise, trace) in zip(noises, traces) where trace > Self.cut * largest {
      let images = basis.map { noise * $0 }
      let inner = Matrix(
        basis.count, basis.count, basis.flatMap { a in images.map { dot(a, $0) } })
      let own = eigenDecomposition(inner).values
      guard let low = own.min(), low > Self.cut * (own.max() ?? 0) else {
        throw .sentence(Self.singular)
      }
    }
    return basis
  }

  /// Whether the force on a path stays in the space that noise spans: if not, the path would be
  /// carried out of where its cost is known.
  func holds(_ path: [[Double]]) -> Bool {
    guard axes.count < origin.count else { return true }
    let forces = path.map { objective.gradient(weights($0)) }
    let strongest = forces.map { norm($0) }.max() ?? 0
    let basis = axes.map { axis in axis.map { $0 / norm(axis) } }
    return forces.allSatisfy { force in
      var rest = force
      projectOut(basis, from: &rest)
      return norm(rest) < 1e-3 * strongest
    }
  }

  /// v'A v between all pairs of directions.
  private func covariance(_ theta: [Double], _ basis: [[Double]]) -> Matrix {
    let n = basis.count
    var result = Matrix(n, n)
    for i in 0..<n {
      for j in 0...i where temperature > 0 {
        result[i, j] = 2 * temperature * dot(basis[i], basis[j])
      }
    }
    if rate > 0, let samples {
      let noise = GradientNoise(objective.network, theta, samples)
      for j in 0..<n {
        let image = noise.product(basis[j])
        for i in j..<n { result[i, j] += rate * dot(basis[i], image) }
      }
    }
    for i in 0..<n { for j in i..<n { result[i, j] = result[j, i] } }
    return result
  }

  private static func combined(_ basis: [[Double]], _ weights: [Double]) -> [Double] {
    var sum = [Double](repeating: 0, count: basis[0].count)
    for (axis, weight) in zip(basis, weights) {
      for k in sum.indices { sum[k] += weight * axis[k] }
    }
    return sum
  }

  /// theta of z, and z of theta.
  func weights(_ z: [Double]) -> [Double] {
    zip(origin, Self.combined(axes, z)).map { $0 + $1 }
  }

  func coordinates(_ theta: [Double]) -> [Double] {
    let step = difference(theta, origin)
    return duals.map { dot($0, step) }
  }

  // MARK: Field

  func state(_ z: [Double]) -> (drift: [Double], noise: Cholesky)? {
    let theta = weights(z)
    let force = objective.gradient(theta)
    guard let noise = Cholesky(covariance(theta, duals)) else { return nil }
    return (duals.map { -dot($0, force) }, noise)
  }

  func curvature(_ z: [Double], _ p: [Double]) -> [Double] {
    let image = objective.product(weights(z), Self.combined(duals, p))
    return axes.map { dot($0, image) }
  }

  /// With c_n = g_n.p - gbar.p it is (lr f/N) sum c_n H_n p, H_n p by central differences of g_n.
  func bending(_ z: [Double], _ p: [Double]) -> [Double] {
    guard rate > 0, let samples else { return [Double](repeating: 0, count: p.count) }
    let theta = weights(z)
    let direction = Self.combined(duals, p)
    let size = norm(direction)
    guard size > 0 else { return [Double](repeating: 0, count: p.count) }
    let network = objective.network
    let deviations = GradientNoise(network, theta, samples).deviations(along: direction)
    let step = 1e-5 * max(norm(theta), 1e-2) / size
    let ends = [step, -step].map { step in
      GradientNoise(network, zip(theta, direction).map { $0 + step * $1 }, samples)
        .weightedSum(deviations)
    }
    return axes.map { rate * (dot($0, ends[0]) - dot($0, ends[1])) / (2 * step) }
  }
}

private func difference(_ a: [Double], _ b: [Double]) -> [Double] { zip(a, b).map { $0 - $1 } }
