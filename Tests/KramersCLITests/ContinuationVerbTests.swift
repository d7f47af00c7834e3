import Foundation
import Testing

/// X2 of Tests/Fixtures/make_continuation.py, near its learned state.
private let square = """
  local x, y = {}, {}
  for i = -2, 2 do for j = -2, 2 do
    local a, b = 0.75 * i, 0.75 * j
    x[#x + 1] = { a, b }
    local t = function(z) return 1 - 2 / (math.exp(2 * z) + 1) end
    y[#y + 1] = { 1.2 * t(1.5 * a), 0.7 * t(1.5 * b) }
  end end
  local d = data.from { x = x, y = y }
  local e = experiment { data = d, widths = {2, 2, 2, 2}, activation = "tanh", init = "balanced",
    l2 = 0.02, lr = 0.2, seed = 1 }
  train { steps = 100000, until_converged = 1e-9 }

  """

@Suite struct ContinuationVerbTests {
  private func record(_ code: String) throws -> [String: Any] {
    let run = try kramers("-", input: square + code, timeout: 300)
    #expect(run.status == 0, "\(run.errors)")
    return try #require(run.records.last, "\(run.errors)")
  }

  private func rows(_ value: Any?) -> [[String: Any]] { value as? [[String: Any]] ?? [] }

  @Test("continuation, phases, barrier and trap tell one story of the 2-2-2-2 tanh network")
  func story() throws {
    let r = try record(
      """
      local c = continuation { branches = 8 }
      local p = phases()
      local first = c.folds[1]
      local place
      for i, q in ipairs(c.points) do
        if q.branch == first.branch and q.l2 == first.l2 then place = i break end
      end
      local there = c:state(place)
      local at = { l2 = there.l2, gradient = measure().gradient_norm }
      emit { c = c, p = p, at = at }
      """)
    let c = try #require(r["c"] as? [String: Any])
    let transitions = rows(c["transitions"])
    #expect(transitions.count == 2)
    #expect(transitions[0]["kind"] as? String == "branch point")
    #expect(abs((transitions[0]["spinodal"] as? Double ?? 0) - 0.171820544363) < 1e-8)
    #expect(abs((transitions[1]["spinodal"] as? Double ?? 0) - 0.384955804746) < 1e-8)
    let folds = rows(c["folds"]).compactMap { $0["l2"] as? Double }
    #expect(folds.contains { abs($0 - 0.181956716699) < 1e-8 }, "\(folds)")
    let branches = rows(c["branches"])
    #expect(branches.map { $0["born"] as? String }.contains("branch point"))
    #expect(rows(c["branch_points"]).first?["kind"] as? String == "pitchfork")
    let p = try #require(r["p"] as? [String: Any])
    #expect(p["method"] as? String == "continuation" && p["kind"] as? String == "phases")
    #expect(
      rows(p["transitions"]).map { $0["spinodal"] as? Double }
        == transitions.map { $0["spinodal"] as? Double })
    #expect(rows(rows(p["transitions"]).last?["barriers"]).count > 5)
    let at = try #require(r["at"] as? [String: Any])
    #expect(at["l2"] as? Double == folds.first && at["gradient"] as? Double ?? 1 < 1e-11)
  }

  @Test("the way out of a state by continuation, and the state after it")
  func wayOut() throws {
    let r = try record(
      """
      local t = trap { branch = 1, release = 0.3 }
      local b = barrier { method = "continuation" }
      emit { t = t, b = b, modes = measure().modes }
      """)
    let t = try #require(r["t"] as? [String: Any])
    #expect(t["certified"] as? Bool == true && t["rank"] as? Int == 1)
    #expect(abs((t["l2_trap"] as? Double ?? 0) - 0.171820544363) < 1e-8)
    let b = try #require(r["b"] as? [String: Any])
    #expect(b["saddle_index"] as? Int == 1 && b["method"] as? String == "continuation")
    #expect(b["height"] as? Double ?? 0 > 0 && b["prefactor"] as? Double ?? 0 > 0)
    let modes = try #require(r["modes"] as? [Double])
    #expect(modes[0] > 0.3 && modes[1] < 1e-12)
  }

  @Test("kinks, l2 = 0 and options are refused in words")
  func refusals() throws {
    func words(_ code: String) throws -> String {
      let run = try kramers("-e", code)
      #expect(run.status == 1)
      return run.errors
    }
    let relu =
      "experiment { data = data.from { x = {{1}, {2}}, y = {{1}, {3}} }, depth = 3, "
      + "width = 1, l2 = 0.1, activation = 'relu' } "
    for verb in ["continuation()", "phases()", "barrier { method = 'continuation' }"] {
      let text = try words(relu + verb)
      #expect(text.contains("'relu' has kinks") && text.contains("gelu, quadratic or softplus"))
    }
    let tanh = relu.replacing("'relu'", with: "'tanh'")
    #expect(
      try words(tanh.replacing("l2 = 0.1", with: "l2 = 0") + "phases()").contains(
        "l2 must be positive, got 0"))
    #expect(try words(tanh + "continuation { step = 0.7 }").contains("step must be in 0...0.5"))
    #expect(try words(tanh + "continuation { too = 1 }").contains("did you mean 'to'?"))
    #expect(
      try words(tanh + "trap { branch = 1, rank = 1 }").contains("rank is not used with branch"))
  }

  @Test("picture: every branch, stable full and unstable dashed, its events on it")
  func picture() throws {
    let picture = try DrawnPicture(square + "r = continuation { branches = 6 }")
    let points = try #require(picture.result["points"] as? [[String: Any]])
    for panel in 1...2 {
      let drawn = Set(
        picture.all("line", panel: panel).flatMap { zip($0["x"], $0["y"]).map { [$0, $1] } })
      let wanted = Set(
        points.map { [$0["l2"] as? Double ?? 0, ($0["modes"] as? [Double])?[panel - 1] ?? 0] })
      #expect(drawn == wanted)
    }
    let lines = picture.script.split(separator: "\n").filter { $0.contains("with lines") }
    #expect(
      lines.contains { $0.contains("dt solid") } && lines.contains { $0.contains("dt (10,5)") })
    let folds = try picture.column("folds", "l2")
    #expect(try picture.named("fold")["x"] == folds)
  }
}
