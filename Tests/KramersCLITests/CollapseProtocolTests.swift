import Foundation
import Testing

/// A learned mode that minibatch noise drives away, as a user asks for it.
@Suite struct CollapseProtocolTests {
  private let chain = """
    experiment { data = data.gaussian { singular = {0.8}, samples = 512, seed = 11 }, depth = 3,
      width = 1, lr = 0.1, batch = 8, replacement = true, seed = 5 }
    set_l2(0.95 * phases().modes[1].spinodal)
    trap { rank = 1, exact = true }

    """

  private func last(_ code: String) throws -> [String: Any] {
    let run = try kramers("-", input: code, timeout: 120)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    return try #require(run.records.last)
  }

  @Test("measure_escape states phi, what a frozen noise would make of it, and where theory stops")
  func fields() throws {
    let record = try last(chain + "emit(measure_escape { mode = 1, replicas = 16 })")
    #expect(record["direction"] as? String == "down")
    #expect(record["theory_method"] as? String == "one dimension")
    let phi = try #require(record["phi"] as? Double)
    #expect(try #require(record["phi_frozen"] as? Double) < 0.9 * phi)
    #expect((record["theory"] as? Double ?? 0) > 0 && record["theory_reason"] == nil)
    let epochs = try last(
      chain
        + "emit(measure_escape { mode = 1, replicas = 1, max_steps = 100, replacement = false })")
    #expect((epochs["theory_reason"] as? String)?.contains("cancel within an epoch") == true)
  }

  @Test("arrhenius takes phi for its abscissa, and an effective temperature misses the slope")
  func abscissae() throws {
    let record = try last(
      chain + "emit(arrhenius { mode = 1, batches = {8, 14, 20}, replicas = 128, every = 2 })")
    #expect(record["temperature_unit"] as? String == "1/phi")
    let rows = try #require(record["abscissae"] as? [[String: Any]])
    #expect(rows.map { $0["abscissa"] as? String } == ["phi", "effective temperature"])
    #expect(rows.map { $0["misses"] as? Bool } == [false, true])
    let expected = try #require(rows[0]["expected"] as? Double)
    #expect(expected > 0.85 && expected < 1.05)
    for (name, unit) in [("noise", "lr/batch"), ("paper", "lr trace(C)/batch")] {
      let other = try last(
        chain
          + "emit(arrhenius { mode = 1, batches = {4, 8}, replicas = 8, abscissa = \"\(name)\" })")
      #expect(other["temperature_unit"] as? String == unit)
    }
  }

  @Test("control calls a collapse under SGD activated, its slope that of the quasi-potential")
  func control() throws {
    let record = try last(
      chain + "emit(control { mode = 1, batch = 16, replicas = 64, every = 5, ladder = false })")
    #expect(record["verdict"] as? String == "activated", "\(record["reason"] ?? "")")
    let rungs = try #require(record["rungs"] as? [[String: Any]])
    #expect(rungs.allSatisfy { $0["holds"] as? Bool == true })
    #expect((rungs.last?["evidence"] as? String)?.contains("quasi-potential") == true)
  }

  @Test("returns are counted within a dwell and after it, and add up; without both nobody looked")
  func returns() throws {
    let zero = """
      experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
        l2 = 0.3, lr = 0.2 }
      local function one(seed, dwell)
        return measure_escape { temperature = 0.00695, replicas = 24, every = 2, dwell = dwell,
          threshold = 0.4, seed = seed, max_steps = 5000 }
      end

      """
    let pair = try last(
      zero
        + "local a, b = one(1, 50), one(2, 50) local c = escape.combine {a, b} "
        + "emit({ kind = 'sum', a = a.returns, b = b.returns, c = c.returns, "
        + "after = a.returned + b.returned, both = c.returned })")
    let (a, b) = (pair["a"] as? Int ?? 0, pair["b"] as? Int ?? 0)
    #expect(a > 3 && b > 3 && pair["c"] as? Int == a + b)
    let after = try #require(pair["after"] as? Int)
    #expect(pair["both"] as? Int == after && after < a + b)
    let plain = try last(zero + "emit(one(1, nil))")
    let seen = try #require(plain["returns"] as? Int)
    #expect(seen > 0 && seen == plain["returned"] as? Int)
    let frozen = try last(
      chain + "emit(measure_escape { mode = 1, replicas = 4, frozen = true, max_steps = 2000 })")
    #expect(frozen["escapes"] != nil && frozen["returns"] == nil)
  }

  @Test("a learned mode that stays is not called absorbed")
  func notAbsorbed() throws {
    let record = try last(
      chain
        + "emit(control { mode = 1, batch = 64, replicas = 8, max_steps = 500, ladder = false })")
    #expect(record["verdict"] as? String == "undecided" && record["absorbing"] as? Bool == false)
  }
}
