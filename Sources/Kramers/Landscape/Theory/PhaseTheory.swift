/// The phases of a deep linear network on given second moments: for every mode the L2 strengths
/// where its learned branch ends (spinodal) and where learned and unlearned states have the same
/// objective (coexistence).
///
/// - If the moments commute (every right singular vector of Sigma_yx is an eigenvector of Sigma_xx,
///   to 1e-9), mode k is the k-th singular value with the closed form of `SingleMode`. With unequal
///   input variances the order in which modes appear as l2 falls is that of the spinodals and may
///   differ from this one.
/// - Otherwise modes are coupled, and mode k is the k-th to appear: its spinodal is the fold of the
///   branch of rank-k states (`ModeBranch`), its coexistence the crossing of the objectives of
///   rank k and rank k - 1 (k = 1: the maximum of `FirstMode`). The `singular` beside it is the k-th
///   singular value of Sigma_yx and nothing more.
///
/// At equal input variances the K modes with spinodals above l2 make K + 1 metastable states, each
/// with the top modes learned. At unequal ones that need not be so: mode j learned without mode i is
/// stable if s_j (s_j + (lambda_i - lambda_j) w_j) > s_i^2, which two modes can satisfy at once.
///
/// Squared error, no biases, L2 about the origin on every layer. Says nothing about other networks.
public struct PhaseTheory: Sendable {
  public enum Method: String, Sendable {
    case closedForm = "closed form"
    case variational
    case continuation
  }

  public struct Mode: Sendable, Equatable {
    /// k = 1, 2, ... by descending singular value.
    public let mode: Int
    /// The k-th singular value of Sigma_yx.
    public let singular: Double
    /// 1 or 2; nil for depth 1.
    public let order: Int?
    /// Above this L2 strength the mode cannot be learned. Nil with a reason.
    public let spinodal: Double?
    public let coexistence: Double?
    public let method: Method?
    /// Why values are nil.
    public let reason: String?
  }

  public let depth: Int
  public let modes: [Mode]
  /// Whether the closed form applies to every mode.
  public let commutes: Bool
  let branches: [ModeBranch]
  let scaled: ScaledMoments?
  /// The modes by themselves where they commute, by descending singular value.
  let singles: [SingleMode]

  /// - Parameters:
  ///   - hiddenWidths: n_1, ..., n_(D-1); the narrowest bounds the number of modes.
  ///   - shouldStop: polled during continuation; rows not reached then say `interrupted`.
  ///
  /// Cost: closed form: nothing. Otherwise per mode a few factorised Jacobians of k (outputs + 1)
  /// unknowns, used on from state to state: .7 s for the ten modes of 8 x 8 digits.
  public init(
    moments: SecondMoments, depth: Int, hiddenWidths: [Int],
    shouldStop: () -> Bool = { false }
  ) {
    self.init(
      moments: moments, depth: depth, hiddenWidths: hiddenWidths, rank: nil, shouldStop: shouldStop)
  }

  /// - Parameter rank: how many modes to follow, without coexistence; nil for everything.
  init(
    moments: SecondMoments, depth: Int, hiddenWidths: [Int], rank: Int?,
    shouldStop: () -> Bool = { false }
  ) {
    self.depth = depth
    let values = singularValues(of: moments.yx)
    let learnable = values.count { $0 > 1e-12 * values[0] && $0 > .leastNormalMagnitude }
    let width = hiddenWidths.min() ?? learnable
    let commuting = CommutingModes(moments, depth: depth)
    commutes = commuting != nil
    singles = commuting?.modes.map(\.single) ?? []
    let scaled = ScaledMoments(moments, depth: depth)
    self.scaled = scaled
    let order = depth >= 3 ? 1 : depth == 2 ? 2 : nil
    var rows: [Mode] = []
    var branches: [ModeBranch] = []
    func add(
      _ spinodal: Double?, _ coexistence: Double?, _ method: Method?, _ reason: String? = nil
    ) {
      rows.append(
        Mode(
          mode: rows.count + 1, singular: values[rows.count], order: order, spinodal: spinodal,
          coexistence: coexistence, method: method, reason: reason))
    }
    let followed = min(learnable, width)
    if depth == 1 {
      for _ in 0..<learnable { add(nil, nil, nil, "depth 1 is ridge regression: no transition") }
    } else if let commuting {
      for mode in commuting.modes.prefix(followed) {
        add(mode.single.spinodal, mode.single.coexistence, .closedForm)
      }
    } else if let scaled, depth == 2 {
      let onsets = secondOrderOnsets(scaled, modes: min(rank ?? followed, followed), shouldStop)
      for (k, onset) in onsets.enumerated() {
        let value = onset.map { $0 * scaled.l2Scale }
        add(
          value, value, value == nil ? nil : k == 0 ? .variational : .continuation,
          value == nil ? lost(shouldStop, k + 1) : nil)
      }
    } else if let scaled {
      var below: BranchStates?
      for k in 1...max(min(rank ?? followed, followed), 1) {
        guard let branch = ModeBranch(scaled, above: below, shouldStop: shouldStop) else { break }
        let states = BranchStates(branch, scaled)
        let coexistence =
          rank != nil
          ? nil : coexistence(scaled, of: states, above: below, shouldStop: shouldStop)
        branches.append(branch)
        below = states
        add(
          branch.spinodal * scaled.l2Scale, coexistence.map { $0 * scaled.l2Scale },
          k == 1 ? .variational : .continuation,
          coexistence == nil
            ? "the objectives of rank \(k) and rank \(k - 1) were not found to cross" : nil)
      }
      while rows.count < followed { add(nil, nil, nil, lost(shouldStop, rows.count + 1)) }
    }
    while rows.count < learnable {
      add(nil, nil, nil, "the narrowest hidden layer has \(width) units")
    }
    modes = rows
    self.branches = branches
  }
}

private func lost(_ shouldStop: () -> Bool, _ k: Int) -> String {
  shouldStop()
    ? "interrupted" : "the branch of rank-\(k) states could not be followed to its end"
}

/// The l2 at which the learned states of rank k and k - 1 have the same objective (scaled units):
/// Newton's method on their difference, whose derivative is the difference of |theta|^2/2.
private func coexistence(
  _ moments: ScaledMoments, of states: BranchStates, above below: BranchStates?,
  shouldStop: () -> Bool
) -> Double? {
  if below == nil {
    return FirstMode(
      correlation: moments.correlation, variances: moments.variances, depth: moments.depth
    )?.mode.coexistence
  }
  func objective(_ states: BranchStates?, _ l2: Double) -> (value: Double, slope: Double)? {
    guard let states else { return (0, 0) }
    guard let state = states.learned(l2: l2) else { return nil }
    let chains = states.objective
    var gradient = [Double](repeating: 0, count: chains.count)
    let value = chains.value(state.variables, l2, &gradient)
    let d = Double(moments.depth)
    let slope = chains.learnedModes(state).reduce(0) { $0 + 0.5 * d * power($1.strength, 2 / d) }
    return (value, slope)
  }
  let spinodal = states.branch.spinodal
  var l2 = 0.84 * spinodal
  for _ in 0..<30 {
    guard !shouldStop(), let upper = objective(states, l2), let lower = objective(below, l2) else {
      return nil
    }
    let step = (upper.value - lower.value) / (upper.slope - lower.slope)
    guard step.isFinite else { return nil }
    let next = min(max(l2 - step, 0.5 * l2), 0.5 * (l2 + spinodal))
    if abs(next - l2) < 1e-11 * l2 { return next }
    l2 = next
  }
  return nil
}

/// D = 2, where the objective is convex in W (a nuclear norm): mode k appears where the largest
/// singular value of B - W L outside the learned modes reaches l2, W having rank k - 1.
private func secondOrderOnsets(
  _ moments: ScaledMoments, modes: Int, _ shouldStop: () -> Bool
) -> [Double?] {
  var onsets: [Double?] = []
  var state = RankState(variables: [], l2: 1)
  var residual = SingularValueDecomposition(moments.correlation)
  for k in 0..<modes {
    if k == 0 {
      onsets.append(1)
    } else {
      let objective = RankObjective(moments, rank: k)
      // The new mode starts small along the top remaining direction, below its onset.
      let last = onsets[k - 1] ?? 0
      let modes = k > 1 ? RankObjective(moments, rank: k - 1).learnedModes(state) : []
      let start = objective.variables(
        strengths: modes.map(\.strength) + [0.1],
        left: modes.map(\.left) + [residual.u.column(0)])
      func excess(_ l2: Double) -> Double? {
        if shouldStop() { return nil }
        guard let relaxed = objective.relaxed(from: start, l2: l2) else { return nil }
        state = relaxed
        residual = SingularValueDecomposition(objective.residualCorrelation(relaxed))
        return residual.values[0] - l2
      }
      onsets.append(fallingRoot(below: last, excess))
    }
    if onsets[k] == nil { return onsets + Array(repeating: nil, count: modes - onsets.count) }
  }
  return onsets
}

/// The first root of f going down from `top`, where f < 0: halving, then `RootBracket`.
private func fallingRoot(below top: Double, _ f: (Double) -> Double?) -> Double? {
  var high = (1 - 1e-9) * top
  guard var fHigh = f(high) else { return nil }
  if fHigh >= 0 { return high }
  var low = 0.8 * high
  guard var fLow = f(low) else { return nil }
  while fLow < 0 {
    (high, fHigh) = (low, fLow)
    low *= 0.8
    guard low > 1e-9, let value = f(low) else { return nil }
    fLow = value
  }
  var bracket = RootBracket((low, fLow), (high, fHigh))
  while bracket.width > 1e-12 * high {
    let x = bracket.next
    guard let y = f(x) else { return nil }
    if abs(y) < 1e-12 { return x }
    bracket.take((x, y))
  }
  return bracket.best.x
}
