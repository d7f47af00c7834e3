import Foundation
import Testing

/// An escape law over several draws of the data.
@Suite struct DataSeedsTests {
  private let chain = """
    experiment { data = data.gaussian { singular = {0.8}, samples = 512, seed = 11 }, depth = 3,
      width = 1, lr = 0.1, batch = 8, replacement = true, seed = 5 }
    set_l2(0.9 * phases().modes[1].spinodal)
    trap { rank = 1, exact = true }

    """

  private func run(_ code: String) throws -> [String: Any] {
    let run = try kramers("-", input: code, timeout: 120)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    return try #require(run.records.last)
  }

  @Test("spread between data seeds stands apart from that of replicas, and theory explains it")
  func spread() throws {
    let ask = "mode = 1, batches = {4, 6, 8}, replicas = 64, every = 4"
    let whole = try run(chain + "emit(arrhenius { \(ask), data_seeds = 4 })")
    let plain = try run(chain + "emit(arrhenius { \(ask) })")
    let rows = try #require(whole["data_seeds"] as? [[String: Any]])
    #expect(rows.map { $0["shift"] as? Int } == [0, 1, 2, 3])
    #expect(rows.allSatisfy { $0["outcome"] as? String == "completed" }, "\(rows)")
    // The first data seed is the present data under the same random numbers.
    #expect(rows[0]["barrier"] as? Double == plain["barrier"] as? Double)
    let points = try #require(whole["points"] as? [[String: Any]])
    let own = try #require(plain["points"] as? [[String: Any]])
    #expect(points.count == 12)
    #expect(points.prefix(3).map { $0["tau"] as? Double } == own.map { $0["tau"] as? Double })
    #expect(Set(points.map { $0["tau"] as? Double }).count == 12)
    let spread = try #require(whole["spread"] as? [[String: Any]])
    #expect(
      spread.map { $0["quantity"] as? String }
        == ["barrier", "barrier - theory"]
        + Array(repeating: ["ln tau", "ln tau/theory"], count: 3).flatMap { $0 })
    for (raw, told) in [(2, 3), (4, 5), (6, 7)] {
      let between = try #require(spread[raw]["between"] as? Double)
      let within = try #require(spread[raw]["within"] as? Double)
      // 1/sqrt(64) a data seed; s differs by .03 between draws, and ln tau by much more.
      #expect(abs(within - 0.125) < 0.02 && between > 3 * within, "\(between), \(within)")
      #expect((spread[raw]["p"] as? Double ?? 1) < 1e-6)
      // With its own moments every data set has the time that theory gives.
      #expect(try #require(spread[told]["between"] as? Double) < between / 3)
      #expect(try #require(spread[told]["between_high"] as? Double) < between / 3)
      #expect(abs(try #require(spread[told]["within"] as? Double) - 0.125) < 0.02)
      // Twice the 95 % interval: 6.4 standard errors at 3 degrees, .8 % by chance.
      let mean = try #require(spread[told]["mean"] as? Double)
      #expect(abs(mean) < 2 * (try #require(spread[told]["high"] as? Double) - mean))
    }
    let barrier = try #require(whole["barrier"] as? Double)
    let (low, high) = (whole["barrier_low"] as? Double ?? 0, whole["barrier_high"] as? Double ?? 0)
    let expected = try #require((whole["theory"] as? [String: Any])?["slope"] as? Double)
    #expect(low < barrier && barrier < high && low < expected && expected < high)
    // Twice the 95 % interval: 6.4 standard errors at 3 degrees, .8 % by chance.
    let gap = spread[1]
    let mean = try #require(gap["mean"] as? Double)
    #expect(abs(mean) < 2 * (try #require(gap["high"] as? Double) - mean), "\(gap)")
  }

  @Test("a data seed whose state does not exist is an outcome with its reason, not left out")
  func impossible() throws {
    let near = chain.replacingOccurrences(of: "0.9 *", with: "0.99 *")
    let record = try run(
      near + "emit(arrhenius { mode = 1, batches = {8, 16}, replicas = 8, data_seeds = 4 })")
    let rows = try #require(record["data_seeds"] as? [[String: Any]])
    #expect(rows.count == 4)
    let lost = rows.filter { $0["outcome"] as? String == "impossible" }
    #expect(!lost.isEmpty && lost.count == record["impossible"] as? Int)
    #expect(lost.allSatisfy { ($0["reason"] as? String)?.contains("relaxes to 0") == true })
    #expect((record["warning"] as? String)?.contains("impossible with \(lost.count) of 4") == true)
    #expect(record["completed"] as? Int == 4 - lost.count)
  }

  @Test("data without a recipe, and a state that is not at rest, are refused with a sentence")
  func refused() throws {
    let call = "arrhenius { mode = 1, batches = {1, 2}, replicas = 2, data_seeds = 2 }"
    let rows = try kramers(
      "-",
      input:
        "experiment { data = data.from { x = {{1}, {-1}, {2}}, y = {{1}, {-1}, {1}} }, depth = 3, "
        + "width = 1, batch = 1, l2 = 0.1 }\n" + call)
    #expect(rows.status != 0 && rows.errors.contains("given by its rows"), "\(rows.errors)")
    let moving = try kramers("-", input: chain + "train(3)\n" + call)
    #expect(moving.errors.contains("not at rest"), "\(moving.errors)")
  }
}
