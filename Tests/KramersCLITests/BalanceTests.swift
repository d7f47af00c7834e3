import Foundation
import Testing

/// The L2 strength at which a mode is lost as fast as it is won, as `phase_diagram` gives it.
@Suite struct BalanceTests {
  @Test("the balance of both escapes stands in a phase diagram, with the noise of the experiment")
  func balance() throws {
    let run = try kramers(
      "-",
      input:
        """
        experiment { data = data.gaussian { singular = {0.8}, samples = 512, seed = 11 }, depth = 3,
          width = 1, lr = 0.1, batch = 8, replacement = true, seed = 5 }
        emit(phase_diagram { l2 = {0.25}, temperature = {0, 0.0025}, steps = 10 })
        """)
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    let record = try #require(run.records.last)
    let rows = try #require(record["balances"] as? [[String: Any]])
    #expect((rows[0]["reason"] as? String)?.contains("absorbing") == true && rows[0]["l2"] == nil)
    let l2 = try #require(rows[1]["l2"] as? Double)
    // Measured both ways in EscapeBalanceTests; the error is the one that README states.
    #expect(abs(l2 - 0.2896) < 0.0008)
    let (up, down) = (rows[1]["escape_time"] as? Double, rows[1]["collapse_time"] as? Double)
    #expect(abs(try #require(up) / (try #require(down)) - 1) < 1e-6)
    let points = try #require(record["points"] as? [[String: Any]])
    #expect((points[0]["escape_reason"] as? String)?.contains("vanishes") == true)
    #expect((points[0]["collapse_time"] as? Double ?? 0) > 0)
  }
}
