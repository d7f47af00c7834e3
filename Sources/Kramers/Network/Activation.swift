#if canImport(Glibc)
  internal import Glibc
#endif

/// The function between two layers, with the two derivatives that gradients and Hessian-vector
/// products need. Applied to every hidden layer; the output layer is always linear.
public enum Activation: String, Sendable, CaseIterable {
  case linear, tanh, relu, sigmoid
  /// x Phi(x) with the exact normal distribution function (Hendrycks and Gimpel, 2016), PyTorch's
  /// default; not the tanh approximation that JAX takes by default.
  case gelu

  /// f(z).
  @inline(__always)
  func value(_ z: Double) -> Double {
    switch self {
    case .linear: z
    case .tanh: tanhOf(z)
    case .relu: z > 0 ? z : 0
    case .sigmoid: 1 / (1 + exp(-z))
    case .gelu: z * normalDistribution(z)
    }
  }

  /// f'(z). For `relu` the derivative at 0 is 0, as in PyTorch and JAX.
  @inline(__always)
  func derivative(_ z: Double) -> Double {
    switch self {
    case .linear: return 1
    case .tanh:
      let t = tanhOf(z)
      return 1 - t * t
    case .relu: return z > 0 ? 1 : 0
    case .sigmoid:
      let s = value(z)
      return s * (1 - s)
    case .gelu: return normalDistribution(z) + z * normalDensity(z)
    }
  }

  /// f''(z). For `relu` it is 0 almost everywhere and taken as 0 at the kink.
  @inline(__always)
  func secondDerivative(_ z: Double) -> Double {
    switch self {
    case .linear, .relu: return 0
    case .tanh:
      let t = tanhOf(z)
      return -2 * t * (1 - t * t)
    case .sigmoid:
      let s = value(z)
      return s * (1 - s) * (1 - 2 * s)
    case .gelu: return normalDensity(z) * (2 - z * z)
    }
  }
}

private func tanhOf(_ z: Double) -> Double { hyperbolicTangent(z) }
private func normalDensity(_ z: Double) -> Double {
  0.3989422804014326779 * exp(-0.5 * z * z)
}
private func normalDistribution(_ z: Double) -> Double {
  0.5 * erfc(-0.7071067811865475244 * z)
}
