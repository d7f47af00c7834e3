#if canImport(Glibc)
  internal import Glibc
#endif

/// How escape times depend on the temperature: four laws fitted to the same censored data.
///
///     clock       ln tau = a                 every escape takes the same lr * steps
///     arrhenius   ln tau = a + E/T
///     power       ln tau = a + k ln T
///     prefactor   ln tau = a + E/T + k ln T  with k the predicted power of the zero modes;
///                                            k is fitted where there is no prediction
///
/// in the unit of the exposures, lr * steps: in steps a clock looks like Arrhenius' law whenever lr
/// varies. Each law is compared with the one that contains it by a likelihood-ratio test at 5 %: the
/// clock with Arrhenius' law, the others with E and k both free. `simplest` is the simplest law that
/// is not rejected, the likelier one among equals. (AIC alone finds a true clock in 77 % of
/// experiments of 50 escapes at five points; the weights stand beside.)
///
/// `best` is that law only where the points can tell: activated laws from a power (`LawSeparation`),
/// a clock from a barrier, no point so hot that dE/T < 2 (there no law of rare escapes holds: at
/// dE/T = .5 to 2 the times of an activated escape fit a power of T), and the points do lie on it.
///
/// Nothing here asks whether escapes are exponential at each point; `ExponentialTest` does.
///
/// Source: Cox and Oakes, Analysis of Survival Data, chapter 3; Burnham and Anderson, Model
/// Selection and Multimodel Inference, section 2.9 (weights).
public struct RivalLaws: Sendable {
  public enum Law: String, Sendable, CaseIterable { case clock, arrhenius, power, prefactor }

  public struct Row: Sendable {
    public let law: Law
    /// Fitted parameters.
    public let parameters: Int
    public let logLikelihood: Double
    /// e^(-AIC/2), normalised over the laws; nil where this law is another one in disguise.
    public internal(set) var weight: Double?
    /// Probability of a likelihood ratio as large as this if the law is true; nil where nothing
    /// contains it at these temperatures.
    public let p: Double?
    /// ln tau_0; nil where the data do not fix it.
    public let logPrefactor: Double?
    /// E with its 95 % profile interval; nil in laws without.
    public let barrier: Estimate?
    /// k, likewise; without interval where it is predicted.
    public let power: Estimate?

    public var isRejected: Bool { p.map { $0 < 0.05 } ?? false }
    /// 2 * parameters - 2 ln L.
    public var aic: Double { 2 * Double(parameters) - 2 * logLikelihood }
  }

  /// A coefficient and its 95 % profile-likelihood interval.
  public struct Estimate: Sendable, Equatable {
    /// nil where the data do not fix it; the interval then has an infinite end.
    public let value: Double?
    public let low: Double
    public let high: Double
  }

  public let rows: [Row]
  /// The law that these points establish; nil, with a warning, where they cannot tell.
  public let best: Law?
  /// The simplest law that is not rejected, whether or not the points could tell.
  public let simplest: Law
  /// How well these points can tell an activated law from a power.
  public let separation: LawSeparation
  /// Points with dE/T < 2, where a barrier is known.
  public let shallow: [Int]
  /// Laws beside the simplest that the data do not reject either.
  public let alsoPossible: [Law]
  /// Probability of a scatter of the points about the best law as large as this: whether tau
  /// depends on the temperature alone. nil with as many parameters as points.
  public let fitP: Double?
  /// What a reader should know before believing `best`.
  public let warning: String?

  public subscript(law: Law) -> Row? { rows.first { $0.law == law } }

  /// - Parameters:
  ///   - points: exposures in lr * steps.
  ///   - predictedPower: k of `prefactor`, M/2 from the zero modes; nil fits it.
  ///   - knownBarrier: dE by theory, in the unit of the temperatures; nil if there is none.
  /// - Throws: `InputError` for no points or values that are negative or not finite.
  public init(
    _ points: [ArrheniusPoint], predictedPower: Double?, knownBarrier: Double? = nil
  ) throws(InputError) {
    let coldest = points.map(\.inverseTemperature).max() ?? 1
    func law(_ columns: [(Double) -> Double], power: Double = 0) throws(InputError) -> RateLaw {
      try RateLaw(
        points.map { point in
          // ln T relative to the coldest point: the constant a takes up the rest.
          point.ratePoint(
            [1] + columns.map { $0(point.inverseTemperature) },
            offset: -power * log(point.inverseTemperature / coldest))
        })
    }
    let logTemperature = { (inverse: Double) in -log(inverse / coldest) }
    let identity = { (inverse: Double) in inverse }
    let clock = try law([])
    let arrhenius = try law([identity])
    let power = try law([logTemperature])
    let free = try law([identity, logTemperature])
    let distinct = Self.distinct(points)

    func p(_ law: RateLaw, in larger: RateLaw, _ degrees: Int) -> Double? {
      guard degrees > 0 else { return nil }
      let ratio = 2 * (larger.logLikelihood - law.logLikelihood)
      return chiSquareSurvival(max(ratio, 0), degrees: Double(degrees))
    }
    func estimate(_ law: RateLaw, _ index: Int) -> Estimate {
      let interval = law.profileInterval(of: index)
      return Estimate(value: law.coefficients?[index], low: interval.low, high: interval.high)
    }
    let extra = min(distinct, 3) - min(distinct, 2)
    var rows = [
      Row(
        law: .clock, parameters: 1, logLikelihood: clock.logLikelihood,
        p: p(clock, in: arrhenius, min(distinct, 2) - 1), logPrefactor: clock.coefficients?[0],
        barrier: nil, power: nil),
      Row(
        law: .arrhenius, parameters: 2, logLikelihood: arrhenius.logLikelihood,
        p: p(arrhenius, in: free, extra), logPrefactor: arrhenius.coefficients?[0],
        barrier: estimate(arrhenius, 1), power: nil),
      Row(
        law: .power, parameters: 2, logLikelihood: power.logLikelihood,
        p: p(power, in: free, extra),
        logPrefactor: power.coefficients.map { $0[0] + $0[1] * log(coldest) },
        barrier: nil, power: estimate(power, 1)),
    ]
    if let k = predictedPower {
      let fixed = try law([identity], power: k)
      rows.append(
        Row(
          law: .prefactor, parameters: 2, logLikelihood: fixed.logLikelihood,
          p: p(fixed, in: free, extra),
          logPrefactor: fixed.coefficients.map { $0[0] + k * log(coldest) },
          barrier: estimate(fixed, 1), power: Estimate(value: k, low: k, high: k)))
    } else {
      rows.append(
        Row(
          law: .prefactor, parameters: 3, logLikelihood: free.logLikelihood, p: nil,
          logPrefactor: free.coefficients.map { $0[0] + $0[2] * log(coldest) },
          barrier: estimate(free, 1), power: estimate(free, 2)))
    }
    Self.weigh(&rows, distinct: distinct, predictedPower: predictedPower)
    let choice = Self.choose(rows)
    self.rows = rows
    simplest = choice.best.law
    alsoPossible = choice.others
    // A barrier printed to four digits must not move a point across.
    shallow = points.indices.filter {
      (knownBarrier ?? .infinity) * points[$0].inverseTemperature < 2 * (1 - 1e-3)
    }
    let saturated = points.reduce(0) { $0 + $1.ratePoint([]).saturated }
    let degrees = points.count - min(choice.best.parameters, distinct)
    fitP =
      degrees > 0
      ? chiSquareSurvival(
        max(2 * (saturated - choice.best.logLikelihood), 0), degrees: Double(degrees)) : nil
    separation = LawSeparation(arrhenius: arrhenius, power: power)
    var doubts = Self.doubts(rows, choice, points, distinct < 3 ? nil : separation)
    let fitted = rows[1].barrier.flatMap { ($0.low > 0) ? $0.value : nil }
    if !shallow.isEmpty { doubts.append(Self.tooHot(shallow)) }
    if !doubts.isEmpty, let barrier = knownBarrier ?? fitted, barrier > 0 {
      doubts.append(
        "temperatures that could tell lie between dE/8 and dE/3: \(plainNumber(rounded(barrier / 8)))"
          + " ... \(plainNumber(rounded(barrier / 3)))"
          + (knownBarrier == nil ? " by the fitted barrier" : ""))
    }
    let fits = !choice.best.isRejected && !(fitP.map { $0 < 0.001 } ?? false)
    best = doubts.isEmpty && fits ? choice.best.law : nil
    let sentences = doubts + Self.cautions(rows, choice, points, fitP, knownBarrier)
    warning = sentences.isEmpty ? nil : sentences.joined(separator: "; ")
  }

  private static func distinct(_ points: [ArrheniusPoint]) -> Int {
    var found: [Double] = []
    for x in points.map(\.inverseTemperature)
    where !found.contains(where: { abs($0 - x) <= 1e-12 * x }) { found.append(x) }
    return found.count
  }

  /// AIC weights over the laws that differ at these points.
  private static func weigh(_ rows: inout [Row], distinct: Int, predictedPower: Double?) {
    let differ = rows.indices.filter { i in
      rows[i].parameters <= distinct && !(rows[i].law == .prefactor && predictedPower == 0)
    }
    let lowest = differ.map { rows[$0].aic }.min() ?? 0
    let total = differ.reduce(0) { $0 + exp(0.5 * (lowest - rows[$1].aic)) }
    for i in differ { rows[i].weight = exp(0.5 * (lowest - rows[i].aic)) / total }
  }

  private static func choose(_ rows: [Row]) -> (best: Row, others: [Law]) {
    let candidates = rows.filter { $0.weight != nil }
    let possible = candidates.filter { !$0.isRejected }
    let simplest = possible.map(\.parameters).min()
    let best =
      possible.filter { $0.parameters == simplest }
      .max { $0.logLikelihood < $1.logLikelihood } ?? candidates.min { $0.aic < $1.aic }
    guard let best else { return (rows[0], []) }
    // A law that contains the best one is no rival: it is the same curve with a parameter to spare.
    let others = possible.filter { $0.law != best.law && $0.parameters == best.parameters }
    return (best, others.map(\.law))
  }

  /// Why no law can be called.
  private static func doubts(
    _ rows: [Row], _ choice: (best: Row, others: [Law]), _ points: [ArrheniusPoint],
    _ separation: LawSeparation?
  ) -> [String] {
    let inverse = points.map(\.inverseTemperature)
    let range = (inverse.max() ?? 0) - (inverse.min() ?? 0)
    if range == 0 { return ["all points have one temperature: no law can be told from another"] }
    let coldest = inverse.max() ?? 0
    if choice.best.law == .clock {
      guard let high = rows[1].barrier?.high, !(high * coldest < 2) else { return [] }
      return [
        "the laws cannot be told apart: a barrier up to \(plainNumber(rounded(high))), "
          + "\(plainNumber(rounded(high * coldest))) times the lowest temperature, is not excluded"
      ]
    }
    guard let separation else {
      return ["two temperatures cannot tell Arrhenius' law from a power: give at least three"]
    }
    let possible = [choice.best.law] + choice.others
    if possible.contains(.power), possible.count > 1 {
      let names = possible.map(\.rawValue).joined(separator: ", ")
      return ["the laws cannot be told apart: \(names) fit these points" + more(separation)]
    }
    guard !separation.tells else { return [] }
    return [
      "the laws cannot be told apart by these points: a test of arrhenius against power would "
        + "miss the difference in more than 20 % of repetitions" + more(separation)
    ]
  }

  private static func more(_ separation: LawSeparation) -> String {
    guard let factor = separation.factor, factor > 1, factor < 1e4 else { return "" }
    return
      " (it takes about \(plainNumber(rounded(factor))) times as many escapes, or a wider range)"
  }

  private static func tooHot(_ shallow: [Int]) -> String {
    let list = shallow.map { String($0 + 1) }.joined(separator: ", ")
    return "dE/T < 2 at point\(shallow.count > 1 ? "s" : "") \(list): no law of rare escapes holds "
      + "there"
  }

  /// What a reader should know besides.
  private static func cautions(
    _ rows: [Row], _ choice: (best: Row, others: [Law]), _ points: [ArrheniusPoint],
    _ fitP: Double?, _ knownBarrier: Double?
  ) -> [String] {
    var sentences: [String] = []
    if choice.best.law == .arrhenius, choice.others == [.prefactor] {
      sentences.append("a power of T in front, as zero modes make it, cannot be told from none")
    } else if choice.best.law == .prefactor, choice.others == [.arrhenius] {
      sentences.append("a power of T in front, as zero modes make it, cannot be told from none")
    }
    let coldest = points.map(\.inverseTemperature).max() ?? 0
    if knownBarrier == nil, choice.best.law == .power, let high = rows[1].barrier?.high,
      high.isFinite, high * coldest < 8
    {
      sentences.append(
        "no barrier is known here: one up to \(plainNumber(rounded(high))), "
          + "\(plainNumber(rounded(high * coldest))) times the lowest temperature, would look like "
          + "this where it is not deep against the temperature")
    }
    if choice.best.isRejected { sentences.append("every law is rejected at 5 %") }
    if let fitP, fitP < 0.01 {
      sentences.append(
        "the points scatter about the best law more than counting allows (p = "
          + "\(plainNumber(rounded(fitP)))): tau depends on more than the temperature")
    }
    return sentences
  }
}
