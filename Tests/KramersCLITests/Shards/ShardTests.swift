import Foundation
import Testing

@testable import KramersBindings

/// A folder of its own for scripts and parts, gone at the end.
final class ShardBench {
  let folder: String
  var parts: String { folder + "/parts" }

  init() throws {
    folder = NSTemporaryDirectory() + "shards-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  /// - Returns: the script's path.
  func script(_ text: String, name: String = "s.lua") throws -> String {
    try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
    return folder + "/" + name
  }

  func shard(
    _ k: Int, of n: Int, _ script: String, _ arguments: [String] = [], options: [String] = [],
    environment: [String: String] = [:]
  ) throws -> Run {
    try RunningBinary(
      [binary.path, "--shard", "\(k)/\(n)", "--out", parts] + options + [script] + arguments,
      environment: environment
    ).finish()
  }

  /// Runs all shards and merges them until nothing is missing.
  /// - Returns: the merge, and how often all shards were run.
  func merged(
    _ n: Int, _ script: String, _ arguments: [String] = [], options: [String] = []
  ) throws -> (run: Run, stages: Int) {
    for stage in 1...40 {
      for k in 1...n {
        let run = try shard(k, of: n, script, arguments, options: options)
        try #require(run.status == 0 && run.output.isEmpty, "\(run.errors)")
      }
      let merge = try merge()
      if merge.status != 75 { return (merge, stage) }
    }
    throw POSIXError(.ETIMEDOUT)
  }

  func merge(_ options: String...) throws -> Run {
    try RunningBinary([binary.path] + options + ["--merge", parts]).finish()
  }
}

/// A chain that is left after some hundred steps.
let quickChain = """
  local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1,
    init = "zero", l2 = 0.3, lr = 0.2, seed = 5 }
  local dE = 0.0139

  """

@Suite("shards: several processes compute what one would")
struct ShardTests {
  @Test("all parts together give the bytes of one process", arguments: [1, 3, 8])
  func bytes(n: Int) throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        print("seed", ...)
        emit { kind = "start", l2 = x.l2 }
        local results = {}
        for i, options in ipairs {
          { temperature = dE / 3, replicas = 20, dwell = 30 },
          { temperature = dE / 3, replicas = 5, optimizer = "momentum", momentum = 0.5 },
          { temperature = dE / 2.5, replicas = 6, observable = function(y) return y:measure().modes[1] end,
            threshold = 0.3, max_steps = 2000 },
          { temperature = dE / 2.5, replicas = 12, observable = "norm", threshold = 0.6 },
          { temperature = dE / 4, method = "splitting", replicas = 20, runs = 3, every = 1,
            threshold = 0.3 },
          { max_steps = 300 },
        } do
          options.stream = options.method ~= "splitting" and i or nil
          results[i] = measure_escape(options)
          results[i].name = "case " .. i
          emit(results[i])
        end
        experiment { data = data.gaussian { singular = {0.9}, samples = 40, seed = 2 }, depth = 3,
          width = 2, lr = 0.1, l2 = 0.1, seed = 3 }
        trap { rank = 0, release = 0.1 }
        emit(measure_escape { batch = 4, frozen = true, replicas = 7, max_steps = 3000 })
        train(20)
        emit(measure())
        print(results[1].tau)
        emit(results)
        """)
    let options = ["--seed", "11", "--threads", "2"]
    let one = try RunningBinary([binary.path] + options + [script, "a b", "-c"]).finish()
    #expect(one.status == 0 && one.records.count == 11, "\(one.errors)")
    let (merge, stages) = try bench.merged(n, script, ["a b", "-c"], options: options)
    #expect(merge.status == 0 && merge.errors.isEmpty, "\(merge.errors)")
    #expect(merge.output == one.output)
    #expect(stages == 1)
    let table = try RunningBinary(
      [binary.path] + options + ["--format", "table", script, "a b", "-c"]
    ).finish()
    let merged = try bench.merge("--format", "table").output
    // Times of the clock stand in tables.
    let clock = /(?m)^.*(seconds|steps_per_second).*$/
    #expect(merged.replacing(clock, with: "") == table.output.replacing(clock, with: ""))
  }

  @Test("the points of arrhenius are one stage, and a picture is drawn by the merge alone")
  func arrhenius() throws {
    let bench = try ShardBench()
    let picture = bench.folder + "/a.csv.svg"
    let script = packageRoot.path + "/scripts/arrhenius.lua"
    let one = try RunningBinary([binary.path, script, "small", picture]).finish()
    let drawn = try String(contentsOfFile: picture, encoding: .utf8)
    try FileManager.default.removeItem(atPath: picture)
    for k in 1...3 {
      #expect(try bench.shard(k, of: 3, script, ["small", picture]).status == 0)
      #expect(!FileManager.default.fileExists(atPath: picture))
    }
    let merge = try bench.merge()
    #expect(merge.status == 0 && merge.output == one.output, "\(merge.errors)")
    #expect(try String(contentsOfFile: picture, encoding: .utf8) == drawn)
  }

  @Test("accelerate: programmes and seeds are one stage")
  func accelerate() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      """
      local task = data.completion { size = 6, fraction = 0.6, seed = 1 }
      experiment { data = task, depth = 2, width = 6, init = "gaussian", l2 = 3e-3, lr = 0.05 }
      emit(accelerate { seeds = 3, max_steps = 600, programmes = {
        { name = "constant" }, { name = "more decay", l2 = 1e-2 },
        { name = "function", lr = function(step) return step < 100 and 0.04 or 0.06 end } } })
      print(math.random(1000))
      """)
    let one = try RunningBinary([binary.path, script]).finish()
    let (merge, stages) = try bench.merged(2, script)
    #expect(one.status == 0 && merge.output == one.output, "\(merge.errors)")
    #expect(stages == 1)
  }

  @Test("replicate: data seeds of several figures are one stage, and so is what joins results")
  func replicate() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        for _, figure in ipairs { "1a", "2b", "3" } do
          emit(replicate("2606.17120", figure, { scale = "small" }))
        end
        local runs = {}
        for i = 1, 2 do runs[i] = x:measure_escape { temperature = dE / 3, stream = i } end
        emit(escape.combine(runs))
        emit { l2 = current().l2 }
        """)
    let one = try kramers(script)
    #expect(one.status == 0 && one.records.count == 6, "\(one.errors)")
    let (merge, stages) = try bench.merged(3, script)
    #expect(merge.output == one.output && stages == 1, "\(merge.errors)")
  }

  @Test("a script that goes on with what it measured is computed in stages, whatever it catches")
  func stages() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        local e = measure_escape { temperature = dE / 3, replicas = 6 }
        local ok, why = pcall(function() return e.tau > 1 end)
        local again = coroutine.wrap(function() return select(2, pcall(tostring, e)) end)()
        if not ok then measure_escape { temperature = dE, replicas = 2 } end
        local f = measure_escape { temperature = dE / 3, replicas = 4, max_steps = 5 * e.tau // 1 }
        emit { first = e.tau, second = f.escapes, ok = ok, words = #again > 10 }
        """)
    let one = try RunningBinary([binary.path, script]).finish()
    #expect(one.status == 0, "\(one.errors)")
    let first = try bench.shard(2, of: 2, script)
    #expect(
      first.status == 0 && first.errors.contains("goes on with the result of ensemble 1"),
      "\(first.errors)")
    let early = try bench.merge()
    #expect(early.status == 75 && early.errors.contains("the part of shard 1 of 2 at ensemble 1"))
    // The second of a stage sees all parts of it, and goes on with the next.
    #expect(try bench.shard(1, of: 2, script).status == 0)
    let middle = try bench.merge()
    #expect(middle.status == 75 && middle.errors.contains("shard 2 of 2 at ensemble 2"))
    let (merge, stages) = try bench.merged(2, script)
    #expect(merge.output == one.output && stages == 1, "\(merge.errors)")
  }

  @Test("control: shards that wait for each other come to its end together")
  func waiting() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        for _, replicas in ipairs { 16, 12 } do
          local c = control { temperature = dE / 3, replicas = replicas }
          c.name = "replicas " .. replicas
          emit(c)
        end
        """)
    let one = try RunningBinary([binary.path, script]).finish()
    #expect(one.status == 0 && one.records.count == 3, "\(one.errors)")
    let shards = try (1...2).map { k in
      try RunningBinary([
        binary.path, "--threads", "1", "--shard", "\(k)/2", "--out", bench.parts, "--wait", "100",
        script,
      ])
    }
    for shard in shards {
      let run = try shard.finish()
      #expect(run.status == 0 && run.errors.contains("done"), "\(run.errors)")
    }
    let merge = try bench.merge()
    #expect(merge.status == 0 && merge.output == one.output, "\(merge.errors)")
  }

  @Test("a shard that waits in vain ends with 75")
  func waitingInVain() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + "print(measure_escape { temperature = dE / 3, replicas = 4 }.tau)")
    let run = try bench.shard(1, of: 2, script, options: ["--wait", "0.2"])
    #expect(run.status == 75 && run.errors.contains("--wait 0.2 is over"), "\(run.errors)")
  }
}
