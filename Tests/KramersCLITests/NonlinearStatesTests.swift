import Foundation
import Testing

/// States of nonlinear networks: `settle`, `deflate`, `x:distance`, `metastable`.
@Suite struct NonlinearStatesTests {
  /// X1 and X2 of Tests/Fixtures/make_continuation.py.
  private let setup = """
    local function tanh(z) return 1 - 2 / (math.exp(2 * z) + 1) end
    local x, y = {}, {}
    for i = 0, 16 do
      x[i + 1] = { -2 + i / 4 }
      y[i + 1] = { 1.5 * tanh(1.2 * tanh(1.2 * x[i + 1][1])) }
    end
    local chain = data.from { x = x, y = y }
    x, y = {}, {}
    for i = -2, 2 do for j = -2, 2 do
      local a, b = 0.75 * i, 0.75 * j
      x[#x + 1], y[#y + 1] = { a, b }, { 1.2 * tanh(1.5 * a), 0.7 * tanh(1.5 * b) }
    end end
    local square = data.from { x = x, y = y }
    local function make(task, widths, l2)
      return experiment { data = task, widths = widths, activation = "tanh", l2 = l2, lr = 0.2,
        seed = 1 }
    end

    """

  private func record(_ code: String) throws -> [String: Any] {
    let run = try kramers("-", input: setup + code, timeout: 300)
    #expect(run.status == 0, "\(run.errors)")
    return try #require(run.records.last, "\(run.errors)")
  }

  private func rows(_ value: Any?) -> [[String: Any]] { value as? [[String: Any]] ?? [] }

  @Test("X1 has two minima and the saddle between them, by quenches, branches and deflation")
  func chain() throws {
    let m = try record(
      """
      make(chain, {1, 1, 1, 1}, 0.1)
      emit(metastable { quenches = 6, branches = 4, deflate = 6 })
      """)
    #expect(m["count"] as? Int == 2 && m["stationary"] as? Int == 3)
    #expect(m["lower_bound"] as? Bool == true && m["theory"] == nil)
    let saddles = rows(m["saddles"])
    #expect(saddles.count == 1 && saddles[0]["index"] as? Int == 1)
    // Objective of the saddle by the independent computation.
    #expect(abs((saddles[0]["objective"] as? Double ?? 0) - 0.5503327546613) < 1e-9)
    let states = rows(m["states"])
    #expect(states.allSatisfy { $0["index"] as? Int == 0 && $0["zero_modes"] as? Int == 0 })
    #expect(states.map { $0["rank"] as? Int } == [1, 0])
  }

  @Test("images of one state under permutations and signs of hidden units are one state")
  func images() throws {
    let m = try record(
      """
      make(square, {2, 2, 2, 2}, 0.02)
      emit(metastable { quenches = 12, branches = 0 })
      """)
    let states = rows(m["states"])
    // One more than there are features.
    #expect(m["count"] as? Int == 3 && states.count == 3)
    // The learned state of the independent computation is among them, and came from several starts.
    let learned = try #require(
      states.first { abs(($0["objective"] as? Double ?? 0) - 0.07273341179817) < 1e-9 })
    let found = try #require(learned["found"] as? [String: Any])
    #expect((found["quench"] as? Int ?? 0) > 1, "\(states)")
    #expect(m["unconverged"] as? Int == 0)
  }

  /// Feature 2 is lost at the branch point at l2 = .17182 by the independent computation.
  @Test("X2 has a state more than features that are left, also where no quench falls into it")
  func features() throws {
    let r = try record(
      """
      local rows = {}
      for i, l2 in ipairs { 0.05, 0.17, 0.25 } do
        make(square, {2, 2, 2, 2}, l2)
        local m = metastable { quenches = 8, deflate = 10 }
        rows[i] = { count = m.count, states = m.states }
      end
      emit { rows = rows }
      """)
    #expect(rows(r["rows"]).map { $0["count"] as? Int } == [3, 3, 2])
    for row in rows(r["rows"]) {
      #expect(rows(row["states"]).count == row["count"] as? Int)
      #expect(rows(row["states"]).allSatisfy { $0["index"] as? Int == 0 })
    }
  }

  @Test("settle enters the minimum that training comes to, and says what it is")
  func settles() throws {
    let r = try record(
      """
      local a = make(square, {2, 3, 3, 2}, 0.05)
      a:train(300)
      local b = a:clone()
      local s = a:settle()
      b:set { lr = 0.1 }
      b:train { steps = 200000, until_converged = 1e-10 }
      local d, size = a:distance(b)
      emit { s = s, distance = d / size, gradient = a:measure().gradient_norm,
        other = b:hessian { dense = true }.index }
      """)
    let s = try #require(r["s"] as? [String: Any])
    #expect(s["outcome"] as? String == "settled")
    let state = try #require(s["state"] as? [String: Any])
    #expect(state["index"] as? Int == 0 && (state["softest"] as? Double ?? 0) > 0)
    #expect(r["gradient"] as? Double ?? 1 < 1e-11)
    #expect(r["other"] as? Int == 0 && r["distance"] as? Double ?? 1 < 1e-6, "\(r)")
  }

  @Test("the density of the Hessian has the trace of its eigenvalues, and options are refused")
  func density() throws {
    let r = try record(
      """
      make(square, {2, 8, 8, 2}, 0.05)
      local h, all = hessian { which = "density", probes = 20, steps = 96 }, hessian { dense = true }
      local trace = 0
      for _, v in ipairs(all.values) do trace = trace + v end
      emit { h = h, trace = trace }
      """)
    let h = try #require(r["h"] as? [String: Any])
    let (trace, error) = (h["trace"] as? Double ?? 0, h["trace_error"] as? Double ?? 0)
    let exact = try #require(r["trace"] as? Double)
    // z = 4 standard errors.
    #expect(error > 0 && abs(trace - exact) < 4 * error, "\(trace) +- \(error), not \(exact)")
    #expect(rows(h["density"]).count == 101)
    for (code, words) in [
      ("hessian { which = 'density', k = 3 }", "k is not used with which"),
      ("hessian { probes = 3 }", "probes is for which"),
      ("hessian { which = 'density', probes = 1 }", "probes must be at least 2"),
      ("metastable { deflate = 2 }", "deflate and branches are for smooth nonlinear"),
      ("settle()", "l2 must be positive"),
      ("current():distance(experiment { data = chain, depth = 2, width = 3 })", "widths"),
    ] {
      let run = try kramers(
        "-", input: setup + "experiment { data = chain, depth = 3, width = 1, lr = 0.1 } " + code)
      #expect(run.status == 1 && run.errors.contains(words), "\(code): \(run.errors)")
    }
  }

  @Test("stable = true follows the minima alone, to the same transitions")
  func stable() throws {
    let r = try record(
      """
      local a = make(square, {2, 2, 2, 2}, 0.02)
      a:train { steps = 20000 }
      a:settle()
      emit { all = a:continuation { branches = 6 },
        stable = a:continuation { branches = 6, stable = true } }
      """)
    func spinodals(_ name: String) -> [Double] {
      rows((r[name] as? [String: Any])?["transitions"]).compactMap { $0["spinodal"] as? Double }
    }
    let (all, stable) = (spinodals("all"), spinodals("stable"))
    #expect(all.count >= 2 && all.count == stable.count)
    for (a, b) in zip(all, stable) { #expect(abs(a - b) < 1e-9) }
    // Of the independent computation.
    for (a, b) in zip(stable, [0.171820544363, 0.384955804746]) { #expect(abs(a - b) < 1e-8) }
    #expect(
      rows((r["all"] as? [String: Any])?["branches"]).contains { $0["born"] as? String == "fold" })
    let followed = r["stable"] as? [String: Any]
    #expect(!rows(followed?["branches"]).isEmpty && !rows(followed?["points"]).isEmpty)
    #expect(rows(followed?["branches"]).allSatisfy { $0["born"] as? String != "fold" })
    #expect(rows(followed?["points"]).filter { ($0["index"] as? Int ?? 0) > 0 }.count <= 2)
  }
}
