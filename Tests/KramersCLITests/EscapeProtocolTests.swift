import Foundation
import Testing

/// The protocols about escapes, as a user calls them.
@Suite struct EscapeProtocolTests {
  private let chain = """
    experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
      l2 = 0.3, lr = 0.2, seed = 3 }
    local dE = 0.01389806

    """

  private func last(_ code: String, timeout: Double = 120) throws -> [String: Any] {
    let run = try kramers("-", input: code, timeout: timeout)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    return try #require(run.records.last)
  }

  @Test("the number censored stands in every line that shows an escape time")
  func censoredEverywhere() throws {
    let record = try last(
      chain + "emit(measure_escape{temperature = dE / 3, replicas = 40, max_steps = 1500})")
    let censored = try #require(record["censored"] as? Int)
    #expect(censored > 0 && censored < 40)
    let summary = try #require(record["summary"] as? String)
    #expect(summary.contains("\(40 - censored) of 40 escaped, \(censored) censored: tau = "))
    let survival = try #require(record["survival"] as? [[String: Any]])
    #expect(survival.allSatisfy { $0["censored"] as? Int == 0 })
    // Three clocks of one time.
    let tau = try #require(record["tau"] as? Double)
    #expect(abs(try #require(record["tau_time"] as? Double) / tau - 0.2) < 1e-12)
    let none = try last(chain + "emit(measure_escape{temperature = dE / 9, max_steps = 100})")
    #expect((none["summary"] as? String)?.hasPrefix("0 of 64 escaped, 64 censored: tau > ") == true)
    let points = try #require(
      try last(
        chain + "emit(arrhenius{temperatures = {dE / 2, dE / 3}, replicas = 16, max_steps = 900})")[
          "points"] as? [[String: Any]])
    #expect(points.allSatisfy { $0["censored"] is Int && $0["escapes"] is Int })
  }

  @Test("combined results are one sample: times, counts and interval of all replicas")
  func combine() throws {
    let record = try last(
      chain + """
        local a = measure_escape{temperature = dE / 3, replicas = 30, seed = 1}
        local b = measure_escape{temperature = dE / 3, replicas = 20, max_steps = 900, seed = 2}
        local c = escape.combine{a, b}
        local sum = 0
        for _, t in ipairs(c.times) do sum = sum + t end
        emit{same = c.tau == sum / c.escapes, replicas = c.replicas, seeds = c.seeds,
          censored = c.censored, expected = a.censored + b.censored, kind = c.kind,
          theory = c.theory == a.theory, exposure = a.exposure + b.exposure == c.exposure}
        """)
    #expect(record["same"] as? Bool == true && record["replicas"] as? Int == 50)
    #expect(record["censored"] as? Int == record["expected"] as? Int)
    #expect(record["theory"] as? Bool == true && record["exposure"] as? Bool == true)
    #expect(record["seeds"] as? [Int] == [1, 2])
  }

  @Test(
    "results that differ are not combined, and the sentence says in what",
    arguments: [
      ("{temperature = dE / 3.5, seed = 2}", "differ in temperature"),
      ("{temperature = dE / 3, seed = 2, l2 = 0.31}", "differ in l2"),
      ("{temperature = dE / 3, seed = 2, threshold = 0.31}", "differ in threshold"),
      ("{temperature = dE / 3, seed = 2, every = 5}", "differ in every"),
      ("{temperature = dE / 3, seed = 1}", "the same replicas twice"),
      ("{temperature = dE / 3, seed = 2, method = 'splitting', runs = 2}", "by splitting"),
    ])
  func refusedCombination(call: String, words: String) throws {
    let run = try kramers(
      "-",
      input: chain + """
        local a = measure_escape{temperature = dE / 3, replicas = 4, seed = 1}
        local b = measure_escape\(call)
        escape.combine{a, b}
        """)
    #expect(run.status == 1 && run.errors.contains("stdin:6: escape.combine: "), "\(run.errors)")
    #expect(run.errors.contains(words), "\(run.errors)")
    let other = try kramers(
      "-",
      input: chain + """
        local a = measure_escape{temperature = dE / 3, replicas = 4, seed = 1}
        train(50)
        escape.combine{a, measure_escape{temperature = dE / 3, replicas = 4, seed = 2}, 7}
        """)
    #expect(other.errors.contains("item 3 is no result"), "\(other.errors)")
  }

  @Test("a grid of lr and B: tau lr depends on lr/B alone, with the slope of theory")
  func grid() throws {
    // T = lr sigma^2 / 2B; the trap of width 2, dE of its own empirical moments.
    let record = try last(
      """
      experiment { data = data.gaussian { singular = {0.9, 0.8}, samples = 64, seed = 1 },
        depth = 3, width = 2, lr = 0.2, seed = 1 }
      trap { rank = 1, release = 0.1 }
      emit(arrhenius { lrs = {0.1, 0.2}, batches = {3, 4}, gradient_noise = 0.12, replicas = 48 })
      """, timeout: 300)
    let laws = try #require(record["laws"] as? [[String: Any]])
    #expect(laws.map { $0["law"] as? String } == ["clock", "arrhenius", "power", "prefactor"])
    #expect(laws[0]["rejected"] as? Bool == true && laws[1]["rejected"] as? Bool == false)
    let points = try #require(record["points"] as? [[String: Any]])
    #expect(points.count == 4)
    #expect(points.map { $0["batch"] as? Int } == [3, 4, 3, 4])
    #expect(points.map { $0["lr"] as? Double } == [0.1, 0.1, 0.2, 0.2])
    let low = try #require(record["barrier_low"] as? Double)
    let high = try #require(record["barrier_high"] as? Double)
    let theory = try #require((record["theory"] as? [String: Any])?["barrier"] as? Double)
    #expect(low < theory && theory < high, "\(low) ... \(high), theory \(theory)")
    // A lack of fit at 1e-3 would say that lr and B act apart.
    #expect(try #require(record["fit_p"] as? Double) > 1e-3)
  }

  @Test("gradient noise at B = 3...6: ln tau is linear in B/lr, with the barrier as its slope")
  func gradientNoise() throws {
    // Equal samples: no minibatch noise, so that T = lr sigma^2 / 2B is all there is; dE/T = 4...8.
    let record = try last(
      """
      experiment { data = data.from { x = {{1}, {1}, {1}, {1}, {1}, {1}},
        y = {{1}, {1}, {1}, {1}, {1}, {1}} }, depth = 3, width = 1, init = "zero", l2 = 0.3,
        lr = 0.2, seed = 1 }
      emit(arrhenius { batches = {3, 4, 5, 6}, replacement = true, threshold = 0.3, every = 1,
        gradient_noise = math.sqrt(0.1), replicas = 100, max_steps = 1e7 })
      """, timeout: 300)
    let barrier = try #require(record["barrier"] as? Double)
    // .985 dE is what the finite temperature leaves at these dE/T (c = 1/2, section 4).
    #expect(abs(barrier / 0.01389806 - 1) < 0.1, "\(barrier)")
    let low = try #require(record["barrier_low"] as? Double)
    let high = try #require(record["barrier_high"] as? Double)
    #expect(low < 0.985 * 0.01389806 && 0.985 * 0.01389806 < high, "\(low) ... \(high)")
    #expect(try #require(record["fit_p"] as? Double) > 1e-3)
  }

  @Test(
    "arrhenius refuses what has no common temperature",
    arguments: [
      ("{lrs = {0.1, 0.2}}", "point 1 has no noise"),
      ("{lrs = {0.1}}", "lrs needs at least two values"),
      ("{}", "give temperatures, lrs or batches"),
      ("{temperatures = {1e-3, 2e-3}, temperature = 1e-3}", "give either temperature or"),
      ("{temperatures = {1e-3, 1e-3}}", "temperatures must differ"),
    ])
  func refusedLaws(call: String, words: String) throws {
    let run = try kramers("-", input: chain + "arrhenius\(call)")
    #expect(run.status == 1 && run.errors.hasPrefix("kramers: stdin:4: arrhenius: "))
    #expect(run.errors.contains(words), "\(run.errors)")
  }

  @Test("splitting by name: tau with its interval, brute force beside it, and equal seeds")
  func splitting() throws {
    let call =
      "emit(measure_escape{temperature = dE / 8, method = 'splitting', replicas = 100, threshold = .3})"
    let record = try last(chain + call)
    #expect(record["method"] as? String == "splitting")
    let tau = try #require(record["tau"] as? Double)
    let low = try #require(record["tau_low"] as? Double)
    let high = try #require(record["tau_high"] as? Double)
    #expect(low < tau && tau < high)
    let theory = try #require(record["theory"] as? Double)
    #expect(abs(log(tau / theory)) < 0.4)
    let overlap = try #require(record["overlap"] as? [String: Any])
    #expect(overlap["agrees"] as? Bool == true && overlap["censored"] as? Int == 0)
    #expect(record["warning"] == nil)
    let run = try kramers("--threads", "1", "-", input: chain + call)
    #expect(try kramers("--threads", "2", "-", input: chain + call).output == run.output)
    let refused = try kramers("-", input: chain + "measure_escape{method = 'splitting'}")
    #expect(refused.errors.contains("are deterministic"), "\(refused.errors)")
  }
}
