import Foundation
import Testing

/// A call of `replicate`, and the result that it emits.
private func replication(
  _ figure: String, _ options: String, paper: String = "2606.17120", timeout: Double = 120
) throws -> [String: Any] {
  let run = try kramers(
    "-e", "emit(replicate(\"\(paper)\", \"\(figure)\", \(options)))", timeout: timeout)
  return try #require(run.records.last, "\(run.errors)")
}

private func rows(_ value: Any?) throws -> [[String: Any]] {
  try #require(value as? [[String: Any]])
}

private func claim(_ r: [String: Any], _ words: String) throws -> [String: Any] {
  try #require(rows(r["claims"]).first { ($0["claim"] as? String)?.contains(words) == true })
}

private func audit(_ r: [String: Any], _ words: String) throws -> Any {
  let row = try rows(r["audit"]).first { ($0["statement"] as? String)?.contains(words) == true }
  return try #require(row?["computed"], "\(words)")
}

/// One mode of three layers, E(a) = (s - a^3)^2 / 2 + (3 b / 2) a^2: strength of its saddle, and the
/// barrier from zero.
private func saddle(_ s: Double, _ b: Double) -> (strength: Double, barrier: Double) {
  var (low, high) = (1e-9, pow(s / 4, 1 / 3))
  for _ in 0..<200 {
    let a = (low + high) / 2
    if a * (s - a * a * a) < b { low = a } else { high = a }
  }
  let w = low * low * low
  return (w, (s - w) * (s - w) / 2 + 1.5 * b * low * low - s * s / 2)
}

@Suite("replicate reruns figures of papers") struct ReplicateTests {
  @Test("without arguments it lists papers, figures and the options of each")
  func lists() throws {
    let run = try kramers("-e", "emit(replicate())")
    let figures = try rows(run.records.last?["figures"])
    #expect(
      figures.map { $0["figure"] as? String } == [
        "1a", "1b", "2a", "2b", "2c", "2d", "3", "4", "mnist",
      ])
    #expect(
      figures.filter { $0["of"] as? String == "ours" }.map { $0["figure"] as? String }
        == ["2c", "2d"])
    for figure in figures { #expect((figure["options"] as? String)?.isEmpty == false) }
  }

  @Test("papers, figures and options that are not there are named at the caller's line")
  func refused() throws {
    for (call, words) in [
      ("replicate('2606.17121', '3')", "there is no paper '2606.17121'; papers are 2606.17120"),
      ("replicate('2606.17120')", "figure is required; 2606.17120 has 1a, 1b, 2a"),
      ("replicate('2606.17120', '5')", "2606.17120 has no figure '5'; it has 1a"),
      (
        "replicate('2606.17120', '3', { seed = 3 })", "unknown option 'seed'; did you mean 'seeds'?"
      ),
      ("replicate('2606.17120', '3', { lrs = {1} })", "figure 3 has no option 'lrs'; it has scale"),
      ("replicate('2606.17120', '3', { step = -1 })", "step must be positive, got -1"),
      (
        "replicate('2606.17120', '3', { seeds = 'x' })",
        "seeds must be a positive integer or a list"
      ),
      ("replicate('2606.17120', '3', 7)", "options must be a table, got a number"),
      ("replicate('2606.17120', '3', { singular = {1} })", "singular needs two values or more"),
      ("replicate({ scael = 'small' })", "unknown option 'scael'; did you mean 'scale'?"),
      ("replicate(true)", "paper must be a string such as \"2606.17120\", got a boolean"),
    ] {
      let run = try kramers("-", input: "\n\(call)\n")
      #expect(run.status == 1, "\(call)")
      #expect(run.errors.contains("stdin:2: replicate: \(words)"), "\(call): \(run.errors)")
    }
  }

  @Test("names are read as people write them; the present experiment stays")
  func names() throws {
    let code = """
      local a = replicate("arXiv:2606.17120v1", "Fig. 2a")
      print(a.number, a.paper, current())
      local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
      print(replicate("2606.17120", "fig2a").measured == a.measured, current() == x)
      """
    #expect(try kramers("-", input: code).output == "2a\t2606.17120\tnil\ntrue\ttrue\n")
  }

  @Test("2a: saddle and barrier are those of the closed form at any b, not those printed")
  func energy() throws {
    for b in [0.32, 0.25] {
      let r = try replication("2a", "{ release = \(b) }")
      let exact = saddle(0.8, b)
      let strength = try #require(claim(r, "strength of the saddle")["measured"] as? Double)
      let height = try #require(claim(r, "height of the barrier")["measured"] as? Double)
      #expect(abs(strength - exact.strength) < 1e-8)
      #expect(abs(height - exact.barrier) < 1e-10)
      #expect(r["agrees"] as? Bool == false)
      #expect(try abs(#require(audit(r, "factor of the L2 term") as? Double) - 3) < 1e-9)
      #expect(try abs(#require(audit(r, "largest strength") as? Double) - 0.2) < 1e-3)
    }
  }

  @Test("3: the staircase stands at the printed steps, and moves with the singular values")
  func staircase() throws {
    let r = try replication("3", "{ seeds = 2 }")
    #expect(r["agrees"] as? Bool == true)
    let jumps = try rows(r["claims"]).compactMap { $0["measured"] as? Double }
    #expect(jumps.count == 2 && abs(jumps[0] - 0.36) < 1e-9 && abs(jumps[1] - 0.42) < 1e-9)
    let seeds = try rows(r["seeds"])
    #expect(seeds.map { $0["seed"] as? Int } == [42, 43])
    for row in seeds {
      for k in 1...2 {
        let jump = try #require(row["jump_\(k)"] as? Double)
        let spinodal = try #require(row["spinodal_\(k)"] as? Double)
        #expect(spinodal > jump - 0.011 && spinodal < jump + 1e-9, "\(row)")
      }
    }
    let other = try replication("3", "{ seeds = 2, singular = {0.9, 0.7} }")
    #expect(other["agrees"] as? Bool == false)
    // Spinodal (s/4)^(1/3) 3 s/4 of s = .7 is .2936.
    let first = try #require(rows(other["claims"])[0]["measured"] as? Double)
    #expect(abs(first - 0.3) < 1e-9)
    // Two modes so close that theory does not know their spinodals still jump.
    let close = try rows(replication("3", "{ seeds = {264} }")["seeds"])[0]
    #expect(close["outcome"] as? String == "ran" && close["spinodal_1"] == nil, "\(close)")
    for k in 1...2 { #expect(try abs(#require(close["jump_\(k)"] as? Double) - 0.39) < 1e-9) }
  }

  @Test("4: a ramp jumps once a mode, at its spinodal, and K + 1 states are metastable")
  func bifurcation() throws {
    let r = try replication("4", "{ singular = {0.9, 0.8, 0.5} }")
    #expect(r["agrees"] as? Bool == true, "\(r["reason"] ?? "")")
    #expect(r["measured"] as? Int == 3)
    #expect(try audit(r, "K + 1 metastable") as? Int == 4)
  }

  @Test("1a: a seed for which the protocol is impossible is an outcome with its reason")
  func seeds() throws {
    // Of 43 the second spinodal lies above the trap, of 44 below the release; of 47 the first one
    // lies below the trap. 42 can be run.
    let r = try replication("1a", "{ seeds = {42, 43, 44, 47}, epochs = 200 }")
    let traps = try rows(r["seeds"]).filter { $0["start"] as? String == "rank 1" }
    #expect(
      traps.map { $0["outcome"] as? String } == [
        "ran", "not trapped", "nothing to escape to", "not trapped",
      ])
    for row in traps {
      let (b1, b2) = try (
        #require(row["spinodal_1"] as? Double), #require(row["spinodal_2"] as? Double)
      )
      let predicted = (b1 > 0.361 ? 1 : 0) + (b2 > 0.361 ? 1 : 0)
      #expect(row["found"] as? Int == predicted && row["predicted"] as? Int == predicted, "\(row)")
      #expect((row["outcome"] as? String == "ran") == (row["reason"] == nil))
    }
    #expect(
      (traps[1]["reason"] as? String)?.contains("mode 2 is not trapped: its spinodal") == true)
    #expect((traps[3]["reason"] as? String)?.contains("mode 1 is lost in the trap") == true)
    #expect(traps[0]["escapes"] as? Int == 0 && traps[0]["twin_escapes"] as? Int == 0)
    #expect(traps[0]["absorbing"] as? Bool == true)
    // A set that noise cannot leave is no matter of how long one waits.
    let trapped = try claim(r, "rank-1 trap")
    #expect(trapped["agrees"] as? Bool == false)
    #expect((trapped["reason"] as? String)?.contains("minibatch noise cannot leave") == true)
    #expect(
      try audit(r, "number of parameters") as? String == "140 with 2 inputs, as by the recipe")
    #expect(try audit(r, "inputs for which D = 170") as? Double == 5)
    let wider = try replication("1a", "{ seeds = {42}, epochs = 20, inputs = 5 }")
    #expect(
      try audit(wider, "number of parameters") as? String == "170 with 5 inputs, as by the recipe")
  }

  @Test("1a: an escape is seen where there is one, with the twin that escapes too")
  func escapes() throws {
    // A trap of 40 epochs is not complete: at small b its residual grows back by itself.
    let r = try replication(
      "1a", "{ seeds = {42, 50}, epochs = 2000, trap_epochs = 40, release = 0.01, zero_trap = 0.5 }"
    )
    let one = try rows(r["control"]).first { $0["start"] as? String == "rank 1" }
    #expect(one?["runs"] as? Int == 2 && one?["escapes"] as? Int == 2, "\(r["control"] ?? "")")
    let traps = try rows(r["seeds"]).filter { $0["start"] as? String == "rank 1" }
    for row in traps { #expect(row["escapes"] as? Int == 1, "\(row)") }
    let measured = try claim(r, "rank-1 trap")
    #expect(measured["agrees"] as? Bool == false && measured["measured"] as? Double != nil)
  }

  @Test("a run that diverges is an outcome, and no censored time")
  func diverged() throws {
    let r = try replication("2b", "{ seeds = {42}, epochs = 20, lrs = {0.01, 3} }")
    let row = try rows(r["seeds"])[0]
    #expect(row["outcome"] as? String == "diverged")
    #expect(row["reason"] as? String == "1 of 1 replicas diverged; lower lr")
    // At no learning rate: the slope is taken over the same data sets.
    #expect(try rows(r["points"]).map { $0["runs"] as? Int } == [0, 0])
    #expect(try rows(r["control"])[0]["runs"] as? Int == 0 && r["agrees"] == nil)
  }

  @Test("1b: twins without noise come back when the noisy runs do, as integrated from the layers")
  func residuals() throws {
    let r = try replication(
      "1b",
      "{ seeds = {45, 49}, samples = 500, test = 500, epochs = 4000, "
        + "trap_lengths = {125, 150, 175, 1000} }")
    let ran = try rows(r["seeds"]).filter { $0["outcome"] as? String == "ran" }
    let back = ran.filter { $0["twin_epochs"] != nil }
    #expect(back.count >= 2, "\(ran)")
    for row in back {
      let twin = try #require(row["twin_epochs"] as? Double)
      #expect(row["predicted_epochs"] as? Double == twin)
    }
    for row in ran where row["trap_epochs"] as? Int == 1000 {
      #expect(row["twin_epochs"] == nil && row["epochs"] == nil, "\(row)")
    }
    let driven = try claim(r, "do not come without noise")
    #expect(driven["measured"] as? Double == 0 && driven["agrees"] as? Bool == false)
    #expect(
      (try audit(r, "SGD with B = 64") as? String)?.contains("covariance: 0 as a full") == true)
  }

  @Test("2b: no escape is no slope, and a clock alone has R^2 = .91 at the printed rates")
  func rates() throws {
    let r = try replication("2b", "{ seeds = {42, 49}, epochs = 100 }")
    #expect(r["agrees"] as? Bool == false)
    let points = try rows(r["points"])
    #expect(points.count == 5)
    #expect(points.allSatisfy { $0["runs"] as? Int == 2 && $0["escapes"] as? Int == 0 })
    #expect(try rows(r["claims"])[0]["measured"] == nil)
    // R^2 of ln(1/lr) over 1/lr.
    let x = [5e-4, 1e-3, 2e-3, 3e-3, 5e-3].map { 1 / $0 }
    let y = x.map { log($0) }
    let (mx, my) = (x.reduce(0, +) / 5, y.reduce(0, +) / 5)
    var (xx, xy, yy) = (0.0, 0.0, 0.0)
    for (a, b) in zip(x, y) {
      xx += (a - mx) * (a - mx)
      xy += (a - mx) * (b - my)
      yy += (b - my) * (b - my)
    }
    let words = String(format: "%.3f for a time constant", xy * xy / xx / yy)
    #expect((try audit(r, "linear in 1/T") as? String)?.hasPrefix(words) == true, "\(words)")
  }

  @Test("2c and 2d are ours, say so, and meet theory")
  func ours() throws {
    for figure in ["2c", "2d"] {
      let r = try replication(figure, "{ scale = 'small' }")
      #expect(r["own"] as? Bool == true)
      #expect((r["verdict"] as? String)?.contains("ours, not in the paper") == true)
      #expect(r["agrees"] as? Bool == true, "\(r["reason"] ?? "")")
      #expect(try rows(r["control"])[0]["escapes"] as? Int == 0)
      let first = try rows(r["claims"])[0]
      #expect(first["printed"] == nil)
      // An interval that holds everything would agree as well.
      let theory = try #require(first["theory"] as? Double)
      #expect(try #require(first["measured_low"] as? Double) > 0.6 * theory)
      #expect(try #require(first["measured_high"] as? Double) < 1.6 * theory)
      if figure == "2c" {
        let barrier = try #require(r["barrier"] as? Double)
        #expect(abs(barrier - saddle(0.8, 0.1).barrier) < 1e-9)
      }
    }
  }

  @Test("what a text does not give is listed and not guessed; given, it runs")
  func missing() throws {
    let r = try replication("mnist", "{}", paper: "2512.11866")
    #expect(r["agrees"] == nil)
    #expect(
      try rows(r["missing"]).map { $0["option"] as? String } == [
        "l2", "epochs", "centre", "bias",
      ])
    let given = try replication(
      "mnist",
      "{ data = data.digits { classes = {0, 1}, seed = 1 }, width = 4, lr = 0.01, "
        + "l2 = {1e-4, 1e-3, 1e-2, 1e-1}, epochs = 5, centre = 'origin', bias = true }",
      paper: "2512.11866")
    #expect(given["missing"] == nil && given["measured"] as? Int != nil, "\(given)")
  }

  @Test("the same bytes on any number of threads")
  func threads() throws {
    let code =
      "emit(replicate('2606.17120', '1a', { seeds = {42, 49}, epochs = 100, replicas = 3 }))"
    let one = try kramers("--threads", "1", "-e", code).output
    #expect(try kramers("--threads", "2", "-e", code).output == one && !one.isEmpty)
  }

  @Test("an interrupt leaves the seeds that were run")
  func interrupted() throws {
    let run = try RunningBinary([
      binary.path, "-e", "emit{kind='ready'} emit(replicate('2606.17120', '1a', { seeds = 50 }))",
    ])
    #expect(run.wait { $0.outputSoFar.contains("ready") })
    usleep(1_500_000)
    run.send(SIGINT)
    let end = try run.finish(timeout: 20)
    let partial = try #require(end.records.last, "\(end.errors)")
    #expect(partial["kind"] as? String == "replication")
    #expect(partial["outcome"] as? String == "interrupted")
    #expect(try !rows(partial["seeds"]).isEmpty)
  }
}
