import Foundation
import Testing

/// Divergence as an outcome of verbs and protocols, as a user meets it.
@Suite struct DivergenceOutcomeTests {
  private func setup(lr: String, more: String = "") -> String {
    "experiment{data = data.population{singular = {1, .6}}, depth = 3, width = 2, lr = \(lr), "
      + "seed = 1\(more)}\n"
  }

  private func last(_ code: String) throws -> [String: Any] {
    let run = try kramers("-", input: code)
    #expect(run.status == 0, "\(code): \(run.errors)")
    return try #require(run.records.last)
  }

  private func rows(_ value: Any?) -> [[String: Any]] { value as? [[String: Any]] ?? [] }

  @Test(
    "where nothing could be measured, each says so at the caller's line, with the stable lr",
    arguments: [
      "trap{rank = 2, release = .1, exact = true} hysteresis{l2 = {.1, .2}}",
      "trap{rank = 2, release = .1, exact = true} hysteresis{l2 = {.1, .2}, hold = 500}",
      "hysteresis{rate = {1e-3}}", "hysteresis{l2 = {.1, .2}}", "phase_diagram{l2 = {.1}}",
      "phase_diagram{l2 = {.1}, temperature = {3e-3}}",
    ])
  func nothing(call: String) throws {
    for lr in ["5", "1e3"] {
      let run = try kramers("-", input: setup(lr: lr) + call)
      #expect(run.status == 1, "lr = \(lr): \(call)")
      #expect(run.errors.hasPrefix("kramers: stdin:2: "), "\(call): \(run.errors)")
      #expect(run.errors.contains("the largest stable lr by the Hessian"), "\(call): \(run.errors)")
      #expect(run.records.count <= 1)
    }
  }

  @Test("a sweep whose first point diverges is an error, with the experiment as it was")
  func firstPoint() throws {
    for more in ["", ", hold = 500", ", hold = 500, floor = 1e-3"] {
      let run = try kramers(
        "-",
        input: setup(lr: "1e3") + """
          trap{rank = 2, release = .1, exact = true}
          local before = current().l2
          print(pcall(sweep, {l2 = {.2, .3}\(more)}))
          emit{same = current().l2 == before and measure().gradient_norm < 1e-12}
          sweep{l2 = {.2, .3}\(more)}
          """)
      #expect(run.status == 1 && run.records.last?["same"] as? Bool == true)
      #expect(
        run.errors.hasPrefix("kramers: stdin:6: sweep: no point could be measured: training "))
      #expect(run.errors.contains("lr = 1000 is above"), "\(run.errors)")
    }
  }

  @Test("lr = 1 lies above the limit of the learned state: no phase, and a warning of the ramp")
  func justAbove() throws {
    let run = try kramers("-", input: setup(lr: "1") + "phase_diagram{l2 = {.1}}")
    #expect(run.status == 1 && run.errors.contains("no phase could be measured: lr = 1 is above"))
    for call in ["hysteresis{l2 = {.1, .2, .3}}", "hysteresis{l2 = {.1, .2, .3}, hold = 2000}"] {
      let run = try kramers(
        "-", input: setup(lr: "1") + "trap{rank = 2, release = .1, exact = true} emit(\(call))")
      let says = run.errors + ((run.records.last?["warning"] as? String) ?? "")
      #expect(says.contains("the largest stable lr by the Hessian"), "\(call): \(says)")
    }
  }

  @Test("a ramp that diverges at some of its points has those before, a message and no loop")
  func someOfARamp() throws {
    for more in ["", ", hold = 2000"] {
      let record = try last(setup(lr: ".2") + "emit(hysteresis{l2 = {.1, .2, 400}\(more)})")
      #expect(record["outcome"] as? String == "diverged" && record["area"] == nil)
      #expect(record["down"] == nil && rows((record["up"] as? [String: Any])?["points"]).count == 2)
      #expect((record["message"] as? String)?.contains("(l2 = 400") == true)
      // lambda_max is at least l2.
      #expect(try #require(record["stable_lr"] as? Double) <= 2 / 400.0 + 1e-9)
      #expect((record["warning"] as? String)?.contains("the way up: ended after 2 points") == true)
      let sweep = try last(setup(lr: ".2") + "emit(sweep{l2 = {.1, .2, 400}\(more)})")
      #expect(sweep["outcome"] as? String == "diverged" && sweep["diverged_l2"] as? Double == 400)
      #expect(sweep["diverged_at"] is Int && rows(sweep["points"]).count == 2)
    }
  }

  @Test("a phase diagram knows its phase where it can, and says why elsewhere")
  func someOfADiagram() throws {
    let record = try last(
      setup(lr: ".2") + "emit(phase_diagram{l2 = {.1, 20}, temperature = {0}, steps = 2000})")
    let points = rows(record["points"])
    #expect(points.map { $0["phase"] as? String } == ["metastable", "unknown"])
    #expect((points[1]["reason"] as? String)?.contains("lr = 0.2 is above 0.1") == true)
    #expect((record["warning"] as? String)?.contains("unknown at 1 of 2 points") == true)
  }

  @Test("grok, schedule and train share the sentence")
  func sentence() throws {
    let task =
      "data = data.teacher{singular = {1, 1}, samples = 50, test = 50, seed = 1}, depth = 3"
    let made = "experiment{\(task), width = 2, lr = 50}\n"
    let grok = try kramers("-", input: made + "grok{steps = 500}")
    #expect(grok.status == 1 && grok.errors.contains("kramers: stdin:2: grok: training diverged"))
    #expect(grok.errors.contains("stable lr by the Hessian"))
    let trap = try kramers(
      "-", input: made + "grok{steps = 500, trap = {rank = 1, release = .1}}")
    #expect(
      trap.status == 1 && trap.errors.contains("grok: trap: training diverged"), "\(trap.errors)")
    for verb in ["train(500)", "schedule{steps = 500}"] {
      let record = try last(made + "emit(\(verb))")
      #expect(record["outcome"] as? String == "diverged" && record["diverged_at"] is Int)
      #expect((record["message"] as? String)?.contains("lower lr") == true)
      #expect(try #require(record["stable_lr"] as? Double) < 50)
    }
  }

  @Test("data in thousands: the limit falls with the square, and a run below it converges")
  func largeData() throws {
    let record = try last(
      """
      local x, y = {}, {}
      for i = 1, 40 do
        local t = (i - 20.5) / 10
        x[i], y[i] = { 1e3 * t }, { 1e3 * t }
      end
      experiment{data = data.from{x = x, y = y}, depth = 2, width = 1, lr = .1, seed = 1}
      local r = train(1000)
      set{lr = r.stable_lr / 4}
      emit{outcome = r.outcome, stable = r.stable_lr, again = train(20000).outcome}
      """)
    #expect(record["outcome"] as? String == "diverged" && record["again"] as? String == "completed")
    #expect(try #require(record["stable"] as? Double) < 1e-4)
  }

  @Test("metastable lists starts that diverge and never counts them as states")
  func metastable() throws {
    let record = try last(setup(lr: "1e3") + "emit(metastable{l2 = .1, quenches = 3})")
    #expect(record["outcome"] as? String == "diverged")
    // Traps of rank 0, 1 and 2, the zero state, and three quenches.
    #expect(record["diverged"] as? Int == 7)
    #expect((record["failures"] as? [String])?.count == 7)
    // What stands there are the aligned states, judged by their Hessians.
    #expect(record["count"] as? Int == 3)
    for state in rows(record["states"]) {
      #expect((state["found"] as? [String: Any])?.keys.sorted() == ["subset"])
    }
    #expect((record["warning"] as? String)?.contains("lower bound") == true)
  }

  @Test("a barrier does not depend on lr, which its string does not use")
  func barrier() throws {
    let heights = try [".2", "1e3"].map { lr in
      try #require(
        try last(
          setup(lr: lr, more: ", l2 = .2, init = 'zero'")
            + "emit(barrier{method = 'string', mode = 1, paths = 1})")["height"] as? Double)
    }
    #expect(heights[0] == heights[1])
  }

  @Test("out of a trapped state hysteresis names the collapsed mode and the way out")
  func collapsed() throws {
    let run = try kramers(
      "-",
      input: setup(lr: ".2") + """
        trap{rank = 1, release = .1}
        local before = measure().objective
        print(pcall(hysteresis, {l2 = {.1, .2, .3}}))
        emit{same = measure().objective == before}
        """)
    #expect(run.output.contains("mode 2 collapsed"), "\(run.output)")
    #expect(run.output.contains("training cannot bring it back; reset()"))
    #expect(run.records.last?["same"] as? Bool == true)
  }

  @Test("four minima at unequal variances: two of rank 1, each entered by its name")
  func fourMinima() throws {
    let record = try last(
      """
      experiment{data = data.population{singular = {1.5, 1}, input_spectrum = {4, 1}}, depth = 3,
        width = 2, lr = .1, l2 = .4}
      local found = {}
      for _, modes in ipairs{{}, {1}, {2}, {1, 2}} do
        reset()
        local t = trap{modes = modes, release = .4}
        found[#found + 1] = {certified = t.certified, index = hessian{dense = true}.index,
          saddle = t.saddle or 0}
      end
      trap{modes = {1}, release = .4}
      local one = measure_escape{temperature = .002, replicas = 2, max_steps = 100, threshold = .3,
        mode = 2}
      trap{modes = {2}, release = .4}
      local two = measure_escape{temperature = .002, replicas = 2, max_steps = 100, threshold = .3,
        mode = 2}
      emit{found = found, one = one.theory_reason or "", two = two.theory_reason or ""}
      """)
    for row in rows(record["found"]) {
      #expect(row["certified"] as? Bool == true && row["index"] as? Int == 0)
    }
    // One of the two appears first; from the other one theory has no path.
    let reasons = [record["one"], record["two"]].compactMap { $0 as? String }
    #expect(reasons.count { $0.contains("theory knows the way out of the state of modes") } == 1)
  }

  @Test("the progress of a sweep counts points, and its time left comes from them")
  func progress() throws {
    let program = try RunningBinary(
      [
        binary.path, "-e",
        setup(lr: "1e-4") + "log('go') sweep{from = .1, to = .2, points = 1000, hold = 100000}",
      ])
    #expect(program.wait { $0.errorsSoFar.contains("go") })
    Thread.sleep(forTimeInterval: 1.5)
    program.send(SIGUSR1)
    #expect(program.wait { $0.errorsSoFar.contains("/1000 points  ") }, "\(program.errorsSoFar)")
    #expect(program.errorsSoFar.contains("steps/s  ") && program.errorsSoFar.contains(" left"))
    program.send(SIGKILL)
    _ = try program.finish()
  }
}
