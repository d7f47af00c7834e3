#if canImport(Glibc)
  internal import Glibc
#endif
internal import CProcessor

// The activations. A new one is an enumeration and its place in `allCases`.

extension Activation {
  public static let linear = Activation(Identity.self)
  public static let tanh = Activation(Tanh.self)
  public static let relu = Activation(ReLU.self)
  public static let sigmoid = Activation(Sigmoid.self)
  public static let gelu = Activation(GELU.self)
  public static let quadratic = Activation(Quadratic.self)
  public static let softplus = Activation(Softplus.self)

  public static let allCases: [Activation] = [
    linear, tanh, relu, sigmoid, gelu, quadratic, softplus,
  ]
}

private enum Identity: ActivationFunction {
  static let name = "linear"
  static func value(_ z: Double) -> Double { z }
  static func slope(_ z: Double) -> Double { 1 }
  static func curvature(_ z: Double) -> Double { 0 }
  static let isSmooth = true
  static let isOdd = true

  static func back(_ w: BackProduct, z: UnsafePointer<Double>, h: UnsafePointer<Double>) {
    w.multiply()
  }
}

private enum Tanh: ActivationFunction {
  static let name = "tanh"
  static func value(_ z: Double) -> Double { hyperbolicTangent(z) }
  static func slope(_ z: Double) -> Double {
    let t = value(z)
    return 1 - t * t
  }
  static func curvature(_ z: Double) -> Double {
    let t = value(z)
    return -2 * t * (1 - t * t)
  }
  static let isSmooth = true
  static let isOdd = true
  static var lanes: LaneFunction? { LaneFunction(value: kp_tanh, slope: kp_tanh_slope) }

  static func apply(
    _ z: UnsafePointer<Double>, _ h: UnsafeMutablePointer<Double>, count: Int
  ) { DenseKernels.tanh(z, h, count: count) }

  static func back(_ w: BackProduct, z: UnsafePointer<Double>, h: UnsafePointer<Double>) {
    DenseKernels.multiplySloped(
      w.weights, rows: w.inputs, columns: w.outputs, rowStride: 1, columnStride: w.inputs, w.error,
      stride: w.stride, tanh: h, into: w.result)
  }
}

private enum ReLU: ActivationFunction {
  static let name = "relu"
  static func value(_ z: Double) -> Double { z > 0 ? z : 0 }
  /// 0 at the kink, as in PyTorch and JAX.
  static func slope(_ z: Double) -> Double { z > 0 ? 1 : 0 }
  static func curvature(_ z: Double) -> Double { 0 }
  static let slopeAtZero: Double? = 0
}

private enum Sigmoid: ActivationFunction {
  static let name = "sigmoid"
  static func value(_ z: Double) -> Double { 1 / (1 + exp(-z)) }
  static func slope(_ z: Double) -> Double {
    let s = value(z)
    return s * (1 - s)
  }
  static func curvature(_ z: Double) -> Double {
    let s = value(z)
    return s * (1 - s) * (1 - 2 * s)
  }
  static let isSmooth = true
}

/// z Phi(z) with the exact normal distribution function (Hendrycks and Gimpel, 2016), PyTorch's
/// default; not the tanh approximation that JAX takes by default.
private enum GELU: ActivationFunction {
  static let name = "gelu"
  static func value(_ z: Double) -> Double { z * normalDistribution(z) }
  static func slope(_ z: Double) -> Double { normalDistribution(z) + z * normalDensity(z) }
  static func curvature(_ z: Double) -> Double { normalDensity(z) * (2 - z * z) }
  static let isSmooth = true
}

/// z^2: a unit adds a rank-one quadratic form of its input. With small weights it hears nothing of it.
private enum Quadratic: ActivationFunction {
  static let name = "quadratic"
  static func value(_ z: Double) -> Double { z * z }
  static func slope(_ z: Double) -> Double { 2 * z }
  static func curvature(_ z: Double) -> Double { 2 }
  static let isSmooth = true
  static var lanes: LaneFunction? {
    LaneFunction(value: kp_square, slope: kp_square_slope, needsInput: true)
  }
}

/// ln(1 + e^z), a smooth ReLU; PyTorch's with beta = 1.
private enum Softplus: ActivationFunction {
  static let name = "softplus"
  static func value(_ z: Double) -> Double { max(z, 0) + log1p(exp(-abs(z))) }
  static func slope(_ z: Double) -> Double { Sigmoid.value(z) }
  static func curvature(_ z: Double) -> Double { Sigmoid.slope(z) }
  static let isSmooth = true
  static var lanes: LaneFunction? {
    LaneFunction(value: kp_softplus, slope: kp_softplus_slope, needsInput: true)
  }
}

private func normalDensity(_ z: Double) -> Double {
  0.3989422804014326779 * exp(-0.5 * z * z)
}
private func normalDistribution(_ z: Double) -> Double {
  0.5 * erfc(-0.7071067811865475244 * z)
}
