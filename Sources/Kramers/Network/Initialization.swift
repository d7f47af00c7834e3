/// Where training starts.
public enum Initialization: String, Sendable, CaseIterable {
  /// Independent normals of standard deviation scale / sqrt(fan-in).
  case gaussian
  /// The same with the larger of fan-in and fan-out: hidden layers wider than inputs and outputs make
  /// it N(0, scale^2 / width) in every layer.
  case wide
  /// Each W_l is `scale` times a random (partial) isometry.
  case orthogonal
  /// W_l' W_l is the same for neighbouring layers: every layer `scale` times the rectangular
  /// identity.
  case balanced
  case zero
}

extension Network {
  /// Initial parameters; biases start at zero.
  public func initialParameters(
    _ initialization: Initialization, scale: Double, key: RandomKey
  ) -> [Double] {
    let random = key.random(.initialization)
    let matrices = layers.enumerated().map { l, layer in
      let (n, m) = (layer.outputs, layer.inputs)
      switch initialization {
      case .zero: return Matrix(n, m)
      case .balanced:
        return Matrix(n, m, diagonal: [Double](repeating: scale, count: min(n, m)))
      case .gaussian, .wide:
        let fan = initialization == .wide ? max(n, m) : m
        let deviation = scale / Double(fan).squareRoot()
        return Matrix(n, m, random.normals(n * m, scale: deviation, step: UInt64(l)))
      case .orthogonal:
        let tall = max(n, m)
        let short = min(n, m)
        let draws = random.normals(tall * short, step: UInt64(l))
        let isometry = orthonormalColumns(Matrix(tall, short, draws))
        return scale * (n >= m ? isometry : isometry.transposed)
      }
    }
    return parameters(from: matrices)
  }
}
