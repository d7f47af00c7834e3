import Foundation
import Testing

/// `measure_escape` out of states of nonlinear networks: thresholds and theory by itself.
@Suite struct NonlinearEscapeTests {
  /// X1 of Tests/Fixtures/make_continuation.py, settled at l2 = .3 below its fold at .4009.
  private let chain = """
    local function tanh(z) return 1 - 2 / (math.exp(2 * z) + 1) end
    local x, y = {}, {}
    for i = 0, 16 do
      x[i + 1] = { -2 + i / 4 }
      y[i + 1] = { 1.5 * tanh(1.2 * tanh(1.2 * x[i + 1][1])) }
    end
    experiment { data = data.from { x = x, y = y }, widths = { 1, 1, 1, 1 }, activation = "tanh",
      init = "balanced", l2 = 0.3, lr = 0.2, seed = 1 }

    """

  private func record(_ code: String) throws -> [String: Any] {
    let run = try kramers("-", input: chain + code, timeout: 300)
    #expect(run.status == 0, "\(run.errors)")
    return try #require(run.records.last, "\(run.errors)")
  }

  @Test("the loss of the feature: saddle, threshold and time are those of the continued barrier")
  func loss() throws {
    let r = try record(
      """
      train { steps = 2000 } settle()
      local way = barrier { method = "continuation" }
      local T = way.height / 6
      emit { way = way, time = way:time(T), named = measure_escape { mode = 1, temperature = T,
          replicas = 256, max_steps = 1000000 },
        plain = measure_escape { temperature = T, replicas = 8, max_steps = 1000000 } }
      """)
    let way = try #require(r["way"] as? [String: Any])
    let named = try #require(r["named"] as? [String: Any])
    let saddle = try #require(way["saddle"] as? Double)
    // By the independent computation: the saddle at l2 = .3.
    #expect(abs((way["saddle_objective"] as? Double ?? 0) - 0.5602111695404) < 1e-9)
    #expect(named["direction"] as? String == "down" && named["mode"] as? Int == 1)
    #expect(abs((named["threshold"] as? Double ?? 0) - saddle / 2) < 1e-9 * saddle)
    #expect(named["barrier"] as? Double == way["height"] as? Double)
    let theory = try #require(named["theory"] as? Double, "\(named)")
    let error = try #require(named["theory_error"] as? Double)
    #expect(abs(theory / (r["time"] as? Double ?? 1) - 1) < 1e-6)
    #expect(named["theory_method"] as? String == "Eyring-Kramers" && error < 0.3)
    let tau = try #require(named["tau"] as? Double)
    // z = 4 standard errors of 256 exponential times, beside the error that theory states.
    #expect(named["escapes"] as? Int == 256)
    #expect(abs(log(tau / theory)) < error + 4 / 16, "\(tau), by theory \(theory) +- \(error)")
    // Everything that can be learned is learned: the escape that is left is the loss.
    let plain = try #require(r["plain"] as? [String: Any])
    #expect(plain["direction"] as? String == "down" && plain["theory"] as? Double == theory)
  }

  @Test("what a state may gain lies on another branch: a threshold is asked for, with the reason")
  func appearance() throws {
    for call in ["{ mode = 1, temperature = 1e-3 }", "{ direction = 'up', temperature = 1e-3 }"] {
      let run = try kramers(
        "-", input: chain + "set { l2 = 0.45 } settle() set { l2 = 0.1 } measure_escape \(call)")
      #expect(run.status == 1)
      #expect(run.errors.contains("threshold is required: the branch of the present"), "\(run)")
    }
  }

  @Test("a law and a verdict from the settled state alone")
  func rungs() throws {
    let r = try record(
      """
      train { steps = 2000 } settle()
      local dE = barrier { method = "continuation" }.height
      emit { law = arrhenius { temperatures = { dE / 4, dE / 5, dE / 6 }, mode = 1, replicas = 64,
          max_steps = 1000000 },
        verdict = control { temperature = dE / 5, mode = 1, replicas = 64, ladder = false,
          max_steps = 1000000 } }
      """)
    let law = try #require(r["law"] as? [String: Any])
    let theory = try #require(law["theory"] as? [String: Any])
    let (low, high) = (law["barrier_low"] as? Double ?? 1, law["barrier_high"] as? Double ?? 0)
    // The slope that theory expects lies within the interval widened by its half: z = 4 over 2.
    let expected = try #require(theory["slope"] as? Double, "\(theory)")
    #expect(abs(expected - (low + high) / 2) < high - low, "\(expected) in \(low) ... \(high)")
    let verdict = try #require(r["verdict"] as? [String: Any])
    let rungs = try #require(verdict["rungs"] as? [[String: Any]])
    #expect(rungs.first { $0["rung"] as? String == "noise needed" }?["holds"] as? Bool == true)
    #expect(
      rungs.first { $0["rung"] as? String == "saddle matched" }?["holds"] as? Bool != false)
    #expect(verdict["verdict"] as? String != "undecided", "\(verdict["reason"] ?? "")")
  }

  @Test("a state that has not settled has no way out, and says so")
  func unsettled() throws {
    let run = try kramers(
      "-", input: chain + "train { steps = 3 } measure_escape { mode = 1, temperature = 1e-3 }")
    #expect(run.status == 1 && run.errors.contains("settle() first"), "\(run.errors)")
    let given = try record(
      """
      train { steps = 3 }
      emit { e = measure_escape { mode = 1, direction = "down", temperature = 1e-2, threshold = 0.05,
        replicas = 4, max_steps = 1000 } }
      """)
    let e = try #require(given["e"] as? [String: Any])
    #expect(e["theory"] == nil && (e["theory_reason"] as? String ?? "").contains("settle() first"))
  }
}
