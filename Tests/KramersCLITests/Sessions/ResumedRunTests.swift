import Foundation
import Testing

private let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

/// Runs of a second or two, of every kind that goes on where it was stopped.
private let scripts: [String: String] = [
  "train": """
  local n = tonumber(arg[1])
  x = experiment { data = data.gaussian { singular = {0.9, 0.5}, samples = 64, seed = 3 },
    depth = 3, width = 2, l2 = 0.05, lr = 0.05, batch = 8, temperature = 1e-4 }
  emit(train { steps = 30000 * n, every = 5000 * n })
  set_l2(0.01)
  emit(train { steps = 30000 * n })
  emit(measure())
  """,
  "adam": """
  local n = tonumber(arg[1])
  x = experiment { data = data.digits { classes = {0, 1} }, widths = {64, 16, 2},
    activation = "tanh", optimizer = "adam", lr = 1e-3, batch = 16, label_noise = 0.1 }
  emit(train { steps = 600 * n, every = 200 * n })
  emit(measure())
  """,
  "sweep": """
  local n = tonumber(arg[1])
  x = experiment { data = data.population { singular = {0.9, 0.5} }, depth = 3, width = 2,
    lr = 0.02, l2 = 0.1, temperature = 1e-5 }
  train(20000)
  local r = sweep { from = 0.1, to = 0.5, points = 9, hold = 4000 * n }
  emit(r)
  r:state(3)
  emit(measure())
  """,
  "hysteresis": """
  local n = tonumber(arg[1])
  x = experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1,
    lr = 0.02, l2 = 0.1 }
  emit(hysteresis { from = 0.1, to = 0.5, points = 4 * n })
  """,
  "escape": """
  local n = tonumber(arg[1])
  x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1, l2 = 0.3,
    lr = 0.2, init = "zero" }
  for i = 1, 2 do
    local r = measure_escape { temperature = 1e-4 * i, replicas = 40, max_steps = 10000 * n }
    emit { tau = r.tau, escapes = r.escapes, exposure = r.exposure, outcome = r.outcome }
  end
  """,
  "continuation": """
  local n = tonumber(arg[1])
  x = experiment { data = data.population { singular = {0.9, 0.8, 0.5} }, depth = 3, width = 4,
    lr = 0.1, l2 = 0.05 }
  train(4000)
  emit(continuation { step = 0.1 / n, branches = 6, max_points = 200 * n })
  """,
  "arrhenius": """
  local n = tonumber(arg[1])
  x = experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2,
    l2 = 0.1, lr = 0.08 }
  trap { rank = 1, release = 0.1 }
  emit(arrhenius { temperatures = {4e-4, 3e-4, 2.5e-4}, replicas = 20 * n, max_steps = 30000 })
  """,
]

/// Makes them take about a second.
private let sizes = [
  "train": "24", "adam": "120", "sweep": "30", "hysteresis": "60", "escape": "60",
  "arrhenius": "40", "continuation": "2",
]

@Suite("a run that was stopped and resumed in other processes equals the uninterrupted one")
struct ResumedRunTests {
  private let folder: SessionFolder

  init() throws { folder = try SessionFolder() }

  private func script(_ name: String) throws -> String {
    try folder.write(try #require(scripts[name]), to: name + ".lua")
  }

  @Test("autosaves change nothing", arguments: scripts.keys.sorted())
  func autosaves(name: String) throws {
    let path = try script(name)
    let whole = try folder.kramers(path, "2")
    #expect(whole.status == 0 && whole.records.count > 1, "\(whole.errors)")
    let saved = try folder.kramers("--session", folder.path("a.kramers"), path, "2", autosave: 0.01)
    #expect(saved.output == whole.output, "\(saved.errors)")
  }

  @Test(
    "stopped by SIGTERM again and again, on other numbers of threads",
    arguments: scripts.keys.sorted())
  func terminated(name: String) throws {
    let path = try script(name)
    let size = try #require(sizes[name])
    let clock = ContinuousClock.now
    let whole = try folder.kramers("--threads", "1", path, size)
    let seconds = clock.duration(to: .now) / .seconds(1)
    #expect(whole.status == 0, "\(whole.errors)")
    let session = folder.path("\(name).kramers")
    var arguments = ["--threads", "2", "--session", session, path, size]
    var stops = 0
    for round in 0..<200 {
      let run = try folder.start(arguments)
      usleep(UInt32((0.02 + seconds * (0.15 + 0.1 * Double(round))) * 1e6))
      run.send(SIGTERM)
      let end = try run.finish()
      if end.signal == nil {
        #expect(end.status == 0, "after \(stops) stops: \(end.errors)")
        #expect(end.output == whole.output, "after \(stops) stops: \(end.errors)")
        break
      }
      stops += 1
      #expect(end.signal == SIGTERM)
      if !end.errors.contains("--resume") {
        // The signal came between the last record and the end of the process: nothing is left to do.
        #expect(end.output == whole.output, "after \(stops) stops: \(end.errors)")
        break
      }
      arguments = ["--threads", "\(1 + round % 2)", "--resume", session]
    }
    #expect(stops > 0)
    let verified = try folder.kramers("--verify", session)
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
  }

  @Test("killed at random moments of a run with autosaves: no file is lost, no bit is another")
  func killed() throws {
    let names = scripts.keys.sorted()
    var generator = SeededGenerator(state: 5)
    var whole: [String: Run] = [:]
    var kills = 0
    var round = 0
    while kills < (isLong ? 200 : 10) {
      defer { round += 1 }
      let name = names[round % names.count]
      let path = try script(name)
      let size = try #require(sizes[name])
      if whole[name] == nil { whole[name] = try folder.kramers(path, size) }
      kills += try folder.killAndResume(
        [path, size], session: folder.path("killed-\(round).kramers"), autosave: 0.005,
        whole: #require(whole[name]), &generator)
    }
  }

  /// Saves between its stages.
  private static let saving = """
    local n = tonumber(arg[1])
    x = experiment { data = data.gaussian { singular = {0.9, 0.5}, samples = 64, seed = 3 },
      depth = 3, width = 2, l2 = 0.05, lr = 0.05, batch = 8, temperature = 1e-4 }
    kept = { stage = 0 }
    for stage = 1, 6 do
      last = train { steps = 6000 * n, every = 3000 * n }
      kept = { stage = stage, before = kept }
      session.save()
      emit(last)
      set_l2(0.05 - 0.005 * stage)
    end
    emit { depth = kept.before.before.stage, loss = measure().loss }
    """

  @Test(
    "killed at random moments of a script that saves between its stages",
    arguments: [nil, 0.005] as [Double?])
  func killedWhileSaving(autosave: Double?) throws {
    var generator = SeededGenerator(state: autosave == nil ? 6 : 7)
    let path = try folder.write(Self.saving, to: "saving.lua")
    let size = "12"
    let whole = try folder.kramers("--session", folder.path("whole.kramers"), path, size)
    #expect(whole.status == 0 && whole.records.count > 6, "\(whole)")
    var (kills, round) = (0, 0)
    while kills < (isLong ? 100 : 5) {
      kills += try folder.killAndResume(
        [path, size], session: folder.path("\(round).kramers"), autosave: autosave, whole: whole,
        &generator)
      round += 1
    }
  }
}
