import Glibc
import Kramers
import Testing

@Suite struct KaplanMeierTests {
  /// Remission times of the 6-MP group (Freireich 1963), the example of most textbooks.
  private let remission: [(Double, Bool)] = [
    (6, true), (6, true), (6, true), (6, false), (7, true), (9, false), (10, true), (10, false),
    (11, false), (13, true), (16, true), (17, false), (19, false), (20, false), (22, true),
    (23, true), (25, false), (32, false), (32, false), (34, false), (35, false),
  ]

  @Test("the 6-MP remission data give the textbook's survival and Greenwood errors")
  func textbook() throws {
    let curve = KaplanMeier(
      try CensoredSample(times: remission.map(\.0), escaped: remission.map(\.1)))
    #expect(curve.rows.map(\.step) == [6, 7, 10, 13, 16, 22, 23])
    #expect(curve.rows.map(\.atRisk) == [21, 17, 15, 12, 11, 7, 6])
    #expect(curve.rows.map(\.escapes) == [3, 1, 1, 1, 1, 1, 1])
    // Kleinbaum and Klein, Survival Analysis, table 2.2; four decimals.
    let survival = [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    for (row, s) in zip(curve.rows, survival) { #expect(abs(row.survival - s) < 5e-5) }
    // At 23: Var ln S = 3/(21*18) + 1/(17*16) + 1/(15*14) + 1/(12*11) + 1/(11*10) + 1/(7*6) +
    // 1/(6*5) = .09021, standard error of S .1346; band exp(-exp(ln(-ln S) +- 1.96 e)).
    let last = curve.rows[6]
    let terms: [Double] = [
      3.0 / 378, 1.0 / 272, 1.0 / 210, 1.0 / 132, 1.0 / 110, 1.0 / 42, 1.0 / 30,
    ]
    let error = terms.reduce(0, +).squareRoot()
    #expect(abs(last.survival * error - 0.1346) < 5e-5)
    let center = log(-log(last.survival))
    let spread = 1.959963984540054 * error / -log(last.survival)
    #expect(abs(last.low - exp(-exp(center + spread))) < 1e-12)
    #expect(abs(last.high - exp(-exp(center - spread))) < 1e-12)
    #expect(curve.median == 23)
    #expect(curve.survival(at: 5.9) == 1)
    #expect(curve.survival(at: 6) == curve.rows[0].survival)
    #expect(curve.survival(at: 1e9) == last.survival)
  }

  @Test("without censoring S is the empirical share of survivors, ties included")
  func uncensored() throws {
    let curve = KaplanMeier(
      try CensoredSample(times: [3, 1, 3, 2], escaped: [Bool](repeating: true, count: 4)))
    #expect(curve.rows.map(\.step) == [1, 2, 3])
    for (row, s) in zip(curve.rows, [0.75, 0.5, 0]) { #expect(abs(row.survival - s) < 1e-15) }
    #expect(curve.median == 2)
    // S = 0 has no Greenwood variance: from 0 to the upper end before it.
    #expect(curve.rows[2].low == 0 && curve.rows[2].high == curve.rows[1].high)
    for row in curve.rows { #expect(row.low <= row.survival && row.survival <= row.high) }
  }

  @Test("no data and no escapes give no rows, survival 1 and no median")
  func nothing() throws {
    for sample in [
      try CensoredSample(times: [], escaped: []),
      try CensoredSample(times: [5, 5, 7], escaped: [false, false, false]),
    ] {
      let curve = KaplanMeier(sample)
      #expect(curve.rows.isEmpty && curve.survival(at: 6) == 1 && curve.median == nil)
    }
  }

  @Test("the band covers the true survival at t = 0.5 in 95 %, within 3 standard errors and 1 %")
  func coverage() throws {
    let experiments = 2000
    let truth = exp(-0.5)
    var covered = 0
    for experiment in 0..<experiments {
      let sample = try exponentialSample(100, budget: 1.2, seed: 42, experiment)
      let row = KaplanMeier(sample).rows.last { $0.step <= 0.5 }
      if let row, row.low <= truth && truth <= row.high { covered += 1 }
    }
    let share = Double(covered) / Double(experiments)
    // The log(-log) band is asymptotic: its coverage at n = 100 is allowed to differ by 1 %.
    let error = (0.95 * 0.05 / Double(experiments)).squareRoot()
    #expect(abs(share - 0.95) < 3 * error + 0.01, "covers \(share)")
  }
}
