/// How the parameters follow the gradient: one of `Optimizer.allCases`, known by its name.
public struct Optimizer: Sendable, Equatable, RawRepresentable, CaseIterable,
  CustomStringConvertible
{
  /// All that the program knows of it.
  let rule: any OptimizerRule.Type

  public init?(rawValue: String) {
    guard let known = Optimizer.allCases.first(where: { $0.rawValue == rawValue }) else {
      return nil
    }
    self = known
  }

  init(_ rule: any OptimizerRule.Type) { self.rule = rule }

  public var rawValue: String { rule.name }
  public var description: String { rule.name }
  /// Settings that it alone decides to use.
  public var reads: Set<String> { rule.reads }
  /// Whether it goes down loss + L2, so that there is an objective for theory to speak of.
  public var descendsObjective: Bool { rule.noObjective == nil }
  /// Whether temperature is defined for it.
  public var takesTemperature: Bool { rule.friction(Settings()) != nil }

  public static func == (a: Optimizer, b: Optimizer) -> Bool {
    ObjectIdentifier(a.rule) == ObjectIdentifier(b.rule)
  }

  /// `'a' and 'b'`: those for which `holds`.
  static func names(where holds: (Optimizer) -> Bool) -> String {
    joined(allCases.filter(holds).map { "'\($0.rawValue)'" })
  }
}

/// An optimiser: everything that the trainers, theory and help need to know. What it does not say,
/// nobody takes for granted: the defaults promise nothing, and then there is no theory.
protocol OptimizerRule: Sendable {
  static var name: String { get }
  /// Names of settings that only some optimisers read.
  static var reads: Set<String> { get }
  /// Vectors that it keeps from step to step.
  static var moments: Int { get }
  /// Why there is no objective for theory; nil promises that it descends loss + (l2/2)|theta - center|^2:
  /// it gets the gradient of that, and rests where that gradient is zero. Without, it gets the gradient
  /// of the loss and reads `l2` itself.
  static var noObjective: String? { get }
  /// gamma of Langevin noise: gradient noise of variance 2 T gamma / lr a step samples
  /// exp(-objective / T) as lr -> 0. nil: temperature is not defined for it.
  static func friction(_ settings: Settings) -> Double?
  /// The sets that minibatch gradients lie in and its moves do not leave.
  static var keeps: KeptSets { get }
  /// The update that it is, if kernels and closed forms know it.
  static var form: UpdateForm? { get }

  /// One step from the gradient, noise included.
  ///
  /// - Returns: whether all parameters are finite.
  static func move(_ m: OptimizerMove) -> Bool
}

extension OptimizerRule {
  static var reads: Set<String> { [] }
  static var moments: Int { 0 }
  static var noObjective: String? { "optimizer '\(name)' does not say that it descends loss + L2" }
  static func friction(_ settings: Settings) -> Double? { nil }
  static var keeps: KeptSets { .none }
  static var form: UpdateForm? { nil }
}

/// Which sets of parameters an update keeps, when every gradient lies in them.
enum KeptSets {
  case none
  /// Parameters without gradient and moments stay as they are.
  case coordinates
  /// Any linear subspace: the update is linear in gradients, the same for all parameters.
  case subspaces
}

/// The updates that lanes, fused steps and closed forms compute by themselves.
enum UpdateForm {
  /// theta <- theta - lr g
  case descent
  /// m <- mu m + g,  theta <- theta - lr m
  case heavyBall
}

/// What a move reads and writes: vectors of `count` numbers.
struct OptimizerMove {
  let settings: Settings
  let theta: UnsafeMutablePointer<Double>
  let gradient: UnsafeMutablePointer<Double>
  /// As many moments as the optimiser has; zeros where there are none.
  let first: UnsafeMutablePointer<Double>
  let second: UnsafeMutablePointer<Double>
  /// The parameters that L2 acts on, and its centre; nil is the origin.
  let l2Ranges: [Range<Int>]
  let center: UnsafeMutablePointer<Double>?
  let count: Int
  /// Steps since the moments were zero, this one included.
  var step = 0
}
