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
        -- Looks of 10 steps: the mean of the times as they were rounded up, put right.
        local sum = 0
        for _, t in ipairs(c.times) do sum = sum + t end
        local tau = -10 / math.log(1 - 10 * c.escapes / sum)
        emit{same = math.abs(c.tau / tau - 1) < 1e-12, replicas = c.replicas, seeds = c.seeds,
          censored = c.censored, expected = a.censored + b.censored, kind = c.kind,
          theory = c.theory == a.theory,
          exposure = math.abs((a.exposure + b.exposure) / c.exposure - 1) < 1e-4}
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
      ("{temperature = dE / 3, seed = 2, dwell = 5}", "differ in dwell"),
      ("{batch = 'full', temperature = 0, max_steps = 100}", "result 2 has no noise"),
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

  @Test("at dE/T from .5 to 2 no law is called, and the range that could tell is named")
  func tooHot() throws {
    let record = try last(
      chain + """
        emit(arrhenius { temperatures = {dE / 0.5, dE / 0.8, dE / 1.3, dE / 1.9}, replicas = 400,
          threshold = 0.3, every = 1 })
        """)
    #expect(record["best"] == nil, "\(record["best"] ?? "")")
    let points = try #require(record["points"] as? [[String: Any]])
    #expect(points.allSatisfy { $0["shallow"] as? Bool == true })
    let warning = try #require(record["warning"] as? String)
    #expect(warning.contains("dE/T < 2 at points 1, 2, 3, 4"), "\(warning)")
    // .01389806/8 and /3, to three digits.
    #expect(warning.contains("between dE/8 and dE/3: 0.00174 ... 0.00463"), "\(warning)")
    // Points of both kinds: the hot ones are marked, and still no law is called over all of them.
    let mixed = try last(
      chain + """
        emit(arrhenius { temperatures = {dE, dE / 3, dE / 5}, replicas = 64 })
        """)
    let marks = try #require(mixed["points"] as? [[String: Any]]).map { $0["shallow"] as? Bool }
    #expect(marks == [true, nil, nil] && mixed["best"] == nil)
  }

  @Test("a law is called over a range that can tell, and not over one too narrow for its escapes")
  func range() throws {
    let wide = try last(
      chain + """
        emit(arrhenius { temperatures = {dE / 2.5, dE / 4, dE / 6}, replicas = 600,
          max_steps = 1e7 })
        """)
    #expect(wide["best"] as? String == "arrhenius", "\(wide["warning"] ?? "")")
    #expect(wide["warning"] == nil)
    let points = try #require(wide["points"] as? [[String: Any]])
    #expect(points.allSatisfy { $0["shallow"] == nil })
    let narrow = try last(
      chain + """
        emit(arrhenius { temperatures = {dE / 3.5, dE / 4, dE / 4.5}, replicas = 64 })
        """)
    #expect(narrow["best"] == nil && narrow["simplest"] is String)
    let warning = try #require(narrow["warning"] as? String)
    #expect(warning.contains("cannot be told apart"), "\(warning)")
    #expect(warning.contains("times as many escapes, or a wider range"), "\(warning)")
    #expect(warning.contains("0.00174 ... 0.00463"), "\(warning)")
  }

  @Test("splitting that is imprecise says so, and does not call it a disagreement")
  func impreciseSplitting() throws {
    let record = try last(
      chain + """
        emit(measure_escape { temperature = 0.0139 / 8, method = "splitting", runs = 3,
          replicas = 2, seed = 11 })
        """)
    let overlap = try #require(record["overlap"] as? [String: Any])
    #expect(abs(try #require(overlap["z"] as? Double)) < 1)
    #expect(overlap["agrees"] == nil)
    let warning = try #require(record["warning"] as? String)
    #expect(warning.contains("imprecise") && !warning.contains("disagree"), "\(warning)")
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

  @Test("arrhenius covers the barrier at looks shorter and longer than the escape times")
  func coarseArrhenius() throws {
    for every in [10, 300, 1000] {
      let record = try last(
        chain + """
          emit(arrhenius { temperatures = {0.00695, 0.00556, 0.00463}, replicas = 256,
            every = \(every), seed = 1 })
          """)
      let low = try #require(record["barrier_low"] as? Double)
      let high = try #require(record["barrier_high"] as? Double)
      #expect(low < 0.0139 && 0.0139 < high, "every \(every): \(low) ... \(high)")
    }
  }

  @Test("where replicas diverge no time and no law is given, and the sentence says which points")
  func diverged() throws {
    let wild = chain.replacingOccurrences(of: "lr = 0.2", with: "lr = 4")
    let one = try last(
      wild + "emit(measure_escape{temperature = 0.007, seed = 1, max_steps = 1e5})")
    let diverged = try #require(one["diverged"] as? Int)
    #expect(one["outcome"] as? String == "diverged" && diverged > 0 && one["tau"] == nil)
    #expect((one["summary"] as? String)?.contains("\(diverged) diverged: no escape time") == true)
    #expect(one["reason"] is String && one["median"] == nil && one["exponential_p"] == nil)
    let law = try last(
      wild + "emit(arrhenius{temperatures = {0.006, 0.008, 0.01}, seed = 1, max_steps = 1e5})")
    #expect(law["outcome"] as? String == "diverged" && law["barrier"] == nil)
    #expect((law["warning"] as? String)?.contains("diverged at point 1, 2, 3") == true, "\(law)")
    let points = try #require(law["points"] as? [[String: Any]])
    #expect(points.allSatisfy { ($0["diverged"] as? Int ?? 0) > 0 })
    let both = try last(
      wild + """
        local a = measure_escape{temperature = 0.007, seed = 1, max_steps = 1e5}
        emit(escape.combine{a, measure_escape{temperature = 0.007, seed = 2, max_steps = 1e5}})
        """)
    #expect(both["outcome"] as? String == "diverged" && both["tau"] == nil)
    let runs = try last(
      """
      experiment { data = data.gaussian { singular = {0.9, 0.6}, samples = 50, test = 50, seed = 1 },
        depth = 3, width = 2, lr = 0.2, l2 = 1e-3 }
      emit(accelerate { seeds = 3, max_steps = 500, below = 0.5, programmes = {
        { name = "a" }, { name = "wild", lr = 30 } } })
      """)
    #expect(runs["outcome"] as? String == "diverged")
    let rows = try #require(runs["programmes"] as? [[String: Any]])
    #expect(rows[1]["diverged"] as? Int == 3 && rows[1]["censored"] as? Int == 0)
    #expect(rows[1]["tau"] == nil && rows[1]["speedup"] == nil)
  }

  @Test("looks of different lengths combine: tau lies between, with a narrower interval")
  func combinedLooks() throws {
    let record = try last(
      chain + """
        local a = measure_escape{temperature = dE / 2, replicas = 60, seed = 1}
        local b = measure_escape{temperature = dE / 2, replicas = 60, every = 500, seed = 2}
        local c = escape.combine{a, b}
        emit{a = a.tau, b = b.tau, c = c.tau, p = c.exponential_p,
          narrower = c.tau_high / c.tau_low < math.min(a.tau_high / a.tau_low, b.tau_high / b.tau_low)}
        """)
    let taus = try ["a", "b", "c"].map { try #require(record[$0] as? Double) }
    #expect(min(taus[0], taus[1]) < taus[2] && taus[2] < max(taus[0], taus[1]), "\(taus)")
    #expect(record["narrower"] as? Bool == true && record["p"] is Double)
  }

  @Test("a speedup at coarse looks has an interval that holds the one at looks every step")
  func coarseSpeedup() throws {
    let setup = """
      experiment { data = data.gaussian { singular = {0.9, 0.6}, samples = 50, test = 50, seed = 1 },
        depth = 3, width = 2, lr = 0.2, l2 = 1e-3 }
      local function speedup(every)
        return accelerate { seeds = 8, max_steps = 2000, below = 0.9, every = every,
          programmes = { { name = "a" }, { name = "half", lr = 0.1 } } }
      end

      """
    func row(_ every: Int) throws -> (value: Double, low: Double, high: Double, warning: String?) {
      let record = try last(setup + "emit(speedup(\(every)))")
      let row = try #require((record["programmes"] as? [[String: Any]])?.last)
      return (
        try #require(row["speedup"] as? Double), try #require(row["speedup_low"] as? Double),
        row["speedup_high"] as? Double ?? .infinity, record["warning"] as? String
      )
    }
    let (fine, coarse) = (try row(1), try row(100))
    #expect(fine.high - fine.low > 0 && fine.low < fine.value && fine.value < fine.high)
    #expect(coarse.low < fine.value && fine.value < coarse.high, "\(fine), \(coarse)")
    #expect(coarse.warning?.contains("looks every 100 steps") == true)
  }

  @Test("without any noise one replica is run for all, and a stationary state says so")
  func nothingRandom() throws {
    let record = try last(chain + "emit(measure_escape{max_steps = 1e9})", timeout: 20)
    #expect(record["deterministic"] as? Bool == true && record["replicas"] as? Int == 1)
    #expect(record["summary"] as? String == "stationary: never leaves without noise")
    #expect(record["times"] as? [Int] == [1_000_000_000] && record["escapes"] as? Int == 0)
    #expect((record["warning"] as? String)?.contains("nothing is random") == true)
  }
}
