#if canImport(Glibc)
  internal import Glibc
#endif

/// The L2 strength at which a mode is lost as fast as it is won, by theory. Below it the learned phase
/// is the one that lasts longer, above it zero; which of two phases of equal *objective* lasts
/// longer (coexistence) is another question where noise depends on the weights.
public struct EscapeBalance: Sendable {
  public let mode: Int
  /// nil where `reason` says why.
  public let l2: Double?
  /// What the stated errors of both times make of l2, one way.
  public let error: Double?
  /// Learned -> zero and zero -> learned at `l2`, or where theory stops.
  public let collapse: EscapeTheory
  public let appearance: EscapeTheory
  public let reason: String?
}

extension Experiment {
  /// Theory of one escape of a mode, whatever the present state: modes that appear before it as l2
  /// falls are learned, those after it are not; the threshold is the default one of `measureEscape`.
  ///
  /// - Parameter mode: in 1...(modes of network and data).
  /// - Throws: `InputError` for networks that have no theory and modes that do not exist.
  public func predictedEscape(
    mode: Int, _ way: AlignedPassage.Way, _ settings: Settings, monitor: RunMonitor = RunMonitor()
  ) throws -> EscapeTheory {
    let x = under(settings)
    try x.phaseTheoryApplies()
    let order = try x.modesByAppearance(monitor).map(\.mode)
    guard let place = order.firstIndex(of: mode) else {
      throw InputError.rule("mode", "in 1...\(order.count), the modes of data and network", mode)
    }
    let rank = way == .collapse ? place + 1 : place
    let path = x.escapePath(rank: rank, l2: settings.l2, way: way)
    var threshold = 0.0
    if case .known(let theory) = path { threshold = theory.threshold }
    var observable = Observable.mode(place + 1)
    if way == .collapse { observable.direction = .down }
    return x.escapeTheory(
      EscapeTarget(
        observable: observable, threshold: threshold, thermalFloor: 0, path: path, rank: rank,
        way: way),
      settings, dwell: 0, diverged: 0)
  }

  /// Where both escapes of a mode take the same time, under the noise of `settings`.
  ///
  /// - Throws: as `predictedEscape`.
  public func escapeBalance(
    mode: Int, _ settings: Settings, monitor: RunMonitor = RunMonitor()
  ) throws -> EscapeBalance {
    struct Place {
      var l2: Double
      var collapse: EscapeTheory
      var appearance: EscapeTheory

      /// ln of how much longer the learned phase lasts; falls in l2.
      var lead: Double? {
        guard let down = collapse.tau, let up = appearance.tau else { return nil }
        return log(down) - log(up)
      }
    }
    func place(_ l2: Double) throws -> Place {
      var settings = settings
      settings.l2 = l2
      return Place(
        l2: l2, collapse: try predictedEscape(mode: mode, .collapse, settings, monitor: monitor),
        appearance: try predictedEscape(mode: mode, .appearance, settings, monitor: monitor))
    }
    func without(_ place: Place, _ reason: String) -> EscapeBalance {
      EscapeBalance(
        mode: mode, l2: nil, error: nil, collapse: place.collapse, appearance: place.appearance,
        reason: reason)
    }
    _ = try predictedEscape(mode: mode, .collapse, settings, monitor: monitor)
    let row = try phaseTheory(monitor: monitor).modes.first { $0.mode == mode }
    guard let spinodal = row?.spinodal, let coexistence = row?.coexistence else {
      throw InputError.sentence("mode \(mode): \(row?.reason ?? "it has no spinodal")")
    }
    guard network.depth >= 3 else {
      throw InputError.sentence(
        "depth 2 has no metastable phase: the mode appears at l2 = \(plainNumber(spinodal))")
    }
    if settings.optimizer.takesTemperature, effectiveTemperature(settings) == 0 {
      return without(
        try place(coexistence),
        hasSampleNoise(settings)
          ? "zero is absorbing without additive noise: minibatch noise vanishes there, the mode never "
            + "appears, and the two times are equal nowhere; give a temperature"
          : "without noise no phase is ever left")
    }
    let count = 40
    var known: [Place] = []
    for k in 0..<count where !monitor.shouldStop {
      let next = try place(spinodal * (Double(k) + 0.5) / Double(count))
      guard let lead = next.lead else { continue }
      if lead <= 0, let last = known.last, let before = last.lead, before > 0 {
        let (l2, slope) = try crossing(
          (last.l2, before), (next.l2, lead), monitor
        ) { try place($0).lead }
        let found = try place(l2)
        let errors = [found.collapse, found.appearance].reduce(0) {
          $0 + ($1.relativeError ?? 0) + ($1.stepError ?? 0)
        }
        return EscapeBalance(
          mode: mode, l2: l2, error: errors / abs(slope), collapse: found.collapse,
          appearance: found.appearance, reason: nil)
      }
      known.append(next)
    }
    guard let first = known.first, let last = known.last else {
      let at = try place(coexistence)
      let words = at.collapse.reason ?? at.appearance.reason ?? "interrupted"
      return without(at, "theory states both times nowhere; at coexistence: \(words)")
    }
    return without(
      last,
      "where theory states both times, l2 = \(plainNumber(rounded(first.l2))) ... "
        + "\(plainNumber(rounded(last.l2))), the learned phase lasts "
        + "\((last.lead ?? 0) > 0 ? "longer" : "shorter") throughout")
  }

  /// The zero of a falling function between two places (regula falsi with halving), and its slope.
  private func crossing(
    _ left: (x: Double, y: Double), _ right: (x: Double, y: Double), _ monitor: RunMonitor,
    _ f: (Double) throws -> Double?
  ) throws -> (x: Double, slope: Double) {
    var (left, right) = (left, right)
    let slope = (right.y - left.y) / (right.x - left.x)
    var (leftWeight, rightWeight) = (left.y, right.y)
    for _ in 0..<60 where right.x - left.x > 1e-9 * right.x && !monitor.shouldStop {
      let x = (left.x * rightWeight - right.x * leftWeight) / (rightWeight - leftWeight)
      guard let y = try f(x) else { break }
      if abs(y) < 1e-10 { return (x, slope) }
      if y > 0 {
        left = (x, y)
        (leftWeight, rightWeight) = (y, 0.5 * rightWeight)
      } else {
        right = (x, y)
        (leftWeight, rightWeight) = (0.5 * leftWeight, y)
      }
    }
    return (abs(left.y) < abs(right.y) ? left.x : right.x, slope)
  }
}
