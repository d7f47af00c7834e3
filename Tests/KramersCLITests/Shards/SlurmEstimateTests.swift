import Foundation
import Testing

@testable import KramersBindings

@Suite("--slurm: time and memory from an estimate of the run itself")
struct SlurmEstimateTests {
  private func dryRun(
    _ bench: ShardBench, _ script: String, shards: Int = 4, options: [String] = [],
    environment: [String: String] = [:]
  ) throws -> Run {
    try RunningBinary(
      [binary.path, "--slurm", "\(shards)", "--out", bench.parts, "--dry-run"] + options + [script],
      environment: environment
    ).finish()
  }

  /// 240 replicas that take some seconds, on one thread.
  private static let slow =
    quickChain + """
      emit(measure_escape { temperature = dE / 8, replicas = 240, max_steps = 4e7, every = 1 })
      """

  @Test(
    "a shard takes about as long as a few seconds of it say, and goes on with what they computed")
  func estimated() throws {
    let bench = try ShardBench()
    let script = try bench.script(Self.slow)
    let probe = try bench.shard(
      1, of: 1, script, options: ["--threads", "1", "--probe", "1.5", "--max-seconds", "30"])
    #expect(probe.status == 0, "\(probe.errors)")
    let note = FileManager.default.contents(atPath: bench.parts + "/estimate") ?? Data()
    let estimate = try #require(ShardEstimate(Array(note)))
    #expect(!estimate.isDone && !estimate.isBound, "\(estimate)")
    let expected = try #require(estimate.expected)
    #expect(FileManager.default.fileExists(atPath: bench.parts + "/ensemble-1/part-1.begun"))
    // The rest of it, with the slice that the probe has done before.
    let start = Date()
    #expect(try bench.shard(1, of: 1, script, options: ["--threads", "1"]).status == 0)
    let actual = Date().timeIntervalSince(start) + 0.75
    // Ten ends or more: their mean is good to a third, and other tests take their time.
    #expect(actual / 4 < expected && expected < 4 * actual, "\(expected) s, took \(actual)")
    #expect(try bench.merge().output == kramers(script).output)
  }

  @Test("all ensembles up to the first look are met; items count too, and what is done is said")
  func ensembles() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        emit(measure_escape { temperature = dE / 40, replicas = 40, max_steps = 3e9, every = 1 })
        local list = cluster.map({ 1, 2, 3, 4, 5, 6, 7, 8 }, function() os.execute("sleep 0.2") return 1 end)
        emit { list = list }
        print(list[1])
        """)
    let run = try bench.shard(1, of: 2, script, options: ["--threads", "1", "--probe", "1"])
    #expect(run.status == 0, "\(run.errors)")
    let note = FileManager.default.contents(atPath: bench.parts + "/estimate") ?? Data()
    let estimate = try #require(ShardEstimate(Array(note)))
    // No replica ends: the budget's 20 * 3e8 steps are the most that it can be.
    #expect(estimate.isBound && !estimate.isDone && estimate.expected ?? 0 > 100, "\(estimate)")
    for name in ["ensemble-1/part-1.begun", "ensemble-2/part-1.begun"] {
      #expect(FileManager.default.fileExists(atPath: bench.parts + "/" + name), "\(name)")
    }
    let quick = try ShardBench()
    let all = try quick.script(quickChain + "emit(measure_escape { temperature = dE / 3 })")
    let shown = try dryRun(quick, all)
    #expect(shown.status == 0, "\(shown.errors)")
    #expect(
      shown.output.contains(/# shard 1 was done within [0-9.]+ s: --time=0:05:00 --mem=\d+M\n/),
      "\(shown.output)")
    #expect(shown.output.contains("#SBATCH --time=0:05:00\n#SBATCH --mem="))
    #expect(shown.errors.contains("kramers: shard 1 was done within"))
    // It leaves no folder, and goes on with one that is there.
    #expect(!FileManager.default.fileExists(atPath: quick.parts))
    for k in 1...3 { #expect(try quick.shard(k, of: 4, all).status == 0) }
    let rest = try dryRun(quick, all)
    #expect(rest.output.contains("# shard 4 was done within"), "\(rest.output)")
    #expect(FileManager.default.fileExists(atPath: quick.parts + "/ensemble-1/part-4"))
  }

  @Test("what the user names is left alone, in an option or a variable of Slurm's")
  func named() throws {
    let bench = try ShardBench()
    let script = try bench.script(quickChain + "emit(measure_escape { temperature = dE / 3 })")
    let time = try dryRun(bench, script, options: ["--sbatch", "time=1:00"])
    #expect(
      time.output.contains("#SBATCH --time=1:00\n#SBATCH --mem=") && time.errors.contains("--mem="),
      "\(time.output)")
    let memory = try dryRun(bench, script, environment: ["SBATCH_MEM_PER_CPU": "2G"])
    #expect(
      memory.output.contains("#SBATCH --time=0:05:00\nexec") && !memory.output.contains("--mem="),
      "\(memory.output)")
    let both = try dryRun(
      bench, script, options: ["--sbatch", "mem-per-cpu=1G"],
      environment: ["SBATCH_TIMELIMIT": "3"])
    #expect(both.errors.isEmpty && !both.output.contains("--time="), "\(both.output)")
    let failing = try bench.script("if arg[1] then error('no') end os.exit(3)", name: "f.lua")
    let failed = try dryRun(bench, failing)
    #expect(
      failed.status == 0
        && failed.output.contains("# no estimate of the time: shard 1 ended with status 3"),
      "\(failed.output) \(failed.errors)")
    #expect(!failed.output.contains("SBATCH --time") && !failed.output.contains("SBATCH --mem"))
  }

  @Test("the request: a stated factor, at least five minutes, no more than the partition allows")
  func requests() {
    func words(
      _ estimate: ShardEstimate, memory: Int? = 31 << 20, _ limits: SlurmLimits = SlurmLimits(),
      attempt: Int = 1
    ) -> SlurmResources {
      var estimate = estimate
      estimate.memory = memory
      return SlurmResources(estimate, names: [], limits: limits, attempt: attempt)
    }
    let plain = ShardEstimate(shard: 1, measured: 5, expected: 200)
    #expect(words(plain).directives == ["time=0:10:00", "mem=256M"])
    #expect(
      words(plain).words
        == "estimated 3 min 20 from 5.0 s of shard 1: --time=0:10:00 --mem=256M")
    #expect(words(plain, memory: 260 << 20).directives[1] == "mem=576M")
    // What came to nothing gets more.
    #expect(words(plain, attempt: 3).directives == ["time=0:40:00", "mem=1024M"])
    let long = ShardEstimate(shard: 2, measured: 5, expected: 90_000, isBound: true)
    #expect(words(long).directives[0] == "time=3-03:00:00")
    #expect(words(long).words?.contains("estimated at most 1 days 1 h") == true)
    let day = SlurmLimits(rows: "debug|30:00|1000\nmain*|1-00:00:00|64000+\n", partitions: nil)
    #expect(day.minutes == 1440 && day.knowsMemory)
    #expect(words(long, day).directives[0] == "time=1-00:00:00")
    #expect(words(long, day).words?.contains("the partition allows no more") == true)
    let debug = SlurmLimits(rows: "debug|30:00|1\nmain*|infinite|64000\n", partitions: ["debug"])
    #expect(debug.minutes == 30 && !debug.knowsMemory)
    #expect(words(plain, debug).directives == ["time=0:10:00"])
    #expect(SlurmLimits(rows: "main*|infinite|1+\n", partitions: nil).minutes == nil)
    #expect(SlurmLimits(rows: "", partitions: nil) == SlurmLimits())
    let unknown = ShardEstimate(shard: 1, unknown: "it slept")
    #expect(words(unknown, memory: nil).directives.isEmpty)
    #expect(
      words(unknown, memory: nil).words
        == "no estimate of the time: it slept; --time is left to Slurm; --mem is left to Slurm")
  }
}
