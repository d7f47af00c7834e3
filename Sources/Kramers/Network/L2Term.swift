/// The L2 term of the objective, and which parameters it acts on:
///
///     (l2/2) |theta - center|^2,    gradient l2 (theta - center),    Hessian l2
public struct L2Term: Sendable, Equatable {
  public let strength: Double
  /// nil is the origin.
  public let center: [Double]?

  let actsOnBiases: Bool

  /// On all parameters, or on weights alone.
  public init(_ strength: Double, center: [Double]? = nil, biases: Bool = true) {
    self.strength = strength
    self.center = center
    actsOnBiases = biases
  }

  init(_ settings: Settings) {
    self.init(settings.l2, center: settings.l2Center, biases: settings.l2Biases)
  }

  /// The strength on biases.
  var onBiases: Double { actsOnBiases ? strength : 0 }

  /// The parameters that it acts on.
  func ranges(_ network: Network) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    forEachRange(network) { ranges.append($0) }
    return ranges
  }

  @inline(__always)
  private func forEachRange(_ network: Network, _ body: (Range<Int>) -> Void) {
    if actsOnBiases || !network.bias {
      body(0..<network.parameterCount)
    } else {
      for layer in network.layers { body(layer.weights) }
    }
  }

  /// The centre where it acts, 0 elsewhere.
  func centerActedOn(_ network: Network) -> [Double]? {
    guard let center, strength > 0 else { return nil }
    var result = [Double](repeating: 0, count: center.count)
    forEachRange(network) { result.replaceSubrange($0, with: center[$0]) }
    return result
  }

  func value(_ theta: [Double], _ network: Network) -> Double {
    var sum = 0.0
    forEachRange(network) { range in
      for k in range {
        let distance = theta[k] - (center?[k] ?? 0)
        sum += distance * distance
      }
    }
    return 0.5 * strength * sum
  }

  func addGradient(_ theta: [Double], to gradient: inout [Double], _ network: Network) {
    forEachRange(network) { range in
      for k in range { gradient[k] += strength * (theta[k] - (center?[k] ?? 0)) }
    }
  }

  /// Adds its Hessian's product with v.
  func addProduct(_ v: [Double], to product: inout [Double], _ network: Network) {
    forEachRange(network) { range in for k in range { product[k] += strength * v[k] } }
  }
}

extension L2Term: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self.init(value) }
  public init(integerLiteral value: Int) { self.init(Double(value)) }
}

extension Settings {
  var l2Term: L2Term { L2Term(self) }
}
