#if canImport(Glibc)
  import Glibc
#endif
import KramersBindings

/// `--slurm N`: the shards of a script as an array of Slurm, watched until their merge is written.
///
/// All that is known of the array stands in the folder: whoever runs the same command again, after
/// this process has died, finds the array and goes on watching it.
struct SlurmRun {
  let options: ProgramOptions
  let shards: Int
  let folder: String
  /// Options of `sbatch`, without the leading `--`.
  let directives: [String]
  /// Of the merge: how its records leave.
  let outputOptions: [String]

  /// Seconds between two looks at the queue: a controller serves thousands of users.
  private static let pause: UInt32 = 3
  /// Submissions of the same shards that bring no part, before they are given up.
  private static let mostAttempts = 3

  // MARK: The batch script

  /// What `sbatch` gets.
  func batchScript(folder: String, _ resources: SlurmResources) -> String {
    let name = options.script.map { $0.split(separator: "/").last.map(String.init) ?? $0 } ?? "code"
    var lines = [
      "#!/bin/sh", "#SBATCH --job-name=\(Self.word("kramers-" + name))",
      // The batch shell becomes the shard: it keeps what it has when its time ends.
      "#SBATCH --requeue", "#SBATCH --open-mode=append", "#SBATCH --signal=B:TERM@60",
      "#SBATCH --output=\(Self.word(folder + "/log-%a"))",
    ]
    lines += resources.words.map { ["# " + $0] } ?? []
    lines += (directives + resources.directives).map { "#SBATCH --" + $0 }
    var command = [
      "exec", Self.word(Self.program), "--threads", "${SLURM_CPUS_PER_TASK:-1}", "--seed",
      "\(Int64(bitPattern: options.seed))", "--shard", "$SLURM_ARRAY_TASK_ID/\(shards)", "--out",
      Self.word(folder),
    ]
    command += chunks.map(Self.word)
    return (lines + [command.joined(separator: " ")]).joined(separator: "\n") + "\n"
  }

  /// What a shard runs, behind its options.
  private var chunks: [String] {
    options.code.flatMap { ["-e", $0] } + [options.script].compactMap(\.self) + options.arguments
  }

  /// Measures in the folder if there is one, which the run goes on with, else in one that goes.
  func dryRun() -> Int32 {
    ShardRun.reporting {
      var place = folder
      var temporary: String?
      if access(folder + "/manifest.json", F_OK) != 0, !isTold {
        let made = (Environment["TMPDIR"] ?? "/tmp") + "/kramers-\(getpid())"
        guard mkdir(made, 0o700) == 0 else {
          writeError("kramers: \(made): \(String(cString: strerror(errno)))\n")
          return 74
        }
        (place, temporary) = (made, made)
      }
      defer { if let temporary { _ = Subprocess.run(["rm", "-rf", temporary]) } }
      let shard =
        temporary == nil && !isTold ? try Self.shardFolder(place, options, shards).neediest : 1
      let resources = resources(place, shard: shard, attempt: 1)
      print("# sbatch --parsable --array=1-\(shards) \(Self.word(folder + "/batch"))")
      print(batchScript(folder: folder, resources), terminator: "")
      return 0
    }
  }

  private static func shardFolder(
    _ path: String, _ options: ProgramOptions, _ shards: Int
  ) throws -> ShardFolder {
    let text = try options.script.map { try Program.scriptText($0) }
    return try ShardFolder(
      at: path, ShardManifest(options, text: text, shards: shards), script: text)
  }

  // MARK: Time and memory

  /// Which of `time` and `mem` the user has named, by an option or by a variable of Slurm's.
  private var named: Set<String> {
    let options = Set(
      directives.map { String($0.prefix { $0 != "=" && $0 != " " }) })
    func isSet(_ names: String...) -> Bool { names.contains { Environment[$0] != nil } }
    var named: Set<String> = []
    if options.contains("time") || isSet("SBATCH_TIMELIMIT") { named.insert("time") }
    if !options.isDisjoint(with: ["mem", "mem-per-cpu", "mem-per-gpu"])
      || isSet("SBATCH_MEM_PER_NODE", "SBATCH_MEM_PER_CPU", "SBATCH_MEM_PER_GPU")
    {
      named.insert("mem")
    }
    return named
  }

  private var isTold: Bool { named.count == 2 }

  private func value(of option: String) -> String? {
    directives.last { $0.hasPrefix(option + "=") }.map { String($0.dropFirst(option.count + 1)) }
  }

  /// Runs a shard for a moment, or reads what that gave before, and says what is asked for.
  private func resources(_ place: String, shard: Int, attempt: Int) -> SlurmResources {
    guard !isTold else { return SlurmResources() }
    let estimate =
      attempt == 1
      ? probe(place, shard: shard)
      : Self.note(place) ?? ShardEstimate(shard: shard, unknown: "nothing was measured")
    let partitions = value(of: "partition") ?? Environment["SBATCH_PARTITION"]
    let sinfo = Subprocess.run(["sinfo", "-h", "-o", "%P|%l|%m"])
    let limits = sinfo.map {
      SlurmLimits(
        rows: $0.output, partitions: partitions?.split(separator: ",").map(String.init))
    }
    let resources = SlurmResources(
      estimate, names: named, limits: limits ?? SlurmLimits(), attempt: attempt)
    if let words = resources.words { say(words) }
    return resources
  }

  /// What a probe has written.
  private static func note(_ place: String) -> ShardEstimate? {
    (try? Program.scriptText(place + "/estimate")).flatMap { ShardEstimate($0) }
  }

  /// Runs a shard for a few seconds, as a task would; what it computes is kept.
  private func probe(_ place: String, shard: Int) -> ShardEstimate {
    unlink(place + "/estimate")
    let threads = value(of: "cpus-per-task").flatMap { Int($0) } ?? 1
    let most = SlurmResources.mostProbeSeconds
    say(
      "runs shard \(shard) for some \(SlurmResources.probeSeconds) s, to ask for its time and memory"
    )
    let run = Subprocess.run(
      [
        Self.program, "--threads", "\(max(threads, 1))", "--seed",
        "\(Int64(bitPattern: options.seed))", "--shard", "\(shard)/\(shards)", "--out", place,
        "--probe", "\(SlurmResources.probeSeconds)", "--max-seconds", "\(most)",
      ] + chunks)
    guard let run, run.status == 0, var estimate = Self.note(place) else {
      return ShardEstimate(
        shard: shard,
        unknown: run?.status == 75
          ? "shard \(shard) did not come through its ensembles in \(most) s"
          : "shard \(shard) ended with status \(run?.status ?? 70)")
    }
    estimate.memory = run.peakMemory
    try? ShardFolder.write(note: estimate.line, to: place + "/estimate")
    return estimate
  }

  /// As one word of the shell.
  private static func word(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      byte > 0x7F
        || "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,%@".utf8
          .contains(byte)
    }
    if isPlain, !text.isEmpty { return text }
    return "'" + text.replacing("'", with: "'\\''") + "'"
  }

  private static let program: String = {
    guard let path = realpath("/proc/self/exe", nil) else { return "kramers" }
    defer { free(path) }
    return String(cString: path)
  }()

  // MARK: The array

  /// Where an array stands that was submitted.
  private struct State {
    var job: String
    /// Parts in the folder when it was submitted.
    var parts: Int
    /// Submissions since the last that brought a part.
    var attempt: Int
  }

  /// - Returns: the status of the merge; 75 where shards ended without their parts again and again;
  ///   70 where Slurm refuses.
  func run() -> Int32 {
    ShardRun.reporting {
      let parts = try Self.shardFolder(folder, options, shards)
      guard let path = realpath(parts.path, nil) else { return 74 }
      let place = String(cString: path)
      free(path)
      var state = Self.state(in: place)
      if let state {
        say("array \(state.job) was submitted before")
        watch(state.job, parts)
      }
      while true {
        let status = merge(place)
        guard status == 75 else {
          unlink(place + "/slurm")
          return status
        }
        var missing = parts.missing()
        var count = parts.partCount()
        let attempt = state.map { count > $0.parts ? 1 : $0.attempt + 1 } ?? 1
        guard attempt <= Self.mostAttempts else {
          unlink(place + "/slurm")
          let names = missing.isEmpty ? "all shards" : "shards \(rangeText(missing))"
          writeError(
            "kramers: \(names) ended \(Self.mostAttempts) times without a new part; what they said is "
              + "in \(place)/log-\(missing.first ?? 1)\n")
          return 75
        }
        guard Subprocess.run(["sbatch", "--version"]) != nil else {
          writeError("kramers: there is no sbatch here: --slurm needs a node that submits jobs\n")
          return 70
        }
        let resources = resources(place, shard: parts.neediest, attempt: attempt)
        if parts.partCount() > count {
          (missing, count) = (parts.missing(), parts.partCount())
          // To submit none would be to submit all.
          if missing.isEmpty { continue }
        }
        guard let job = submit(missing, resources, place) else { return 70 }
        state = State(job: job, parts: count, attempt: attempt)
        try parts.write(note: "\(job) \(count) \(attempt)\n", named: "slurm")
        watch(job, parts)
      }
    }
  }

  private static func state(in folder: String) -> State? {
    guard let text = try? Program.scriptText(folder + "/slurm") else { return nil }
    let words = String(decoding: text, as: UTF8.self).split { $0 == " " || $0 == "\n" }
    guard words.count == 3, let parts = Int(words[1]), let attempt = Int(words[2]) else {
      return nil
    }
    return State(job: String(words[0]), parts: parts, attempt: attempt)
  }

  /// - Parameter missing: the shards to run; none is all of them.
  /// - Returns: the number of the job.
  private func submit(
    _ missing: [Int], _ resources: SlurmResources, _ place: String
  ) -> String? {
    let batch = place + "/batch"
    guard let file = fopen(batch, "w") else {
      writeError("kramers: \(batch): \(String(cString: strerror(errno)))\n")
      return nil
    }
    fputs(batchScript(folder: place, resources), file)
    fclose(file)
    let array =
      missing.isEmpty
      ? "1-\(shards)" : rangeText(missing, most: .max).replacing(" ", with: "")
    guard let run = Subprocess.run(["sbatch", "--parsable", "--array=" + array, batch]) else {
      return nil
    }
    // `123` or `123;cluster`.
    let job = run.output.prefix { $0.isNumber }
    guard run.status == 0, !job.isEmpty else {
      writeError("kramers: sbatch refused the array: \(run.errors)")
      return nil
    }
    say("array \(job) of shards \(missing.isEmpty ? "1-\(shards)" : rangeText(missing)) submitted")
    return String(job)
  }

  /// Waits until no task of the array is in the queue.
  private func watch(_ job: String, _ parts: ShardFolder) {
    var hasWarned = false
    while true {
      let run = Subprocess.run(["squeue", "-h", "-r", "-j", job, "-o", "%t"])
      if let run, run.status == 0 {
        let states = run.output.split(separator: "\n")
        if states.isEmpty { break }
        let running = states.count { $0.contains("R") }
        show(
          "array \(job)  \(running) running  \(states.count - running) waiting  "
            + "\(parts.partCount()) parts")
      } else if run?.errors.contains("Invalid job id") == true {
        break  // it ended a while ago
      } else if !hasWarned {
        say("squeue does not answer; the array goes on, and so does this")
        hasWarned = true
      }
      sleep(Self.pause)
    }
    show(nil)
  }

  /// Writes the merge to standard output when it is whole.
  private func merge(_ place: String) -> Int32 {
    let file = place + "/merged"
    defer { unlink(file) }
    guard
      let run = Subprocess.run(
        [Self.program] + outputOptions + ["--merge", place], outputFile: file)
    else { return 70 }
    if run.status == 75 { return 75 }
    writeError(run.errors)
    guard let bytes = try? Program.scriptText(file) else { return 74 }
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count < 0 { return 74 }
      done += count
    }
    return run.status
  }

  private func say(_ words: String) {
    if !options.isQuiet { writeError("kramers: \(words)\n") }
  }

  /// One line on a terminal; nil takes it away.
  private func show(_ line: String?) {
    guard options.showsProgress, !options.isQuiet else { return }
    writeError("\r\u{1B}[K" + (line ?? ""))
  }
}
