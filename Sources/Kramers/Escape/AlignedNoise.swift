#if canImport(Glibc)
  internal import Glibc
#endif

/// What one step's noise does to the mean gradient along a mode u, v of strength w:
///
///     m = mean over the batch of rho_i,     rho_i = (w x_i - y_i) x_i - <(w x - y) x>
///     x_i = v'x_n, y_i = u'y_n of sample n;  label noise adds sigma xi_i x_i, xi ~ N(0, 1)
///
/// The weights a of the D balanced layers all get a^(D-1) m. Its variance is exact for every batch
/// rule. Its higher moments matter too: an escape is made of steps that all lean one way, and how
/// likely those are is what the cumulant generating function says, not the variance alone (`lean`).
struct AlignedNoise: Sendable {
  /// x_i^2 and x_i y_i.
  private let squares: [Double]
  private let products: [Double]
  private let sampling: Sampling
  /// B; N for the full batch.
  let batch: Int
  let labelNoise: Double
  private let meanSquare: Double
  private let meanProduct: Double
  /// <(x_i^2 - <x^2>)^j (x_i y_i - <x y>)^k>, [j][k], j + k = 2 and 3.
  private let moments: [[Double]]
  /// f of the samples, 0 for the full batch.
  private let factor: Double

  /// - Parameters:
  ///   - left, right: u and v, unit vectors.
  ///   - settings: batch, its rule (replacement or subset) and label noise.
  init(_ samples: Samples, left: [Double], right: [Double], settings: Settings) {
    let x = samples.inputValues(along: right)
    let y = samples.targetValues(along: left)
    self.init(
      squares: x.map { $0 * $0 }, products: zip(x, y).map { $0 * $1 }, settings: settings)
  }

  init(squares: [Double], products: [Double], settings: Settings) {
    self.squares = squares
    self.products = products
    let count = squares.count
    batch = settings.batchCount(of: count)
    sampling = settings.sampling
    labelNoise = settings.labelNoise
    meanSquare = squares.reduce(0, +) / Double(count)
    meanProduct = products.reduce(0, +) / Double(count)
    let (meanSquare, meanProduct) = (meanSquare, meanProduct)
    moments = (0...3).map { j in
      (0...3).map { k in
        guard j + k == 2 || j + k == 3 else { return 0 }
        return squares.indices.reduce(0) {
          $0 + integerPower(squares[$1] - meanSquare, j)
            * integerPower(products[$1] - meanProduct, k)
        } / Double(count)
      }
    }
    factor =
      settings.batch == .full
      ? 0
      : GradientNoise.populationFactor(
        samples: count, batch: batch, replacement: settings.sampling == .replacement)
  }

  /// Var m at strength w.
  func variance(_ w: Double) -> Double {
    factor * second(w) + labelNoise * labelNoise * meanSquare / Double(batch)
  }

  private func second(_ w: Double) -> Double {
    max(w * (w * moments[2][0] - 2 * moments[1][1]) + moments[0][2], 0)
  }

  private func third(_ w: Double) -> Double {
    w * (w * (w * moments[3][0] - 3 * moments[2][1]) + 3 * moments[1][2]) - moments[0][3]
  }

  /// Second and third cumulant of B m, over B: of a subset, phi = B/N, times (1 - phi) and
  /// (1 - phi)(1 - 2 phi) for many samples.
  private func cumulants(_ w: Double) -> (second: Double, third: Double) {
    let share = share ?? 0
    let labels = labelNoise * labelNoise
    return (
      (1 - share) * second(w) + labels * meanSquare,
      (1 - share)
        * ((1 - 2 * share) * third(w) + 3 * labels * (w * moments[2][0] - moments[1][1]))
    )
  }

  /// B/N of a subset; nil for independent draws.
  private var share: Double? {
    sampling == .subset ? Double(batch) / Double(squares.count) : nil
  }

  private func rho(_ i: Int, _ w: Double) -> Double {
    w * (squares[i] - meanSquare) - (products[i] - meanProduct)
  }

  /// What the tails of m do to a path that climbs against a mean gradient (Freidlin–Wentzell for
  /// jumps):
  ///
  ///     H(q) = -drift q + gaussian q^2/2 + ln <e^(q m)> = 0,     q != 0
  ///
  /// against the root q_0 = 2 drift / (Var m + gaussian) under the second cumulant alone.
  /// Everything is 1 where noise is Gaussian, or the drift 0.
  struct Lean {
    /// q/q_0: the cost of a length against that under Gaussian noise of the same variance. First
    /// order in drift: 1 - q_0 k_3 / (3 (Var m + gaussian)), k_3 the third cumulant of m.
    var cost = 1.0
    /// dH/dq over drift: how fast the path climbs against how fast the mean falls.
    var speed = 1.0
    /// d^2H/dq^2 over Var m + gaussian.
    var spread = 1.0
  }

  /// - Parameters:
  ///   - drift: the mean gradient that the path must overcome, of either sign.
  ///   - gaussian: variance of additive Gaussian noise beside m, in its unit.
  /// - Returns: nil where no batch pulls that hard.
  func lean(_ w: Double, against drift: Double, gaussian: Double) -> Lean? {
    if factor == 0 || drift == 0 { return Lean() }
    let tilt = Tilt(self, w, gaussian: gaussian)
    guard let q = tilt.root(drift) else { return nil }
    let step = 1e-4 * q
    let slopes = [q - step, q, q + step].map { tilt.generating($0).slope + tilt.gaussian * $0 }
    return Lean(
      cost: q / (drift / (0.5 * tilt.variance)), speed: (slopes[1] - drift) / drift,
      spread: (slopes[2] - slopes[0]) / (2 * step * tilt.variance))
  }

  /// The cost to first order in the drift, kept between 0 and 2: for places that a path only
  /// fluctuates about.
  func smallLean(_ w: Double, against drift: Double, gaussian: Double) -> Double {
    if factor == 0 { return 1 }
    let (second, third) = cumulants(w)
    let variance = second + Double(batch) * gaussian
    let x = -drift / (0.5 * variance) * third / (3 * variance)
    return 1 + x / (1 + x * x).squareRoot()
  }

  /// The cumulant generating function of B m, over B, at one strength.
  private struct Tilt {
    let rho: [Double]
    let squares: [Double]
    let labels: Double
    /// B times the variance of Gaussian noise.
    let gaussian: Double
    /// Share of the samples in a subset; nil for independent draws.
    let share: Double?
    let variance: Double

    init(_ noise: AlignedNoise, _ w: Double, gaussian: Double) {
      rho = noise.squares.indices.map { noise.rho($0, w) }
      squares = noise.squares
      let labels = noise.labelNoise * noise.labelNoise
      self.labels = labels
      self.gaussian = gaussian * Double(noise.batch)
      share = noise.share
      variance = noise.cumulants(w).second + self.gaussian
    }

    /// ln <e^(q B m)> / B and its derivative.
    func generating(_ q: Double) -> (value: Double, slope: Double) {
      let exponents = rho.indices.map { q * rho[$0] + 0.5 * q * q * labels * squares[$0] }
      let slopes = rho.indices.map { rho[$0] + q * labels * squares[$0] }
      let top = exponents.max() ?? 0
      let n = Double(rho.count)
      var (sum, slope) = (0.0, 0.0)
      guard let share else {
        for (e, s) in zip(exponents, slopes) {
          let weight = exp(e - top)
          sum += weight
          slope += weight * s
        }
        return (top + log(sum / n), slope / sum)
      }
      // Subsets of exactly B: the saddle point of prod (1 - phi + phi z e^h) z^-B over z = e^-mu.
      var (low, high) = ((exponents.min() ?? 0) - 1e-9, top + 1e-9)
      var mu = 0.5 * (low + high)
      for _ in 0..<200 where high - low > 1e-13 * (1 + abs(top)) {
        var (taken, spread) = (0.0, 0.0)
        for e in exponents {
          let p = share / (share + (1 - share) * exp(mu - e))
          taken += p
          spread += p * (1 - p)
        }
        if taken > n * share { low = mu } else { high = mu }
        let next = mu + (taken - n * share) / max(spread, 1e-300)
        if abs(next - mu) < 1e-14 * (1 + abs(mu)) { break }
        mu = next > low && next < high ? next : 0.5 * (low + high)
      }
      for (e, s) in zip(exponents, slopes) {
        // In the form that does not overflow.
        let h = e - mu
        sum += h > 0 ? h + log(share + (1 - share) * exp(-h)) : log1p(share * expm1(h))
        slope += s * share / (share + (1 - share) * exp(-h))
      }
      return (sum / (n * share) + mu, slope / (n * share))
    }

    /// The root q != 0, B q being conjugate to m: of (generating + gaussian q^2/2)/q = drift, whose
    /// left side rises in q.
    func root(_ drift: Double) -> Double? {
      func excess(_ q: Double) -> (value: Double, slope: Double) {
        let (value, slope) = generating(q)
        return (
          value / q + 0.5 * gaussian * q - drift,
          (slope - value / q) / q + 0.5 * gaussian
        )
      }
      var inner = 0.0
      var outer = drift / (0.5 * variance)
      var tries = 0
      while excess(outer).value * drift < 0 {
        inner = outer
        outer *= 2
        tries += 1
        if tries > 12 { return nil }
      }
      var q = inner == 0 ? outer : 0.5 * (inner + outer)
      for _ in 0..<80 {
        let (value, slope) = excess(q)
        if value * drift < 0 { inner = q } else { outer = q }
        var next = q - value / slope
        if !(min(inner, outer) < next && next < max(inner, outer)) { next = 0.5 * (inner + outer) }
        if abs(next - q) <= 1e-13 * abs(q) { return next }
        q = next
      }
      return q
    }
  }
}

extension Samples {
  /// v'x of every row.
  func inputValues(along v: [Double]) -> [Double] {
    (0..<count).map { n in
      v.indices.reduce(0) { $0 + v[$1] * x[n * inputs + $1] }
    }
  }

  /// u'y of every row.
  func targetValues(along u: [Double]) -> [Double] {
    (0..<count).map { n in
      u.indices.reduce(0) { $0 + u[$1] * y[n * outputs + $1] }
    }
  }
}
