import Foundation
import Testing

private let chain = """
  experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
    l2 = 0.3, lr = 0.2 }
  local function at(T, seed, more)
    local o = { temperature = T, seed = seed, replicas = 40, max_steps = 4000 }
    for k, v in pairs(more or {}) do o[k] = v end
    return measure_escape(o)
  end

  """

@Suite struct EscapeCompareTests {
  private func record(_ code: String) throws -> [String: Any] {
    let run = try kramers("-", input: chain + code)
    #expect(run.status == 0, "\(run.errors)")
    return try #require(run.records.last)
  }

  @Test("two temperatures differ, with the ratio of their taus; what differs is named")
  func differ() throws {
    let r = try record(
      "local a, b = at(0.006, 1), at(0.004, 2, {every = 30}) local c = escape.compare{a, b} "
        + "c.expected_ratio = b.tau / a.tau emit(c)")
    let ratio = try #require(r["ratio"] as? Double)
    #expect(abs(ratio / (try #require(r["expected_ratio"] as? Double)) - 1) < 1e-9)
    #expect(r["differ"] as? String == "temperature 0.006 and 0.004, every 10 and 30")
    #expect(try #require(r["log_rank_p"] as? Double) < 1e-3)
    #expect(r["warning"] == nil && r["kind"] as? String == "escape_comparison")
    let rows = try #require(r["samples"] as? [[String: Any]])
    let sums = ["escapes", "expected"].map { name in
      rows.map { ($0[name] as? Double) ?? .nan }.reduce(0, +)
    }
    #expect(abs(sums[0] - sums[1]) < 1e-9)
  }

  @Test("replicas with the same random numbers are said to be dependent, and the same are refused")
  func dependent() throws {
    let r = try record("emit(escape.compare{at(0.006, 1), at(0.0055, 1)})")
    #expect((r["warning"] as? String)?.contains("both have seed 1 and stream 0") == true)
  }

  @Test("an escape result has the interval of its median")
  func median() throws {
    let r = try record("emit(at(0.006, 1))")
    let (low, median) = (r["median_low"] as? Double, r["median"] as? Double)
    let high = try #require(r["median_high"] as? Double)
    #expect(try #require(low) < (try #require(median)) && (try #require(median)) <= high)
    let rare = try record("emit(at(0.0015, 1))")
    #expect(rare["median_low"] == nil && rare["median_high"] == nil)
  }

  @Test(
    "what cannot be compared is refused, in words",
    arguments: [
      ("escape.compare{at(0.006, 1)}", "a list of two results"),
      ("escape.compare{at(0.006, 1), 7}", "item 2 is no result"),
      ("escape.compare{at(0.006, 1), at(0.006, 1)}", "are the same replicas"),
      ("escape.compare{at(0.006, 1), at(0, 1, {max_steps = 50})}", "result 2 has no noise"),
      ("escape.compare{at(0.006, 1), measure()}", "item 2 is no result"),
    ])
  func refused(_ code: String, _ words: String) throws {
    let run = try kramers("-", input: chain + code)
    #expect(run.status == 1 && run.errors.contains("escape.compare: "), "\(run.errors)")
    #expect(run.errors.contains(words), "\(run.errors)")
  }

  @Test("its picture has both times with their intervals")
  func picture() throws {
    let run = try kramers(
      "--format", "table", "-", input: chain + "plot(escape.compare{at(0.006, 1), at(0.004, 2)})")
    #expect(run.status == 0 && run.output.contains("result 1 ("), "\(run.output)\(run.errors)")
  }
}
