import Foundation
import Testing

@testable import KramersBindings

@Suite("shards: what is wrong with their files is named, and nothing is computed in its place")
struct ShardFaultTests {
  private static let script =
    quickChain + "emit(measure_escape { temperature = dE / 3, replicas = 8 })\n"

  /// Three parts, and the path of the first ensemble's folder.
  private func filled() throws -> (bench: ShardBench, script: String, ensemble: String) {
    let bench = try ShardBench()
    let script = try bench.script(Self.script)
    for k in 1...3 { #expect(try bench.shard(k, of: 3, script).status == 0) }
    return (bench, script, bench.parts + "/ensemble-1")
  }

  @Test("missing, damaged, foreign, misnamed and duplicated parts are each named")
  func parts() throws {
    let (bench, script, ensemble) = try filled()
    let whole = try bench.merge()
    #expect(whole.status == 0)
    let files = FileManager.default
    let second = URL(fileURLWithPath: ensemble + "/part-2")
    let bytes = try Data(contentsOf: second)
    let third = try Data(contentsOf: URL(fileURLWithPath: ensemble + "/part-3"))

    try files.removeItem(at: second)
    let missing = try bench.merge()
    #expect(missing.status == 75 && missing.output.isEmpty)
    #expect(missing.errors.contains("the part of shard 2 of 3 at ensemble 1 (measure_escape)"))

    // Any byte, the checksum's own too, and any length.
    for place in [0, 20, bytes.count / 2, bytes.count - 1] {
      var damaged = bytes
      damaged[place] ^= 0x10
      try damaged.write(to: second)
      let run = try bench.merge()
      #expect(run.status == 65 && run.errors.contains("part-2 is damaged"), "byte \(place)")
    }
    for count in [0, 5, 30, bytes.count - 1] {
      try bytes.prefix(count).write(to: second)
      let run = try bench.merge()
      #expect(run.status == 65 && run.errors.contains("part-2 is damaged"), "\(count) bytes")
    }
    try third.write(to: second)
    let duplicate = try bench.merge()
    #expect(duplicate.status == 65 && duplicate.errors.contains("part-2 is a duplicate of part 3"))
    // A shard that finds the place of its part taken says so too, and leaves it.
    let own = try bench.shard(2, of: 3, script)
    #expect(own.status == 65 && own.errors.contains("duplicate of part 3"), "\(own.errors)")

    let other = try ShardBench()
    let louder = try other.script(Self.script.replacing("dE / 3", with: "dE / 2"))
    #expect(try other.shard(2, of: 3, louder).status == 0)
    let foreign = try Data(contentsOf: URL(fileURLWithPath: other.parts + "/ensemble-1/part-2"))
    try foreign.write(to: second)
    try files.removeItem(atPath: ensemble + "/part-1")
    let several = try bench.merge()
    #expect(several.status == 65 && several.errors.contains("part-2 is foreign"))
    #expect(several.errors.contains("the part of shard 1 of 3"))

    try files.removeItem(at: second)
    for k in [1, 2] { #expect(try bench.shard(k, of: 3, script).status == 0) }
    #expect(try bench.merge().output == whole.output)
  }

  @Test("the stored whole is no authority: damaged it is made again, parts are read all the same")
  func whole() throws {
    let (bench, script, ensemble) = try filled()
    let merged = try bench.merge()
    let whole = URL(fileURLWithPath: ensemble + "/whole")
    #expect(FileManager.default.fileExists(atPath: whole.path))
    try Data("nothing".utf8).write(to: whole)
    #expect(try bench.merge().output == merged.output)
    #expect(try bench.shard(1, of: 3, script).status == 0)
    try FileManager.default.removeItem(atPath: ensemble + "/part-1")
    #expect(try bench.merge().status == 75)
  }

  @Test("a folder belongs to one run: script, arguments, seed, number of shards")
  func manifest() throws {
    let (bench, script, _) = try filled()
    let run = try bench.shard(1, of: 4, script)
    #expect(run.status == 65 && run.errors.contains("number of shards is 3 there and 4 here"))
    #expect(try bench.shard(1, of: 3, script, ["x"]).errors.contains("arguments"))
    #expect(
      try bench.shard(1, of: 3, script, options: ["--seed", "2"]).errors.contains("seed is 0"))
    _ = try bench.script(Self.script + "-- another\n")
    let changed = try bench.shard(1, of: 3, script)
    #expect(changed.status == 65 && changed.errors.contains("script's checksum"))
    // The merge runs the text that the shards ran.
    #expect(try bench.merge().status == 0)
    let path = URL(fileURLWithPath: bench.parts + "/manifest.json")
    let text = try String(contentsOf: path, encoding: .utf8)
    let program = try #require(text.firstMatch(of: /"build":"(\w+)"/)?.1)
    try text.replacing(program, with: "0123456789abcdef").write(
      to: path, atomically: true, encoding: .utf8)
    let old = try bench.merge()
    #expect(old.status == 65 && old.errors.contains("program's checksum"), "\(old.errors)")
    try Data("{}".utf8).write(to: path)
    #expect(try bench.merge().status == 65)
    try text.write(to: path, atomically: true, encoding: .utf8)
    try Data("print(1)".utf8).write(to: URL(fileURLWithPath: bench.parts + "/script"))
    let damaged = try bench.merge()
    #expect(damaged.status == 65 && damaged.errors.contains("script is damaged"))
    try FileManager.default.removeItem(at: path)
    #expect(try bench.merge().status == 66)
  }

  @Test("a shard that did not do the same is named with what differs")
  func disagreement() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        x:set { l2 = os.getenv("STRENGTH") + 0.0 }
        x:train(tonumber(os.getenv("STEPS")))
        emit(measure_escape { temperature = dE / 3, replicas = 4, every = os.getenv("LOOK") + 0 })
        """)
    let right = ["STRENGTH": "0.3", "STEPS": "5", "LOOK": "10"]
    let cases = [
      (["STRENGTH": "0.31"], "l2 is 0.31 there and 0.3 here"),
      (["STEPS": "6"], "step is 6 there and 5 here"),
      (["LOOK": "20"], "option every is 20 there and 10 here"),
    ]
    for (change, words) in cases {
      #expect(try bench.shard(1, of: 2, script, environment: right).status == 0)
      let other = right.merging(change) { $1 }
      #expect(try bench.shard(2, of: 2, script, environment: other).status == 65)
      let merge = try RunningBinary(
        [binary.path, "--merge", bench.parts], environment: right
      ).finish()
      #expect(
        merge.status == 65 && merge.errors.contains("shard 2 disagrees with this run at ensemble 1")
          && merge.errors.contains(words), "\(merge.errors)")
      try FileManager.default.removeItem(atPath: bench.parts)
    }
  }

  @Test("SIGTERM: what a shard has of its part is kept, and it goes on from there")
  func stopped() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        emit(measure_escape { temperature = dE / 14, replicas = 12, max_steps = 4e6, every = 1 })
        """)
    let one = try RunningBinary([binary.path, script]).finish()
    let first = try RunningBinary(
      [binary.path, "--threads", "1", "--shard", "1/2", "--out", bench.parts, script])
    usleep(300_000)
    first.send(SIGTERM)
    let stopped = try first.finish()
    let begun = bench.parts + "/ensemble-1/part-1.begun"
    if stopped.signal == SIGTERM {
      #expect(FileManager.default.fileExists(atPath: begun))
    } else {
      Issue.record("the shard ended before it was stopped: \(stopped.errors)")
    }
    for k in 1...2 { #expect(try bench.shard(k, of: 2, script).status == 0) }
    #expect(!FileManager.default.fileExists(atPath: begun))
    #expect(try bench.merge().output == one.output)
  }

  @Test("a unit that was stopped is no unit: splitting is done again, whole")
  func stoppedUnit() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        emit(measure_escape { temperature = dE / 6, method = "splitting", replicas = 200, runs = 6,
          every = 1, threshold = 0.3 })
        """)
    let one = try kramers(script)
    let first = try bench.shard(
      1, of: 1, script, options: ["--threads", "1", "--max-seconds", "0.2"])
    #expect(first.status == 75, "\(first.errors)")
    #expect(!FileManager.default.fileExists(atPath: bench.parts + "/ensemble-1/part-1"))
    #expect(try bench.shard(1, of: 1, script).status == 0)
    let merge = try bench.merge()
    #expect(merge.status == 0 && merge.output == one.output, "\(merge.errors)")
  }

  @Test("a limit ends a shard with 75 and keeps its part")
  func limited() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        emit(measure_escape { temperature = dE / 14, replicas = 12, max_steps = 4e6, every = 1 })
        """)
    let run = try bench.shard(1, of: 1, script, options: ["--max-seconds", "0.3"])
    #expect(run.status == 75 && run.errors.contains("--max-seconds 0.3"), "\(run.errors)")
    #expect(FileManager.default.fileExists(atPath: bench.parts + "/ensemble-1/part-1.begun"))
    #expect(try bench.merge().status == 75)
  }

  @Test("an error of the script is that of one process, in shards and in the merge")
  func errors() throws {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        emit(measure_escape { temperature = dE / 3, replicas = 4 })
        error("my own")
        """)
    for k in 1...2 {
      let run = try bench.shard(k, of: 2, script)
      #expect(run.status == 1 && run.errors.contains("s.lua:5: my own"), "\(run.errors)")
    }
    let (one, merge) = (try kramers(script), try bench.merge())
    #expect(merge.status == 1 && merge.output == one.output && merge.errors == one.errors)
  }

  @Test(
    "usage",
    arguments: [
      (["--shard", "3", "--out", "x", "s.lua"], "K/N"),
      (["--shard", "0/3", "--out", "x", "s.lua"], "K in 1...N"),
      (["--shard", "4/3", "--out", "x", "s.lua"], "got 4/3"),
      (["--out", "x", "s.lua"], "--out goes"),
      (["--shard", "1/2", "s.lua"], "needs --out"), (["--shard", "1/2", "--out", "x"], "script"),
      (["--shard", "auto", "--out", "x", "s.lua"], "SLURM_ARRAY_TASK_ID"),
      (["--merge", "x", "s.lua"], "runs no script"), (["--merge", "x", "--seed", "2"], "--seed"),
      (["--merge", "x", "--session", "y"], "either"), (["--wait", "3", "s.lua"], "--wait goes"),
    ])
  func usage(arguments: [String], words: String) throws {
    let run = try RunningBinary([binary.path] + arguments).finish()
    #expect(run.status == 64 && run.errors.contains(words), "\(run.errors)")
  }

  @Test("auto: the place that Slurm, Open MPI or PMI gives a process")
  func places() throws {
    func place(_ variables: [String: String]) throws -> String {
      try "\(Shard(words: "auto") { variables[$0] })"
    }
    let array = [
      "SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "4", "SLURM_ARRAY_TASK_MIN": "1",
      "SLURM_ARRAY_TASK_MAX": "10", "SLURM_ARRAY_TASK_STEP": "3",
    ]
    #expect(try place(array) == "3/4")
    let ranks = ["SLURM_PROCID": "1", "SLURM_NTASKS": "2"]
    #expect(try place(ranks) == "2/2")
    #expect(try place(array.merging(ranks) { $1 }) == "6/8")
    #expect(try place(["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "5"]) == "1/5")
    #expect(try place(["PMI_RANK": "4", "PMI_SIZE": "5"]) == "5/5")
    // A few tasks of an array that are run again do not know which they were.
    let some = array.merging(["SLURM_ARRAY_TASK_COUNT": "2"]) { $1 }
    #expect(throws: ShardError.self) { try place(some) }
    #expect(throws: ShardError.self) { try place([:]) }
  }
}
