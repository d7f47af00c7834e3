import Foundation
import Testing

private let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

/// A real controller and two nodes on loopback; see `slurm.sh`.
private final class Slurm {
  private let folder: String
  let environment: [String: String]

  /// - Parameter memory: of a node, in MB; nil: Slurm does not know it.
  init(memory: Int? = nil) throws {
    folder = NSTemporaryDirectory() + "slurm-" + UUID().uuidString
    environment = ["SLURM_CONF": folder + "/slurm.conf"]
    let run = try Self.script("up", folder, memory.map { "\($0)" } ?? "")
    try #require(run.status == 0, "\(run.errors)")
  }

  deinit {
    _ = try? Self.script("down", folder)
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// - Returns: what the action says.
  @discardableResult
  func does(_ action: String, _ words: String...) throws -> String {
    let run = try Self.script(([action, folder] + words).joined(separator: " "))
    #expect(run.status == 0, "\(run.errors)")
    return run.output
  }

  private static func script(_ words: String...) throws -> Run {
    try shell("Tests/KramersCLITests/Shards/slurm.sh " + words.joined(separator: " "))
  }

  /// Says so where there can be none.
  static var isThere: Bool {
    let names = "sbatch squeue slurmctld slurmd munged"
    if geteuid() == 0, (try? shell("command -v \(names)"))?.output.split(separator: "\n").count == 5
    {
      return true
    }
    print("skipped: a Slurm of its own needs root and the Debian packages slurm-wlm and munge")
    return false
  }
}

@Suite("--slurm: shards as an array, watched and merged", .serialized)
struct SlurmTests {
  /// Runs `kramers --slurm`.
  private func start(
    _ bench: ShardBench, _ slurm: Slurm, _ shards: Int, _ script: String,
    _ arguments: [String] = [], options: [String] = []
  ) throws -> RunningBinary {
    try RunningBinary(
      [binary.path, "--slurm", "\(shards)", "--out", bench.parts] + options + [script] + arguments,
      environment: slurm.environment)
  }

  @Test("an array of 8 gives the bytes of one process; its watcher is killed and started again")
  func array() throws {
    guard Slurm.isThere else { return }
    let bench = try ShardBench()
    let slurm = try Slurm(memory: 4000)
    let script = packageRoot.path + "/scripts/arrhenius.lua"
    let one = try kramers(script, "small")
    let first = try start(bench, slurm, 8, script, ["small"])
    #expect(first.wait { $0.errorsSoFar.contains("submitted") }, "\(first.errorsSoFar)")
    first.send(SIGKILL)
    _ = try first.finish()
    // Nobody named time and memory.
    let batch = try String(contentsOfFile: bench.parts + "/batch", encoding: .utf8)
    #expect(batch.contains("# shard 1 was done within "), "\(batch)")
    #expect(batch.contains("#SBATCH --time=0:05:00\n#SBATCH --mem=256M\n"), "\(batch)")
    #expect(first.errorsSoFar.contains(": --time=0:05:00 --mem=256M\n"), "\(first.errorsSoFar)")
    let second = try start(bench, slurm, 8, script, ["small"]).finish()
    #expect(second.errors.contains("was submitted before"), "\(second.errors)")
    #expect(!second.errors.contains("shards 1-8 submitted"), "\(second.errors)")
    #expect(second.status == 0 && second.output == one.output, "\(second.errors)")
    // Nothing is left to do: the merge alone.
    let third = try start(bench, slurm, 8, script, ["small"]).finish()
    #expect(third.status == 0 && third.output == one.output && third.errors.isEmpty)
  }

  @Test("stages are arrays of their own, and shards that fail are run twice more and then named")
  func stagesAndFailures() throws {
    guard Slurm.isThere else { return }
    let bench = try ShardBench()
    let slurm = try Slurm(memory: 4000)
    // Shard 2 ends at its first ensemble, until there is a file.
    let script = try bench.script(
      quickChain + """
        local isBad = os.getenv("SLURM_ARRAY_TASK_ID") == "2" and not io.open(arg[1])
        if isBad then os.exit(3) end
        local e = measure_escape { temperature = dE / 3, replicas = 6 }
        emit(measure_escape { temperature = dE / 3, replicas = 6, max_steps = e.times[1] + 10 })
        """)
    let file = bench.folder + "/mended"
    // Told time and memory, it runs no shard itself.
    let told = ["--sbatch", "time=5:00", "--sbatch", "mem=300M"]
    let failing = try start(bench, slurm, 3, script, [file], options: told).finish()
    #expect(
      failing.status == 75 && failing.errors.contains("shards 2 ended 3 times without a new part"),
      "\(failing.errors)")
    #expect(failing.output.isEmpty)
    try Data().write(to: URL(fileURLWithPath: file))
    let one = try kramers(script, file)
    let mended = try start(bench, slurm, 3, script, [file], options: told).finish()
    #expect(mended.status == 0 && mended.output == one.output, "\(mended.errors)")
  }

  @Test(
    "a node that is lost with its tasks and a controller that is started again change no byte",
    .enabled(if: isLong, "KRAMERS_LONG"))
  func lostNode() throws {
    guard Slurm.isThere else { return }
    let bench = try ShardBench()
    let slurm = try Slurm()
    let script = packageRoot.path + "/scripts/arrhenius.lua"
    let one = try kramers(script)
    let run = try start(bench, slurm, 8, script)
    #expect(run.wait(timeout: 60) { $0.errorsSoFar.contains("submitted") }, "\(run.errorsSoFar)")
    // The daemon and at least its task.
    #expect(try slurm.does("lose", "n2").split(separator: "\n").count >= 2)
    try slurm.does("restart")
    let end = try run.finish(timeout: 400)
    #expect(end.status == 0 && end.output == one.output, "\(end.errors)")
  }

  @Test("cluster.slurm: a script that says it itself")
  func inLua() throws {
    guard Slurm.isThere else { return }
    let bench = try ShardBench()
    let slurm = try Slurm()
    let rest =
      quickChain + "emit(measure_escape { temperature = dE / 3, replicas = 6 })\nprint('end')\n"
    let script = try bench.script(
      "local t = { shards = 2, out = '\(bench.parts)', time = '5:00', cpus = 1 }\n"
        + "pcall(cluster.slurm, t)\n" + rest)
    let run = try RunningBinary([binary.path, script], environment: slurm.environment).finish()
    // The same but for the call.
    let one = try kramers(bench.script("\n\n" + rest))
    #expect(run.status == 0 && run.output == one.output, "\(run.errors)")
    let batch = try String(contentsOfFile: bench.parts + "/batch", encoding: .utf8)
    #expect(batch.contains("#SBATCH --time=5:00\n#SBATCH --cpus-per-task=1\n"))
    // The memory of these nodes is not known to Slurm: a job that asked for some would never run.
    #expect(batch.contains("; no --mem: this Slurm does not know"), "\(batch)")
    #expect(!batch.contains("#SBATCH --mem"))
    let late = try kramers("-e", "print(1) cluster.slurm { shards = 2 }")
    #expect(late.status == 1 && late.errors.contains("before the first output"), "\(late.errors)")
  }

  @Test("--dry-run shows the batch script and submits nothing; words are quoted")
  func dryRun() throws {
    let bench = try ShardBench()
    let run = try RunningBinary(
      [
        binary.path, "--seed", "7", "--slurm", "12", "--out", bench.parts, "--dry-run", "--sbatch",
        "time=2:00:00", "--sbatch", "mem=4G", "scripts/arrhenius.lua", "it's", "small",
      ]).finish()
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    for line in [
      "# sbatch --parsable --array=1-12 \(bench.parts)/batch", "#!/bin/sh",
      "#SBATCH --signal=B:TERM@60", "#SBATCH --requeue", "#SBATCH --time=2:00:00",
      "#SBATCH --mem=4G", "#SBATCH --output=\(bench.parts)/log-%a",
    ] { #expect(run.output.contains(line + "\n"), "\(line)") }
    #expect(
      run.output.contains(
        "--seed 7 --shard $SLURM_ARRAY_TASK_ID/12 --out \(bench.parts) scripts/arrhenius.lua "
          + "'it'\\''s' small\n"), "\(run.output)")
    #expect(!FileManager.default.fileExists(atPath: bench.parts))
  }

  @Test("without Slurm, and where it refuses: a sentence, and nothing is begun")
  func refusals() throws {
    let bench = try ShardBench()
    let command = ["--slurm", "2", "--out", bench.parts, "-e", "print(1)"]
    // What needs no shard is merged at once.
    let nothing = try RunningBinary([binary.path] + command).finish()
    #expect(nothing.status == 0 && nothing.output == "1\n", "\(nothing.errors)")
    let code = quickChain + "emit(measure_escape { temperature = dE / 3, replicas = 2 })"
    let missing = try RunningBinary(
      [binary.path, "--slurm", "2", "--out", bench.folder + "/q", "-e", code],
      environment: ["PATH": "/nowhere"]
    ).finish()
    #expect(missing.status == 70 && missing.errors.contains("no sbatch here"), "\(missing.errors)")
    let fake = bench.folder + "/sbatch"
    try "#!/bin/sh\necho 'sbatch: error: invalid partition' >&2; exit 1\n".write(
      toFile: fake, atomically: true, encoding: .utf8)
    _ = try shell("chmod +x \(fake)")
    let refused = try RunningBinary(
      [binary.path, "--slurm", "2", "--out", bench.folder + "/q", "-e", code],
      environment: ["PATH": bench.folder + ":/usr/bin:/bin"]
    ).finish()
    #expect(
      refused.status == 70 && refused.errors.contains("refused the array: sbatch: error: invalid"),
      "\(refused.errors)")
    for (arguments, words) in [
      (["--slurm", "2", "s.lua"], "needs --out"),
      (["--slurm", "0", "--out", "x", "s.lua"], "in 1"),
      (["--dry-run", "s.lua"], "goes with --slurm"),
      (["--slurm", "2", "--out", "x", "--sbatch", "--time=3", "s.lua"], "without its dashes"),
      (["--slurm", "2", "--out", "x", "--max-seconds", "3", "s.lua"], "limits"),
    ] {
      let run = try RunningBinary([binary.path] + arguments).finish()
      #expect(run.status == 64 && run.errors.contains(words), "\(run.errors)")
    }
  }
}
