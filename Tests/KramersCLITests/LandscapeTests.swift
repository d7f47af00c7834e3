import Foundation
import Testing

@Suite struct LandscapeTests {
  private let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

  private func record(_ code: String) throws -> [String: Any] {
    let run = try kramers("-", input: code, timeout: 600)
    #expect(run.status == 0, "\(run.errors)")
    return try #require(run.records.last, "\(run.errors)")
  }

  private func numbers(_ value: Any?) -> [Double] { value as? [Double] ?? [] }
  private func rows(_ value: Any?) -> [[String: Any]] { value as? [[String: Any]] ?? [] }

  @Test(
    "hysteresis of a full 3x3 network: collapses within one step, areas within 1 %, no revival",
    arguments: [(3, [2.0443, 1.1906, 0.4725]), (4, [2.0, 1.0887, 0.3849])])
  func hysteresis(depth: Int, spinodals: [Double]) throws {
    let record = try record(
      """
      experiment{data = data.population{singular = {3, 2, 1}}, depth = \(depth), width = 3, lr = .05}
      emit(hysteresis{from = .05, to = 2.2, points = 216, floor = 0})
      """)
    #expect(record["kind"] as? String == "hysteresis" && record["floor"] as? Double == 0)
    let jumps = rows(record["jumps"])
    #expect(jumps.count == 3)
    for jump in jumps {
      let mode = try #require(jump["mode"] as? Int)
      #expect(jump["direction"] as? String == "up" && jump["event"] as? String == "collapse")
      #expect(abs((jump["l2"] as? Double ?? 0) - spinodals[mode - 1]) <= 0.01)
      #expect(abs((jump["uncertainty"] as? Double ?? 0) - 0.01) < 1e-12)
    }
    let area = numbers(record["area"])
    let theory = numbers((record["theory"] as? [String: Any])?["area"])
    #expect(area.count == 3 && theory.count == 3)
    for (a, t) in zip(area, theory) { #expect(abs(a / t - 1) < 0.01) }
    // Down to .05 nothing came back.
    let down = rows((record["down"] as? [String: Any])?["points"])
    let last = try #require(down.last)
    #expect(last["rank"] as? Int == 0 && (last["l2"] as? Double ?? 1) == 0.05)
  }

  @Test("depth 2 has no loop: the ways up and down agree, also without a floor")
  func depthTwo() throws {
    for floor in ["0", "1e-6"] {
      let record = try record(
        """
        experiment{data = data.population{singular = {1, .6}}, depth = 2, width = 2, lr = .1}
        emit(hysteresis{from = .2025, to = 1.1025, points = 19, floor = \(floor)})
        """)
      for area in numbers(record["area"]) { #expect(abs(area) < 1e-5) }
      let transitions = rows(record["transitions"])
      #expect(transitions.count == 4 && rows(record["jumps"]).isEmpty)
      for jump in transitions {
        #expect(jump["transition"] as? String == "continuous")
        let mode = try #require(jump["mode"] as? Int)
        #expect(abs((jump["l2"] as? Double ?? 0) - [1, 0.6][mode - 1]) <= 0.05)
      }
    }
  }

  @Test("a faster ramp overshoots the spinodal as rate^(2/3)")
  func rate() throws {
    let rates = isLong ? "{1e-5, 3e-5, 1e-4, 3e-4}" : "{1e-4, 1e-3}"
    let record = try record(
      """
      experiment{data = data.population{singular = {1, .6}}, depth = 3, width = 2, lr = .1}
      emit(hysteresis{rate = \(rates)})
      """)
    #expect(numbers(record["exponents"]).count == 2)
    for exponent in numbers(record["exponents"]) + [record["exponent"] as? Double ?? 0] {
      #expect(abs(exponent - 2 / 3.0) < 0.02)
    }
    for row in rows(record["rates"]) {
      // The first Airy zero, and the fall to a tenth after it: a few per cent more.
      let ratio = (row["excess"] as? Double ?? 0) / (row["theory"] as? Double ?? 1)
      #expect(ratio > 1 && ratio < 1.12, "\(ratio)")
    }
    if isLong { print("rate study: exponents \(numbers(record["exponents"]))") }
  }

  @Test("metastable states are K + 1, and the other subsets saddles: 4, 4, 3, 3, 2, 1")
  func counts() throws {
    let run = try kramers(
      "-",
      input: """
        for _, l2 in ipairs{.1, .2, .28, .3, .4, .5} do
          experiment{data = data.population{singular = {1, .8, .6}}, depth = 3, width = 3, lr = .2}
          emit(metastable{l2 = l2, quenches = 3})
        end
        experiment{data = data.population{singular = {1, .8, .6}}, depth = 2, width = 3, lr = .2}
        emit(metastable{l2 = .1, quenches = 3})
        """)
    let records = run.records.dropFirst()
    #expect(records.map { $0["count"] as? Int } == [4, 4, 3, 3, 2, 1, 1], "\(run.errors)")
    #expect(records.map { $0["theory"] as? Int } == [4, 4, 3, 3, 2, 1, 1])
    // 2^3 stationary subsets at l2 = .1, four of them saddles.
    let first = try #require(records.first)
    #expect(first["stationary"] as? Int == 8)
    #expect(
      rows(first["saddles"]).map { $0["modes"] as? [Int] } == [[2], [3], [1, 3], [2, 3]])
    for state in rows(first["states"]) {
      #expect(state["zero_modes"] as? Int == state["zero_modes_theory"] as? Int)
    }
  }

  @Test("the count K + 1 holds for twenty random spectra")
  func randomSpectra() throws {
    let run = try kramers(
      "-",
      input: """
        math.randomseed(20)
        local done = 0
        while done < 20 do
          local s = {}
          for k = 1, 3 do s[k] = .3 + .9 * math.random() end
          table.sort(s, function(a, b) return a > b end)
          local ok = s[1] - s[2] >= .05 and s[2] - s[3] >= .05
          local depth = math.random(3, 4)
          local l2 = .05 + .4 * math.random()
          local x = experiment{data = data.population{singular = s}, depth = depth, width = 3, lr = .2}
          for _, m in ipairs(phases().modes) do
            ok = ok and math.abs(l2 / m.spinodal - 1) >= .03
          end
          if ok then
            local m = metastable{l2 = l2, quenches = 2}
            emit{count = m.count, theory = m.theory, failures = m.failures}
            done = done + 1
          end
        end
        """, timeout: 600)
    let records = run.records.dropFirst()
    #expect(records.count == 20, "\(run.errors)")
    for record in records {
      #expect(record["count"] as? Int == record["theory"] as? Int, "\(record)")
    }
    #expect(Set(records.compactMap { $0["theory"] as? Int }).count > 1)
  }

  @Test("unequal input variances: more than K + 1, and no theory is printed beside the count")
  func unequalVariances() throws {
    let record = try record(
      """
      experiment{data = data.population{singular = {.3, .1}, input_spectrum = {1, .05}}, depth = 3,
        width = 2, lr = .2}
      emit(metastable{l2 = .05, quenches = 8})
      """)
    #expect(record["theory"] == nil)
    #expect((record["theory_reason"] as? String)?.contains("equal input variances") == true)
  }

  @Test("bifurcation gives stable and unstable branches that meet at the spinodal")
  func bifurcation() throws {
    let record = try record(
      """
      experiment{data = data.population{singular = {.9, .8}}, depth = 3, width = 2}
      emit(bifurcation{from = .05, to = .45, points = 41})
      """)
    for mode in rows(record["modes"]) {
      let k = mode["mode"] as? Int
      let spinodal = mode["spinodal"] as? Double ?? 0
      let s = mode["singular"] as? Double ?? 0
      for (branch, rises) in [("stable", false), ("unstable", true)] {
        let points = rows(record[branch]).filter { $0["mode"] as? Int == k }
        #expect(points.allSatisfy { ($0["l2"] as? Double ?? 1) < spinodal })
        #expect(points.count == rows(record["stable"]).filter { $0["mode"] as? Int == k }.count)
        for point in points {
          // b = w^(1/3) (s - w).
          let w = point["strength"] as? Double ?? 0
          #expect(abs(pow(w, 1 / 3.0) * (s - w) - (point["l2"] as? Double ?? 0)) < 1e-12)
          #expect(rises == (w < s / 4))
        }
      }
    }
  }

  @Test("the phase diagram shows learned, metastable and zero")
  func phaseDiagram() throws {
    let record = try record(
      """
      experiment{data = data.population{singular = {1}}, depth = 3, width = 1, lr = .2}
      emit(phase_diagram{l2 = {.2, .3, .44, .5}, temperature = {0, 3e-3}, steps = 20000})
      """)
    let points = rows(record["points"])
    func phase(_ l2: Double, _ temperature: Double) -> String? {
      points.first {
        $0["l2"] as? Double == l2 && $0["temperature"] as? Double == temperature
      }?["phase"] as? String
    }
    // Without noise both phases survive below the spinodal, .4725, and only zero above it.
    #expect(phase(0.2, 0) == "metastable" && phase(0.44, 0) == "metastable")
    #expect(phase(0.5, 0) == "zero" && phase(0.5, 3e-3) == "zero")
    // dE/T = 1.6 and 4.6 at l2 = .2 and .3; from the learned state at .44 dE/T = .5.
    #expect(phase(0.2, 3e-3) == "learned" && phase(0.3, 3e-3) == "learned")
    #expect(phase(0.44, 3e-3) == "zero")
  }

  @Test("r:state re-enters points; r:time says a time or a reason; both survive only what they can")
  func resultMethods() throws {
    let run = try kramers(
      "-",
      input: """
        local x = experiment{data = data.population{singular = {1, .8}}, depth = 3, width = 2, lr = .2}
        trap{rank = 2, release = .1}
        local s = sweep{l2 = {.1, .2, .3}}
        emit{a = s:state(2).l2, b = measure().objective - s.points[2].objective, c = use(s:state(1)).l2}
        local h = hysteresis{l2 = {.1, .2, .3}, floor = 0}
        emit{a = h:state(4).l2, b = h:state(1).l2, c = h.down:state(3).l2}
        set_l2(.2)
        local b = barrier{mode = 1}
        local tau, stated = b:time(b.height / 12)
        local none, reason = b:time(b.height)
        b:state(2)
        emit{tau = tau, stated = stated, none = none == nil, reason = reason,
          saddle = measure().modes[1] - b.saddle, gradient = measure().gradient_norm}
        emit{direct = math.exp(12) * (b.height / 12) ^ b.temperature_power / (b.prefactor * x.lr) / tau,
          step = x.lr * b.step_slope}
        print(pcall(s.state, s, 4))
        print(pcall(measure().state, measure(), 1))
        print(pcall(s.time, s, 1))
        print(pcall(b.time, b, -1))
        """)
    let records = run.records.dropFirst().map { $0 }
    #expect(records.count == 4, "\(run.errors)")
    #expect(records[0]["a"] as? Double == 0.2 && records[0]["c"] as? Double == 0.1)
    #expect(records[0]["b"] as? Double == 0)
    #expect(records[1]["a"] as? Double == 0.3 && records[1]["b"] as? Double == 0.1)
    #expect(records[1]["c"] as? Double == 0.1)
    // Beside (1 + M^2) T / 2 dE it states what lr does beyond first order.
    let stepError = (records[2]["stated"] as? Double ?? 0) - 5 / 24.0
    #expect(stepError > 0 && stepError < 0.01)
    #expect(records[2]["none"] as? Bool == true)
    #expect((records[2]["reason"] as? String)?.contains("too small") == true)
    #expect(abs(records[2]["saddle"] as? Double ?? 1) < 1e-12)
    #expect((records[2]["gradient"] as? Double ?? 1) < 1e-12)
    let direct = try #require(records[3]["direct"] as? Double)
    let step = try #require(records[3]["step"] as? Double)
    #expect(step > 0.01 && abs(-log(direct) - step) < stepError)
    for words in [
      "r:state: takes the number of a state in 1...3, got 4", "r:state: this result has no states",
      "r:time: is a method of results of barrier", "r:time: temperature must be positive, got -1",
    ] { #expect(run.output.contains(words), "\(run.output)") }
  }

  @Test("passage_time is exact: a double well against Kramers, and V = 0 in closed form")
  func passageTime() throws {
    let record = try record(
      """
      local function well(x) return (x * x - 1) ^ 2 / 4 end
      emit{well = passage_time{potential = well, temperature = .01, from = -1, to = 1},
        flat = passage_time{potential = function() return 0 end, temperature = .5, from = 0, to = 3,
          wall = 0}}
      """)
    // Free motion from a wall: L^2/(2 T).
    #expect(abs((record["flat"] as? Double ?? 0) - 9) < 1e-8)
    let kramers = 2.0.squareRoot() * Double.pi * exp(25.0)
    let ratio = (record["well"] as? Double ?? 0) / kramers
    #expect(ratio > 1 && ratio < 1.03)
  }

  static let mistakes: [(code: String, words: String)] = [
    ("make() sweep{l2 = {}}", "sweep: l2 must not be empty"),
    ("make() sweep{l2 = {.1, .3, .2}}", "sweep: l2 must rise or fall throughout, but l2[3] = 0.2"),
    ("make() sweep{from = .1}", "sweep: to is required"),
    ("make() sweep{l2 = {.1}, points = 3}", "sweep: give either l2, or from, to and points"),
    ("make() sweep{l2 = {.1}, hold = 5, converged = 1e-3}", "give either hold or converged"),
    ("make() hysteresis{l2 = {.3, .2}}", "hysteresis: l2 must rise"),
    ("make() hysteresis{l2 = {}}", "hysteresis: l2 must not be empty"),
    ("make() hysteresis{l2 = {.1, .2}, flor = 0}", "did you mean 'floor'?"),
    (
      "make() hysteresis{rate = {1e-3}, to = 1}",
      "hysteresis: l2 (or from, to and points) is required"
    ),
    ("make{l2 = .5} barrier{mode = 1}", "collapses at 0.41"),
    ("make{l2 = .1} barrier{mode = 3}", "barrier: mode must be in 1...2"),
    ("make{l2 = .1} barrier{mode = 1, method = 'sting'}", "did you mean \"string\"?"),
    (
      "local x = make{l2 = .1, init = 'gaussian'} barrier{from = x, method = 'string'}",
      "barrier: from is not a minimum: the gradient norm there is"
    ),
    ("make{width = 60} hessian{dense = true}", "hessian: the dense Hessian of 3840 parameters"),
    ("make() hessian{k = 100}", "hessian: k must be in 1...12"),
    ("make() hessian{k = 2, dense = true}", "leave k and which out"),
    ("make() noise()", "noise: gradient noise needs samples"),
    ("make() phase_diagram{l2 = {.1}, mode = 7}", "phase_diagram: mode must be in 1...2, got 7"),
    ("make() bifurcation{l2 = {.2, .1}}", "bifurcation: l2 must rise"),
    ("make{depth = 1} bifurcation{points = 3}", "bifurcation: depth 1 is ridge regression"),
    ("make{activation = 'tanh'} phases()", "experiment: data.population knows second moments"),
    (
      "passage_time{potential = 3, temperature = 1, from = 0, to = 1}",
      "potential must be a function"
    ),
    (
      "passage_time{potential = function() return 0 end, temperature = 1, from = 1, to = 0}",
      "must lie right of the start"
    ),
  ]

  @Test("each mistake is a sentence with value and rule, at its line", arguments: mistakes.indices)
  func sentence(index: Int) throws {
    let (code, words) = Self.mistakes[index]
    let setup = """
      local function make(t)
        t = t or {}
        t.data = data.population{singular = {0.9, 0.8}}
        t.depth, t.width, t.lr = t.depth or 3, t.width or 2, .2
        t.init = t.init or "zero"
        return experiment(t)
      end

      """
    let run = try kramers("-", input: setup + code)
    #expect(run.status == 1)
    #expect(run.errors.contains(words), "\(code): \(run.errors)")
    let line = words.hasPrefix("experiment: ") ? 6 : 8
    #expect(run.errors.hasPrefix("kramers: stdin:\(line): "), "\(code): \(run.errors)")
  }

  @Test("an interrupted hysteresis emits the sweep that it has")
  func interrupted() throws {
    let program = try RunningBinary(
      [
        binary.path, "-e",
        """
        experiment{data = data.population{singular = {1}}, depth = 3, width = 1, lr = .01}
        log("go")
        hysteresis{from = .1, to = .2, points = 10, hold = 2000000}
        """,
      ])
    #expect(program.wait { $0.errorsSoFar.contains("go") })
    Thread.sleep(forTimeInterval: 1)
    program.send(SIGTERM)
    let run = try program.finish(timeout: 30)
    #expect(run.signal == SIGTERM)
    let last = try #require(run.records.last, "\(run.errors)")
    #expect(last["outcome"] as? String == "interrupted")
    #expect(["sweep", "hysteresis"].contains(last["kind"] as? String))
  }

  @Test("barrier and hessian stop when asked to")
  func stopped() throws {
    for call in [
      "barrier{method = 'string', paths = 100000}",
      "for i = 1, 1e6 do hessian{k = 30, tolerance = 1e-14} end",
    ] {
      let program = try RunningBinary(
        [
          binary.path, "-e",
          """
          experiment{data = data.population{singular = {1, .9, .8}}, depth = 3, width = 8, l2 = .1,
            init = "zero"}
          log("go")
          \(call)
          """,
        ])
      #expect(program.wait { $0.errorsSoFar.contains("go") })
      Thread.sleep(forTimeInterval: 1)
      program.send(SIGTERM)
      let run = try program.finish(timeout: 30)
      #expect(run.signal == SIGTERM, "\(call): \(run.status) \(run.errors)")
    }
  }

  @Test("two runs give the same bytes on one and two threads")
  func sameBytes() throws {
    let code = """
      local d = data.digits{classes = {0, 1, 2}, seed = 1}
      experiment{data = d, widths = {64, 5, 3}, activation = "tanh", bias = true, lr = .1, seed = 3}
      train(50)
      emit(hessian{k = 3})
      emit(noise{batch = 16})
      """
    let one = try kramers("--threads", "1", "-", input: code)
    let two = try kramers("--threads", "2", "-", input: code)
    #expect(one.output == two.output && one.records.count == 3)
  }
}
