import Foundation
import Testing

/// `grok`, `schedule` and `accelerate`, as a user calls them.
@Suite struct GrokkingProtocolTests {
  static let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

  private func last(_ code: String, timeout: Double = 120) throws -> [String: Any] {
    let run = try kramers("-", input: code, timeout: timeout)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    return try #require(run.records.last)
  }

  private func refusal(_ code: String) throws -> String {
    let run = try kramers("-", input: code)
    #expect(run.status == 1)
    return run.errors
  }

  @Test("matrix completion: train at step 60 or before, test after 2,000, no noise involved")
  func completion() throws {
    for seed in 1...5 {
      let record = try last(
        """
        experiment { data = data.completion { size = 20, fraction = 0.4, seed = \(seed) },
          depth = 3, width = 20, init = "balanced", l2 = 3e-3, lr = 0.05 }
        emit(grok { steps = 12000, until_test = true })
        """)
      let train = try #require(record["t_train"] as? Int)
      let test = try #require(record["t_test"] as? Int)
      #expect(train <= 60 && (2_000...12_000).contains(test), "seed \(seed): \(train), \(test)")
      #expect(try #require(record["ratio"] as? Double) > 50)
      #expect((record["verdict"] as? String)?.contains("no noise was involved") == true)
      // Without noise the run is its own twin.
      let control = try #require(record["control"] as? [String: Any])
      #expect(control["t_test"] as? Int == test && record["censored"] as? Int == 0)
    }
  }

  @Test("a rare feature is learned by noise: the noise-off twin stays, and both stand there")
  func rareFeature() throws {
    let record = try last(
      """
      experiment {
        data = data.teacher { singular = {1, 1}, samples = 2000, test = 2000,
          input_spectrum = {1, 0.05}, test_spectrum = {1, 1}, seed = 1 },
        depth = 3, width = 2, l2 = 0.01, lr = 0.3, temperature = 2.0164e-4 / 3, init_scale = 0.1 }
      emit(grok { steps = 200000, until_test = true, below = 0.1 })
      """)
    #expect(try #require(record["t_train"] as? Int) < 200)
    #expect(try #require(record["ratio"] as? Double) > 100)
    #expect((record["verdict"] as? String)?.contains("noise carried it") == true)
    let control = try #require(record["control"] as? [String: Any])
    #expect(control["t_test"] == nil && control["censored"] as? Int == 1)
    #expect(control["t_train"] is Int)
  }

  @Test("n samples train and the rest tests; the present experiment stays the current one")
  func subsample() throws {
    let record = try last(
      """
      local x = experiment { data = data.gaussian { singular = {0.9, 0.8}, samples = 200, seed = 1 },
        depth = 3, width = 2, lr = 0.1, l2 = 0.01 }
      local g = grok { n = 50, steps = 500, every = 50 }
      emit{samples = g.samples, looks = #g.curve, first = g.curve[1].step, same = current() == x,
        step = x.step}
      """)
    #expect(record["samples"] as? Int == 50 && record["looks"] as? Int == 10)
    #expect(record["first"] as? Int == 50 && record["same"] as? Bool == true)
    #expect(record["step"] as? Int == 0)
    #expect(
      try refusal(
        "experiment{data = data.population{singular = {1}}, depth = 3, width = 1} grok{}"
      ).contains("grok: the data has no test set"))
  }

  @Test("from an incomplete trap on 25 samples the curve starts late, without any noise")
  func fromTrap() throws {
    let record = try last(
      """
      experiment { data = data.gaussian { singular = {0.9, 0.8}, samples = 25, test = 1000,
        seed = 22 }, depth = 3, width = 10, lr = 0.08, seed = 22 }
      emit(grok { trap = { rank = 1, l2 = 0.37, steps = 340 }, l2 = 0.0025, steps = 4000,
        every = 20, below = 0.55 })
      """)
    let curve = try #require(record["curve"] as? [[String: Any]])
    #expect(record["l2"] as? Double == 0.0025 && record["noise"] as? Bool == false)
    // The second mode is absent at first and learned at the end.
    let first = try #require(curve.first?["modes"] as? [Double])
    let end = try #require(curve.last?["modes"] as? [Double])
    #expect(first[1] < 1e-3 && end[1] > 0.3)
  }

  private let pair = """
    local task = data.population { singular = {0.9, 0.8} }
    local x = experiment { data = task, depth = 3, width = 2, lr = 0.2, seed = 4 }

    """

  @Test("a constant programme is train itself, bit for bit; programmes set what they say")
  func constant() throws {
    let record = try last(
      pair + """
        local y = x:clone()
        y:set{l2 = 0.05, temperature = 1e-4}
        y:train(600)
        x:schedule{steps = 600, every = 7, l2 = 0.05, temperature = 1e-4}
        emit{same = x:map()[1][1] == y:map()[1][1] and x:map()[2][2] == y:map()[2][2],
          step = x.step}
        """)
    #expect(record["same"] as? Bool == true && record["step"] as? Int == 600)
    let trace = try #require(
      try last(
        pair + """
          emit(schedule{steps = 400, every = 50,
            l2 = {{0, 0.01}, {100, 0.02}, {300, 0.03}},
            lr = {{0, 0.2}, {400, 0.1}, shape = "ramp"},
            temperature = {pulse = 1e-4, start = 120, length = 100, base = 1e-6}})
          """)["trace"] as? [[String: Any]])
    #expect(trace.map { $0["step"] as? Int } == [50, 100, 150, 200, 250, 300, 350, 400])
    // Rows show the settings under which the step before was taken.
    #expect(
      trace.map { $0["l2"] as? Double } == [0.01, 0.01, 0.02, 0.02, 0.02, 0.02, 0.03, 0.03])
    #expect(
      trace.map { $0["temperature"] as? Double }
        == [1e-6, 1e-6, 1e-4, 1e-4, 1e-6, 1e-6, 1e-6, 1e-6])
    for row in trace {
      let step = try #require(row["step"] as? Int)
      let lr = 0.2 - 0.1 * Double(step - 10) / 400
      #expect(abs(try #require(row["lr"] as? Double) - lr) < 1e-12)
    }
    let time = try #require(trace.last?["time"] as? Double)
    // Sum of the stretches of ten steps.
    var expected = 0.0
    for stretch in 0..<40 { expected += 10 * (0.2 - 0.1 * Double(10 * stretch) / 400) }
    #expect(abs(time - expected) < 1e-9)
  }

  @Test("a wrong programme is refused before the first step, at the caller's line")
  func refused() throws {
    for (options, words) in [
      ("l2 = {{0, 0.1}, {100, -1}}", "l2 must be"),
      ("l2 = {{100, 0.1}, {50, 0.2}}", "steps must rise"),
      ("l2 = {}", "takes a value"), ("lr = {pulse = 0.1}", "needs its length"),
      ("lr = {{0, 1}, {5, 2}, shape = 'rmp'}", "shape must be"),
      ("until_test_loss = 0.1", "has no test loss"),
      ("temprature = 1", "did you mean 'temperature'"),
    ] {
      let run = try kramers(
        "-",
        input: pair + """
          print(pcall(x.schedule, x, {steps = 200, \(options)}), x.step, x.l2, x.lr)
          schedule{steps = 200, \(options)}
          """)
      #expect(run.errors.contains("stdin:4: "), "\(run.errors)")
      #expect(run.errors.contains(words), "\(run.errors)")
      #expect(run.output.hasSuffix("\t0\t0.0\t0.2\n"), "\(run.output)")
    }
  }

  @Test("a programme against itself has speedup 1; warmer pulses leave a trap sooner")
  func accelerate() throws {
    let setup = """
      experiment {
        data = data.teacher { singular = {1, 1}, samples = 2000, test = 2000,
          input_spectrum = {1, 0.05}, test_spectrum = {1, 1}, seed = 1 },
        depth = 3, width = 2, l2 = 0.01, lr = 0.3, temperature = 2.0164e-4 / 3, init_scale = 0.1 }

      """
    let record = try last(
      setup + """
        emit(accelerate { seeds = 8, max_steps = 400000, below = 0.1, programmes = {
          { name = "constant" }, { name = "same" },
          { name = "warmer", temperature = 2.0164e-4 / 2 },
          { name = "cold", temperature = 0 } } })
        """, timeout: 300)
    let rows = try #require(record["programmes"] as? [[String: Any]])
    #expect(rows.count == 4 && rows[0]["speedup"] == nil)
    #expect(rows[0]["times"] as? [Int] == rows[1]["times"] as? [Int])
    #expect(rows[1]["speedup"] as? Double == 1)
    let low = try #require(rows[2]["speedup_low"] as? Double)
    #expect(low > 1, "\(rows[2])")
    // Without noise nobody generalises: censored, said so, and no invented ratio.
    #expect(rows[3]["reached"] as? Int == 0 && rows[3]["censored"] as? Int == 8)
    #expect(rows[3]["speedup"] == nil)
    #expect(rows.allSatisfy { $0["censored"] is Int })
    #expect(
      try refusal(setup + "accelerate{programmes = {{name = 'one'}}}").contains("at least two"))
  }
}
