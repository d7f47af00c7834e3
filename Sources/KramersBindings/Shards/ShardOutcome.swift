import Lua

/// How the run of a shard or a merge ended.
public struct ShardOutcome {
  /// What is wrong with the folder, or what is missing in it.
  public let error: ShardError?
  /// Ensembles whose other parts are missing.
  public let awaited: [String]
  /// Whether the script, or a protocol in it, stopped at the result of one.
  public let hasLooked: Bool
  /// In a sentence.
  public let words: String
  /// Of a probe.
  public var estimate: ShardEstimate?
}

extension Program {
  /// The text of a script's file.
  ///
  /// - Throws: `FileError`.
  public static func scriptText(_ path: String) throws -> [UInt8] { try readWhole(path) }

  /// nil where no ensemble is shared, and for an error of the script's own.
  public func shardOutcome(_ failure: (any Error)?) -> ShardOutcome? {
    guard let shards else { return nil }
    switch shards.stop {
    case .failed(let error)?:
      return ShardOutcome(error: error, awaited: [], hasLooked: false, words: error.description)
    case .look?: break
    case nil: if failure != nil || shards.shard == nil { return nil }
    }
    guard let ensemble = shards.looked else { return outcome(shards, ": done") }
    let there = shards.folder.shards(with: ensemble.name).count
    return outcome(
      shards,
      "; the script goes on with the result of \(ensemble.words), of which \(there) of "
        + "\(shards.count) parts are there: run all shards again once they have ended, or --merge "
        + "\(shownPath(shards.folder.path)), which says what is missing")
  }

  private func outcome(_ shards: Shards, _ end: String) -> ShardOutcome {
    let (written, found) = (shards.partsWritten, shards.partsFound)
    return ShardOutcome(
      error: nil, awaited: shards.awaited, hasLooked: shards.looked != nil,
      words:
        "shard \(shards.shard.map { "\($0)" } ?? ""): \(written) part\(written == 1 ? "" : "s") "
        + "written" + (found > 0 ? ", \(found) there before" : "") + end,
      estimate: shards.probe?.estimate)
  }
}
