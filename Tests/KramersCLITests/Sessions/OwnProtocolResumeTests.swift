import Testing

@Suite("a protocol of a user's")
struct OwnProtocolResumeTests {
  /// Thirty lines, as CONTRIBUTING.md says how to write them.
  private static let scan = """
    local kramers = ...

    local function body(x, options)
      local rows = {}
      for i, l2 in ipairs(options.l2) do
        local y = x:clone()
        local t = y:trap { rank = options.rank, release = l2 }
        if not t.certified then kramers.refuse("no trap at l2 = %g: %s", l2, t.reason) end
        local e = y:measure_escape { temperature = options.temperature, stream = i,
          observable = "mode", -- or, where that is taken, a function of the experiment
          replicas = options.replicas, max_steps = 20000 }
        rows[i] = { l2 = l2, tau = e.tau, tau_low = e.tau_low, tau_high = e.tau_high,
          escapes = e.escapes, censored = e.censored, theory = e.theory }
        kramers.keep { outcome = "interrupted", points = rows }
      end
      return { outcome = "completed", points = rows }
    end

    return {
      entry = { summary = "escape times from a trap over l2", looks = true, see_also = { "trap" },
        options = {
          { name = "l2", type = "numbers", range = "positive", required = true, help = "strengths" },
          { name = "temperature", type = "number", range = "positive", required = true, help = "T" },
          { name = "rank", type = "integer", range = "0 or positive", default = 0, help = "modes" },
          { name = "replicas", type = "integer", range = { 1, 100000 }, default = 64, help = "runs" },
        },
        returns = "points = rows l2, tau, tau_low, tau_high, escapes, censored, theory",
        example = "experiment { data = data.population { singular = {1} }, depth = 3, width = 1,"
          .. " lr = 0.2 }\\nprint(#trap_scan { l2 = {0.28, 0.3}, temperature = 0.005 }.points)" },
      body = body,
    }
    """

  private let folder: SessionFolder

  init() throws {
    folder = try SessionFolder()
    try folder.writeProtocol(Self.scan, "trap_scan")
  }

  @Test("of thirty lines passes its checks; its options are those of a verb")
  func checks() throws {
    let check = try folder.kramers("-e", "emit(protocol.check('trap_scan'))")
    #expect(check.records.last?["passes"] as? Bool == true, "\(check.output)\(check.errors)")
    let setup =
      "experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }\n"
    for (call, words) in [
      ("trap_scan { l2 = {0.3} }", "trap_scan: temperature is required: T"),
      ("trap_scan { l2 = {0.3, -1}, temperature = 1e-3 }", "l2 must be positive, got -1"),
      ("trap_scan { l2 = {0.3}, temperature = 1e-3, replica = 3 }", "did you mean 'replicas'?"),
      ("trap_scan { l2 = {9}, temperature = 1e-3 }", "spinodal (in protocols/trap_scan.lua:9)"),
    ] {
      let run = try folder.kramers("-e", setup + call)
      #expect(run.status == 1 && run.errors.contains("(-e):2: "), "\(call): \(run.errors)")
      #expect(run.errors.contains(words), "\(run.errors)")
    }
  }

  @Test("killed at random moments and resumed, prints the bytes of the run that was not")
  func killed() throws {
    let script = try folder.write(
      """
      x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
      emit(trap_scan { l2 = {0.27, 0.28, 0.29, 0.3}, temperature = 0.003, replicas = 6000 })
      emit(x:measure())
      """, to: "scan.lua")
    let whole = try folder.kramers(script)
    #expect(whole.status == 0 && whole.output.contains("trap_scan"), "\(whole.errors)")
    var generator = SeededGenerator(state: 8)
    var (kills, round) = (0, 0)
    while kills < 5, round < 20 {
      kills += try folder.killAndResume(
        [script], session: folder.path("\(round).kramers"), autosave: 0.005, whole: whole,
        &generator)
      round += 1
    }
    #expect(kills >= 5)
  }
}
