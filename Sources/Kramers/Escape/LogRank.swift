/// Whether two samples of escape times have one survival curve: the log-rank test.
///
///     O = sum d1_i,   E = sum d_i n1_i/n_i,
///     V = sum d_i (n1_i/n_i) (n2_i/n_i) (n_i - d_i)/(n_i - 1),    chi2 = (O - E)^2 / V
///
/// over the times with escapes; d_i of n_i at risk escape, n1_i of them of the first sample. V is
/// that of the hypergeometric law, which holds for ties of any number: at shared looks the test is
/// that of grouped data, for which nothing within a look need be known. Of power it loses what looks
/// as long as the escape time hide. It is most powerful where the rates have one ratio at all times,
/// and can miss curves that cross.
///
/// Source: Mantel, Cancer Chemother. Rep. 50, 163 (1966); Peto and Peto, J. R. Stat. Soc. A 135, 185
/// (1972).
public struct LogRank: Sendable, Equatable {
  /// Escapes of the first sample that one common curve would give.
  public let expected: Double
  public let variance: Double
  /// nil where nothing can be compared: no escape while both were at risk.
  public let chiSquare: Double?
  /// Probability of a difference as large for one curve.
  public let p: Double?

  /// - Parameters: samples with the same looks.
  public init(_ first: CensoredSample, _ second: CensoredSample) {
    let counts = Set(
      [first, second].flatMap { s in
        s.times.indices.filter { s.escaped[$0] }.map { s.times[$0] }
      })
    var (expected, variance) = (0.0, 0.0)
    let samples = [first, second].map(AtRisk.init)
    for time in counts.sorted() {
      let (risk1, risk2) = (samples[0].atRisk(time), samples[1].atRisk(time))
      let (own, other) = (samples[0].escapes(time), samples[1].escapes(time))
      let n = Double(risk1 + risk2)
      let d = Double(own + other)
      let share = Double(risk1) / n
      expected += d * share
      if n > 1 { variance += d * share * (1 - share) * (n - d) / (n - 1) }
    }
    self.expected = expected
    self.variance = variance
    guard variance > 0 else {
      chiSquare = nil
      p = nil
      return
    }
    let excess = Double(first.escapes) - expected
    let statistic = excess * excess / variance
    chiSquare = statistic
    p = chiSquareSurvival(statistic, degrees: 1)
  }
}

/// Who is still there, and who goes.
private struct AtRisk {
  private let times: [Double]
  private let escapes: [Double: Int]

  init(_ sample: CensoredSample) {
    times = sample.times.sorted()
    escapes = Dictionary(
      zip(sample.times, sample.escaped).filter(\.1).map { ($0.0, 1) }, uniquingKeysWith: +)
  }

  /// Replicas whose time is `time` or later.
  func atRisk(_ time: Double) -> Int {
    var (low, high) = (0, times.count)
    while low < high {
      let middle = (low + high) / 2
      if times[middle] < time { low = middle + 1 } else { high = middle }
    }
    return times.count - low
  }

  func escapes(_ time: Double) -> Int { escapes[time] ?? 0 }
}
