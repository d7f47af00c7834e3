import Lua

/// What `cluster.slurm` asks for.
public struct SlurmRequest: Sendable {
  public var shards: Int
  public var folder: String
  /// Options of `sbatch`, without their dashes.
  public var directives: [String]
}

/// `cluster.slurm`: the script says itself how it is to be run on a cluster.
extension Program {
  /// cluster.slurm{shards = ..., ...}: this process submits the script's shards, waits for them,
  /// writes their merge and ends; in a shard and in the merge it does nothing.
  func clusterSlurm(_ o: Options) throws -> [LuaValue] {
    try refuseWhileLooking("cluster.slurm")
    let request = SlurmRequest(
      shards: try o.required("shards", o.integer("shards")),
      folder: o.word("out") ?? (options.script.map { $0 + ".parts" } ?? "kramers.parts"),
      directives: try directives(o))
    guard request.shards <= Shard.most else {
      throw VerbError(
        "cluster.slurm", "shards must be at most \(Shard.most), got \(request.shards)")
    }
    if shards != nil { return [] }
    guard options.sandbox == nil else {
      throw VerbError("cluster.slurm", "does not run in a sandbox, which starts no programs")
    }
    guard let submit = options.slurm, !session.isShell, session.file == nil else {
      throw VerbError(
        "cluster.slurm", "is for scripts and -e: a shell and a session have no shards")
    }
    guard !output.hasWritten else {
      throw VerbError(
        "cluster.slurm", "must stand before the first output, which the shards' merge writes")
    }
    endStatus = submit(request)
    lua.interrupt.hold()
    throw LuaInterrupted()
  }

  private func directives(_ o: Options) throws -> [String] {
    let named = [("time", "time"), ("partition", "partition"), ("memory", "mem")]
    var words = named.compactMap { option, name in o.word(option).map { "\(name)=\($0)" } }
    if let cpus = o.integer("cpus") { words.append("cpus-per-task=\(cpus)") }
    for word in words where word.contains("\n") {
      throw VerbError("cluster.slurm", "an option of sbatch is one line, got '\(word)'")
    }
    return words
  }
}
