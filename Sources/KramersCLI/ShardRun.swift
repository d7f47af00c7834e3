#if canImport(Glibc)
  import Glibc
#endif
import KramersBindings
import Lua

/// `--shard K/N --out DIR` and `--merge DIR`.
struct ShardRun {
  let options: ProgramOptions
  /// `3/8` or `auto`.
  let words: String
  let folder: String
  /// Seconds to wait for the other shards; nil: not at all.
  let wait: Double?

  /// - Returns: 0 when the parts of this shard are written; 75 when the others were waited for in
  ///   vain; else as `Batch.run`.
  func run() -> Int32 {
    Self.reporting {
      let shard = try Shard(words: words) { Environment[$0] }
      let text = try options.script.map { try Program.scriptText($0) }
      let folder = try ShardFolder(
        at: folder, ShardManifest(options, text: text, shards: shard.count), script: text)
      var options = options
      options.sharing = .shard(shard, folder)
      Self.silenceOutput()
      let end = ContinuousClock.now + .seconds(wait ?? 0)
      while true {
        let (status, outcome) = Batch(options: options, text: text).runOnce()
        if status == 0, let estimate = outcome?.estimate {
          try folder.write(note: estimate.line, named: "estimate")
        }
        guard status == 0, let outcome, !outcome.awaited.isEmpty else {
          if let outcome, status == 0 { say(outcome.words) }
          return status
        }
        guard wait != nil, outcome.hasLooked else {
          say(outcome.words)
          return 0
        }
        guard Self.poll(folder, outcome.awaited, until: end) else {
          say(outcome.words + "; --wait \(plain(wait ?? 0)) is over")
          return 75
        }
      }
    }
  }

  static func merge(_ path: String, _ options: ProgramOptions) -> Int32 {
    reporting {
      let folder = try ShardFolder(merging: path)
      var options = options
      options.sharing = .merge(folder)
      options.script = folder.manifest.script
      options.code = folder.manifest.code
      options.arguments = folder.manifest.arguments
      options.seed = folder.manifest.seed
      let own = ShardManifest(options, text: folder.script, shards: folder.manifest.shards)
      if let difference = folder.manifest.difference(own) {
        writeError("kramers: \(path) was written by another program: \(difference)\n")
        return 65
      }
      return Batch(options: options, text: folder.script).run()
    }
  }

  static func reporting(_ body: () throws -> Int32) -> Int32 {
    do { return try body() } catch {
      writeError("kramers: \(error)\n")
      return (error as? ShardError)?.status ?? (error is FileError ? 66 : 70)
    }
  }

  private func say(_ words: String) {
    if !options.isQuiet { writeError("kramers: \(words)\n") }
  }

  private func plain(_ seconds: Double) -> String {
    seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
  }

  /// What a script prints belongs to the merge.
  private static func silenceOutput() {
    let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard null >= 0 else { return }
    dup2(null, 1)
    close(null)
  }

  /// Waits until all parts of the ensembles are there.
  ///
  /// - Returns: false when the time is over.
  private static func poll(
    _ folder: ShardFolder, _ ensembles: [String], until end: ContinuousClock.Instant
  ) -> Bool {
    var pause: UInt32 = 50_000
    while !ensembles.allSatisfy(folder.isComplete) {
      if LuaSignals.received != 0 { reraise(LuaSignals.received) }
      if ContinuousClock.now >= end { return false }
      usleep(pause)
      pause = min(pause * 2, 3_000_000)
    }
    return true
  }
}
