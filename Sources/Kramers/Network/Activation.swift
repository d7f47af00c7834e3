/// The function between two layers. Applied to every hidden layer; the output layer is always linear.
public struct Activation: Sendable, Equatable, RawRepresentable, CaseIterable,
  CustomStringConvertible, CustomDebugStringConvertible
{
  /// All that the program knows of it.
  let function: any ActivationFunction.Type

  public init?(rawValue: String) {
    guard let known = Activation.allCases.first(where: { $0.rawValue == rawValue }) else {
      return nil
    }
    self = known
  }

  init(_ function: any ActivationFunction.Type) { self.function = function }

  public var rawValue: String { function.name }
  public var description: String { function.name }
  public var debugDescription: String { "Kramers.Activation.\(function.name)" }
  /// Whether it is the identity.
  public var isLinear: Bool { self == .linear }
  /// f(0) = 0: a unit without input gives nothing to the next layer.
  var keepsZero: Bool { function.value(0) == 0 }

  public static func == (a: Activation, b: Activation) -> Bool {
    ObjectIdentifier(a.function) == ObjectIdentifier(b.function)
  }

  /// `'a' and 'b'`: those for which `holds`.
  static func names(where holds: (Activation) -> Bool) -> String {
    joined(allCases.filter(holds).map { "'\($0.rawValue)'" })
  }
}

/// An activation: everything that gradients, Hessian-vector products, lanes and theory need to know.
/// What it does not say, nobody takes for granted: the defaults promise nothing.
protocol ActivationFunction: Sendable {
  static var name: String { get }
  /// f(z).
  static func value(_ z: Double) -> Double
  /// f'(z); at a kink what PyTorch takes.
  static func slope(_ z: Double) -> Double
  /// f''(z).
  static func curvature(_ z: Double) -> Double

  /// Whether f'' exists everywhere: without, determinants of Hessians predict no rates.
  static var isSmooth: Bool { get }
  /// f(-z) = -f(z): hidden units have mirror images.
  static var isOdd: Bool { get }
  /// How strongly a unit of vanishing weights hears its input; nil: not known.
  static var slopeAtZero: Double? { get }
  /// How lanes compute it; nil: they do not.
  static var lanes: LaneFunction? { get }

  /// h = f(z).
  static func apply(
    _ z: UnsafePointer<Double>, _ h: UnsafeMutablePointer<Double>, count: Int)
  /// e_below = f'(z) * (W' e): an error on its way back.
  static func back(_ w: BackProduct, z: UnsafePointer<Double>, h: UnsafePointer<Double>)
  /// Rh = f'(z) Rz.
  static func tangent(
    _ rz: UnsafePointer<Double>, z: UnsafePointer<Double>,
    into rh: UnsafeMutablePointer<Double>, count: Int)
  /// Re = f''(z) Rz d + f'(z) Re.
  static func backTangent(
    _ re: UnsafeMutablePointer<Double>, _ rz: UnsafePointer<Double>, _ d: UnsafePointer<Double>,
    z: UnsafePointer<Double>, count: Int)
}

/// Operations of `kp_operation` that give h from z in place, and turn errors by f'.
struct LaneFunction {
  let value: Int
  let slope: Int
  /// Whether `slope` reads z: otherwise it reads h, and z need not be kept.
  var needsInput = false
}

/// The product of an error with a transposed weight matrix, inputs x outputs, on a batch.
struct BackProduct {
  let weights: UnsafePointer<Double>
  let inputs: Int
  let outputs: Int
  let error: UnsafePointer<Double>
  let stride: Int
  let result: UnsafeMutablePointer<Double>

  @inline(__always)
  func multiply() {
    DenseKernels.multiply(
      weights, rows: inputs, columns: outputs, rowStride: 1, columnStride: inputs, error,
      stride: stride, into: result)
  }
}

// Loops over the functions of one activation: a witness each, so that nothing is chosen in a loop.
extension ActivationFunction {
  static var isSmooth: Bool { false }
  static var isOdd: Bool { false }
  static var slopeAtZero: Double? { isSmooth ? slope(0) : nil }
  static var lanes: LaneFunction? { nil }

  static func apply(
    _ z: UnsafePointer<Double>, _ h: UnsafeMutablePointer<Double>, count: Int
  ) { for k in 0..<count { h[k] = value(z[k]) } }

  static func back(_ w: BackProduct, z: UnsafePointer<Double>, h: UnsafePointer<Double>) {
    w.multiply()
    for k in 0..<w.inputs * w.stride { w.result[k] *= slope(z[k]) }
  }

  static func tangent(
    _ rz: UnsafePointer<Double>, z: UnsafePointer<Double>,
    into rh: UnsafeMutablePointer<Double>, count: Int
  ) { for k in 0..<count { rh[k] = slope(z[k]) * rz[k] } }

  static func backTangent(
    _ re: UnsafeMutablePointer<Double>, _ rz: UnsafePointer<Double>, _ d: UnsafePointer<Double>,
    z: UnsafePointer<Double>, count: Int
  ) {
    for k in 0..<count { re[k] = curvature(z[k]) * rz[k] * d[k] + slope(z[k]) * re[k] }
  }
}
