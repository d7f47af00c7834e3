/// What the fluctuations of the other directions do to a mode k on its aligned path.
///
/// Where one direction j of inputs and outputs is added, the network has two coordinates more: z =
/// (z_1, z_2), the weight from input j to the mode and from the mode to output j. They vanish on
/// the path, and relax with a matrix H, while noise of covariance Sigma drives them. Given the
/// position a on the path, their covariance is C with H C + C H = lr Sigma, and the position,
/// measured by q = sigma_k^(1/D), a function of all layers, has a drift and a variance of second
/// order in z:
///
///     f(a) + df,     df = <G(z) - f'(a) q(z)> + (lr/2) Sigma : grad grad q
///     v(a) + dv,     dv = lr <V(z) - V'(a) q(z)>
///
/// Both are one order in lr/B smaller than f and v; but the exponent is of order B/lr, so that the
/// time changes by a factor that stays, however small the noise. It is what a direct measurement
/// finds: two modes at width 2, N = 512, Gaussian noise of the covariance of SGD: 3404 +- 107, 1445
/// +- 46, 9737 +- 328 steps where this predicts 3392, 1426, 9741, and the path alone 4681, 2252,
/// 16940.
///
/// - Learned j (strength c^D > a^D): balanced layers stay balanced, so that everything is a
///   function of the end-to-end map, z its two entries beside the diagonal.
/// - j that is not learned: the hidden unit of the mode is all there is; z_1 stands in the first
///   layer, z_2 in the last one.
///
/// Fluctuations are taken as fast against the motion along the path (the exact Riccati equation
/// changes the factor by 1 %), and different j as independent.
///
/// Source: marginal drift and variance of a stationary diffusion; derivation by second-order
/// perturbation theory of singular values.
struct OtherDirection: Sendable {
  /// Products of a pair: x_k x_k, x_k x_j, x_j x_j, y_k x_k, y_k x_j, y_j x_k, y_j x_j.
  typealias Products = [Double]

  let depth: Int
  let l2: Double
  /// s and lambda of k and j.
  let own: SingleMode
  let singular: Double
  let variance: Double
  /// c; 0 where j is not learned.
  let weight: Double
  /// Covariance of one step's mean products, 7 x 7.
  let covariance: Matrix

  /// df / lr and dv / lr^2 at weight a; NaN where z does not relax.
  func shifts(_ a: Double) -> (drift: Double, variance: Double) {
    weight > 0 ? learnedShifts(a) : droppedShifts(a)
  }

  private func covariance(_ s: Products, _ t: Products) -> Double { dot(s, covariance * t) }

  /// Terms of second order as functions of z, the relaxation and the noise of z.
  private struct Block {
    let relaxation: (Double, Double, Double)  // H11, H12, H22
    let noise: (Double, Double, Double)
    let path: (Double, Double) -> Double
    let drift: (Double, Double) -> Double
    let variance: (Double, Double) -> Double
    /// (1/2) Sigma : grad grad q
    let curving: Double
  }

  private func shifts(_ block: Block, _ a: Double, slopes: (drift: Double, variance: Double))
    -> (drift: Double, variance: Double)
  {
    // H C + C H = Sigma, in closed form for 2 x 2.
    let (h11, h12, h22) = block.relaxation
    let (s11, s12, s22) = block.noise
    let trace = h11 + h22
    let determinant = h11 * h22 - h12 * h12
    // Where z does not relax there is no such state.
    guard trace > 0, determinant > 0 else { return (.nan, .nan) }
    // C = (det H Sigma + adj(H) Sigma adj(H)) / (2 tr H det H).
    let row1 = (h22 * s11 - h12 * s12, h22 * s12 - h12 * s22)
    let row2 = (-h12 * s11 + h11 * s12, -h12 * s12 + h11 * s22)
    let scale = 1 / (2 * trace * determinant)
    let c11 = scale * (determinant * s11 + row1.0 * h22 - row1.1 * h12)
    let c12 = scale * (determinant * s12 - row1.0 * h12 + row1.1 * h11)
    let c22 = scale * (determinant * s22 - row2.0 * h12 + row2.1 * h11)
    func mean(_ form: (Double, Double) -> Double) -> Double {
      let (first, second) = (form(1, 0), form(0, 1))
      return first * c11 + second * c22 + (form(1, 1) - first - second) * c12
    }
    let path = mean(block.path)
    return (
      mean(block.drift) - slopes.drift * path + block.curving,
      mean(block.variance) - slopes.variance * path
    )
  }

  /// f' and dV/da of the path alone, V = a^(2D-2) Var((w x_k - y_k) x_k).
  private func slopes(_ a: Double) -> (drift: Double, variance: Double) {
    let w = integerPower(a, depth)
    let d = Double(depth)
    let c = integerPower(a, depth - 1)
    let first: Products = [w, 0, 0, -1, 0, 0, 0]
    let change: Products = [1, 0, 0, 0, 0, 0, 0]
    let spread = covariance(first, first)
    return (
      own.driftSlope(a, l2: l2),
      c * c * (2 * (d - 1) / a * spread + 2 * covariance(first, change) * d * c)
    )
  }

  private func learnedShifts(_ a: Double) -> (drift: Double, variance: Double) {
    let d = Double(depth)
    let (w, other) = (integerPower(a, depth), integerPower(weight, depth))
    let delta = w * w - other * other
    let (gk, gj) = (own.variance * w - own.singular, variance * other - singular)
    var (alpha, a1, a2) = (0.0, 0.0, 0.0)
    for l in 1...depth {
      let (up, down) = (integerPower(a * a, depth - l), integerPower(weight * weight, depth - l))
      let (ownBelow, below) = (integerPower(a * a, l - 1), integerPower(weight * weight, l - 1))
      alpha += up * below
      a1 += (up - down) * below / delta
      a2 += (up - down) * ownBelow / delta
    }
    let stiff = gj * a1 * other + gk * a2 * w + d * l2
    let toMode: Products = [0, w, 0, 0, -1, 0, 0]
    let fromMode: Products = [0, other, 0, 0, 0, -1, 0]
    let noise = (
      covariance(toMode, toMode), covariance(toMode, fromMode), covariance(fromMode, fromMode)
    )
    func turns(_ z1: Double, _ z2: Double) -> (u: Double, v: Double) {
      ((other * z1 + w * z2) / delta, (w * z1 + other * z2) / delta)
    }
    func strength(_ z1: Double, _ z2: Double) -> Double {
      (w * (z1 * z1 + z2 * z2) + 2 * other * z1 * z2) / (2 * delta)
    }
    let c = integerPower(a, depth - 1)
    let first: Products = [w, 0, 0, -1, 0, 0, 0]
    let spread = c * c * covariance(first, first)
    // Two steps through j and back, at layers l < m.
    var paths = 0.0
    for l in 1..<depth {
      for m in (l + 1)...depth {
        paths +=
          integerPower(a, l - 1 + depth - m) * integerPower(weight, m - l - 1)
          * integerPower(weight, depth - l) * integerPower(a, l - 1)
          * integerPower(a, depth - m) * integerPower(weight, m - 1)
      }
    }
    let curving =
      (paths * noise.1
        + alpha * alpha * (w * (noise.0 + noise.2) + 2 * other * noise.1) / (2 * delta)) / (d * c)
    let block = Block(
      relaxation: (
        alpha * variance + stiff, gj * a1 * w + gk * a2 * other, alpha * own.variance + stiff
      ),
      noise: (alpha * alpha * noise.0, alpha * alpha * noise.1, alpha * alpha * noise.2),
      path: { a * strength($0, $1) / (d * w) },
      drift: { [own, variance, l2] z1, z2 in
        let (u, v) = turns(z1, z2)
        let mean =
          -0.5 * (u * u + v * v) * gk + variance * v * z1 + own.variance * u * z2 + u * v * gj
        let share = strength(z1, z2) / w
        return -c * (mean + (1 - 1 / d) * share * gk) - l2 * a / d * share
      },
      variance: { z1, z2 in
        let (u, v) = turns(z1, z2)
        let once: Products = [0, z1 + v * w + u * other, 0, 0, -v, -u, 0]
        let half = -0.5 * (u * u + v * v)
        let twice: Products = [
          half * w + u * z2, 0, v * z1 + u * v * other, -half, 0, 0, -u * v,
        ]
        return c * c * (covariance(once, once) + 2 * covariance(first, twice))
          + (2 - 2 / d) * strength(z1, z2) / w * spread
      },
      curving: curving)
    return shifts(block, a, slopes: slopes(a))
  }

  private func droppedShifts(_ a: Double) -> (drift: Double, variance: Double) {
    let d = Double(depth)
    let w = integerPower(a, depth)
    let c = integerPower(a, depth - 1)
    let below = integerPower(a, depth - 2)
    let toMode: Products = [0, w, 0, 0, -1, 0, 0]
    let fromMode: Products = [0, 0, 0, 0, 0, -1, 0]
    let noise = (
      c * c * covariance(toMode, toMode), c * c * covariance(toMode, fromMode),
      c * c * covariance(fromMode, fromMode)
    )
    let pull = below * (own.variance * w - own.singular)
    let first: Products = [w, 0, 0, -1, 0, 0, 0]
    let spread = c * c * covariance(first, first)
    let block = Block(
      relaxation: (variance * c * c + l2, -below * singular, own.variance * c * c + l2),
      noise: noise,
      path: { ($0 * $0 + $1 * $1) / (2 * d * a) },
      drift: { [own, variance, singular, l2] z1, z2 in
        let squares = z1 * z1 + z2 * z2
        let product =
          c * c * (variance * z1 * z1 + own.variance * z2 * z2) - below * singular * z1 * z2
        return squares * ((pull - l2) / (2 * d * a)) - product / a
      },
      variance: { z1, z2 in
        let once: Products = [0, 2 * c * w * z1, 0, 0, -c * z1, -c * z2, 0]
        let twice: Products = [c * c * z2 * z2, 0, c * c * z1 * z1, 0, 0, 0, -below * z1 * z2]
        let start: Products = [w * w, 0, 0, -w, 0, 0, 0]
        return (covariance(once, once) + 2 * covariance(start, twice)) / (a * a)
          - spread * (z1 * z1 + z2 * z2) / (d * a * a)
      },
      curving: (noise.0 + noise.2) / (2 * d * a))
    return shifts(block, a, slopes: slopes(a))
  }
}

extension OtherDirection {
  /// The direction j beside the mode k.
  ///
  /// - Parameters:
  ///   - x, y: x_k, x_j and y_k, y_j of every sample; zeros where j is no input or no output.
  ///   - factor: f of the samples of one batch.
  ///   - labels: sigma^2 / B of label noise.
  init(
    own: SingleMode, l2: Double, singular: Double, variance: Double, weight: Double,
    x: (own: [Double], other: [Double]), y: (own: [Double], other: [Double]),
    isOutput: Bool, factor: Double, labels: Double
  ) {
    depth = own.depth
    self.l2 = l2
    self.own = own
    self.singular = singular
    self.variance = variance
    self.weight = weight
    let count = x.own.count
    let rows = [
      zip(x.own, x.own), zip(x.own, x.other), zip(x.other, x.other), zip(y.own, x.own),
      zip(y.own, x.other), zip(y.other, x.own), zip(y.other, x.other),
    ].map { pairs -> [Double] in
      let products = pairs.map { $0 * $1 }
      let mean = products.reduce(0, +) / Double(count)
      return products.map { $0 - mean }
    }
    var covariance = Matrix(7, 7)
    for i in 0..<7 {
      for j in 0...i {
        covariance[i, j] = factor * dot(rows[i], rows[j]) / Double(count)
        covariance[j, i] = covariance[i, j]
      }
    }
    covariance[3, 3] += labels * own.variance
    covariance[4, 4] += labels * variance
    if isOutput {
      covariance[5, 5] += labels * own.variance
      covariance[6, 6] += labels * variance
    }
    self.covariance = covariance
  }
}
