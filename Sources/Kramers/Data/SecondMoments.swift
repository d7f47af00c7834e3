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

  /// The empirical moments of `samples`: averages over the rows, nothing centred.
  public init(_ samples: Samples) {
    var xx = Matrix(samples.inputs, samples.inputs)
    var yx = Matrix(samples.outputs, samples.inputs)
    var traceYY = 0.0
    for n in 0..<samples.count {
      let x = samples.x[n * samples.inputs..<(n + 1) * samples.inputs]
      let y = samples.y[n * samples.outputs..<(n + 1) * samples.outputs]
      for (i, a) in x.enumerated() where a != 0 {
        for (j, b) in x.enumerated() { xx.values[i * samples.inputs + j] += a * b }
      }
      for (i, a) in y.enumerated() where a != 0 {
        for (j, b) in x.enumerated() { yx.values[i * samples.inputs + j] += a * b }
        traceYY += a * a
      }
    }
    let scale = 1 / Double(samples.count)
    self.init(xx: scale * xx, yx: scale * yx, traceYY: scale * traceYY)
  }

  public var inputs: Int { xx.rows }
  public var outputs: Int { yx.rows }

  /// The mean squared error of the linear map `w` (outputs x inputs), (1/2)<|W x - y|^2>.
  public func loss(of w: Matrix) -> Double {
    0.5 * (w * xx * w.transposed).trace - (w * yx.transposed).trace + 0.5 * traceYY
  }
}
