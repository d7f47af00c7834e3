/// The second moments of a joint distribution of inputs x and targets y: all that the mean squared
/// error of a linear network depends on.
///
///     loss(W) = tr(W Sxx W')/2 - tr(W Sxy) + tr(Syy)/2,    Sxy = Syx'
public struct SecondMoments: Sendable, Equatable {
  /// Sigma_xx = <x x'>, inputs x inputs.
  public let xx: Matrix
  /// Sigma_yx = <y x'>, outputs x inputs.
  public let yx: Matrix
  /// tr Sigma_yy = <|y|^2>.
  public let traceYY: Double

  public init(xx: Matrix, yx: Matrix, traceYY: Double) {
    precondition(xx.rows == xx.columns && xx.rows == yx.columns, "moments of mismatched sizes")
    self.xx = xx
    self.yx = yx
    self.traceYY = traceYY
  }

  /// The empirical moments of `samples`: averages over the rows, nothing centred. Weighted targets
  /// count as weight * y, and then the moments give the gradient at the zero map and the loss there,
  /// but no loss elsewhere.
  ///
  /// Cost: samples * inputs * (inputs/2 + outputs), less for inputs and targets that are zero.
  public init(_ samples: Samples) {
    let (n, p) = (samples.inputs, samples.outputs)
    var xx = Matrix(n, n)
    var yx = Matrix(p, n)
    var traceYY = 0.0
    xx.values.withUnsafeMutableBufferPointer { xx in
      yx.values.withUnsafeMutableBufferPointer { yx in
        samples.x.withUnsafeBufferPointer { x in
          for row in 0..<samples.count {
            let x = UnsafeBufferPointer(rebasing: x[row * n..<(row + 1) * n])
            for i in 0..<n where x[i] != 0 { add(x[i], x, from: i, to: xx, at: i * n) }
            for i in 0..<p {
              let y = samples.y[row * p + i]
              let weighted = y * (samples.targetWeights?[row * p + i] ?? 1)
              traceYY += weighted * y
              if weighted != 0 { add(weighted, x, from: 0, to: yx, at: i * n) }
            }
          }
        }
      }
    }
    for i in 0..<n { for j in 0..<i { xx[i, j] = xx[j, i] } }
    let scale = 1 / Double(samples.count)
    self.init(xx: scale * xx, yx: scale * yx, traceYY: scale * traceYY)
  }

  /// Whether all are finite.
  var isFinite: Bool {
    traceYY.isFinite && xx.values.allSatisfy(\.isFinite) && yx.values.allSatisfy(\.isFinite)
  }

  public var inputs: Int { xx.rows }
  public var outputs: Int { yx.rows }

  /// The mean squared error of the linear map `w` (outputs x inputs), (1/2)<|W x - y|^2>.
  public func loss(of w: Matrix) -> Double {
    0.5 * (w * xx * w.transposed).trace - (w * yx.transposed).trace + 0.5 * traceYY
  }
}

/// target[offset + j] += a * x[j] for j >= first.
@inline(__always)
private func add(
  _ a: Double, _ x: UnsafeBufferPointer<Double>, from first: Int,
  to target: UnsafeMutableBufferPointer<Double>, at offset: Int
) {
  for j in first..<x.count { target[offset &+ j] += a * x[j] }
}
