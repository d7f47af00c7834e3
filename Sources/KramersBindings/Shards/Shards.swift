import Kramers
import Lua

/// An ensemble that several processes share.
struct SharedEnsemble {
  /// Its number in the order of the run, `2`; that of a protocol stands in front: `2.1`.
  let name: String
  let verb: String
  let digest: UInt64
  let inputs: Record
  /// See `EnsembleShare`.
  let offset: Int

  var words: String { "ensemble \(name) (\(verb))" }
}

/// The ensembles of a program, in order: what this process computes of them, and what others have.
///
/// A script runs in every shard. Where it comes to an ensemble, the shard computes its units alone
/// and writes them; all else is done in every shard and has to come out the same, which the digest in
/// each part tells. Where the parts of the others are not there yet, the verb returns a pending
/// result (`PendingResults.swift`): it can be kept, and whoever looks into it stops the script, past
/// every pcall. A merge runs the script once more and takes every ensemble from the parts.
final class Shards {
  /// What ended a script before its end.
  enum Stop {
    /// A look at a result whose parts are not all there.
    case look(SharedEnsemble)
    case failed(ShardError)
  }

  /// nil: a merge.
  let shard: Shard?
  let folder: ShardFolder
  var count: Int { folder.manifest.shards }
  /// Ensembles so far: of the script, of the protocol under way, of what that calls.
  private var counters = [0]
  private(set) var stop: Stop?
  /// The first result that was looked at before all its parts were there: there is more to do.
  private(set) var looked: SharedEnsemble?
  /// Ensembles whose results are pending.
  private(set) var awaited: [String] = []
  private(set) var partsWritten = 0
  private(set) var partsFound = 0
  /// Inside of a unit nothing is shared.
  private var unitsUnderWay = 0
  var isInUnit: Bool { unitsUnderWay > 0 }
  /// Results that are pending, by the addresses of their tables, which live as long.
  var pending: [UnsafeRawPointer: (table: LuaTable, ensemble: SharedEnsemble)] = [:]

  /// Of a shard that is run for a moment only.
  var probe: ShardProbe?

  init(_ shard: Shard?, _ folder: ShardFolder, probe: ShardProbe? = nil) {
    self.shard = shard
    self.folder = folder
    self.probe = probe
  }

  // MARK: Order

  func next(_ verb: String, digest: UInt64, inputs: Record) -> SharedEnsemble {
    counters[counters.count - 1] += 1
    return SharedEnsemble(
      name: counters.map { "\($0)" }.joined(separator: "."), verb: verb, digest: digest,
      inputs: inputs, offset: counters.reduce(-1, +))
  }

  /// Runs what no later part of the script depends on but by its result: ensembles inside have
  /// numbers of their own, and a look at one that is pending leaves the body alone.
  ///
  /// - Returns: nil where the body was left; and what it looked at.
  func scope<Result>(
    _ program: Program, _ body: () throws -> Result
  ) throws -> (result: Result?, looked: SharedEnsemble?) {
    counters[counters.count - 1] += 1
    counters.append(0)
    let depth = counters.count
    let calls = program.protocolCalls.count
    defer { counters.removeSubrange((depth - 1)...) }
    do {
      return (try body(), nil)
    } catch {
      guard case .look(let ensemble)? = stop, program.lua.interrupt.release() else { throw error }
      stop = nil
      program.protocolCalls.end(beyond: calls)
      return (nil, ensemble)
    }
  }

  func duringUnit<Result>(_ body: () throws -> Result) rethrows -> Result {
    unitsUnderWay += 1
    defer { unitsUnderWay -= 1 }
    return try body()
  }

  // MARK: Stopping

  /// The error to throw at a look: nothing in Lua catches it.
  func stopped(by stop: Stop, _ program: Program) -> any Error {
    self.stop = stop
    if case .look(let ensemble) = stop, looked == nil { looked = ensemble }
    program.lua.interrupt.hold()
    return LuaInterrupted()
  }

  /// Runs work on files; what is wrong with them ends the program.
  func guarded<Result>(_ program: Program, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as ShardError {
      throw stopped(by: .failed(error), program)
    }
  }

  /// What this shard computes of an ensemble.
  func share(of ensemble: SharedEnsemble) -> EnsembleShare {
    EnsembleShare(index: (shard?.index ?? 1) - 1, count: count, offset: ensemble.offset)
  }

  func isAwaited(_ ensemble: SharedEnsemble) { awaited.append(ensemble.name) }

  // MARK: Parts

  /// Computes and writes the part of this shard, unless it is there.
  ///
  /// - Parameter compute: gets what an earlier run of the shard had when it was stopped, and a way
  ///   to keep what there is; returns nil where it leaves the part at what it kept.
  func makePart(
    of ensemble: SharedEnsemble,
    _ compute: (_ begun: [UInt8]?, _ keep: ([UInt8]) throws -> Void) throws -> [UInt8]?
  ) throws {
    guard let shard else { return }
    func part(_ payload: [UInt8]) -> ShardPart {
      ShardPart(
        ensemble: ensemble.name, shard: shard.index, digest: ensemble.digest,
        inputs: ensemble.inputs, payload: payload)
    }
    if let own = try folder.part(shard.index, of: ensemble.name) {
      try check(own, ensemble)
      partsFound += 1
      return
    }
    // Of an unfinished part that is of no use the work is done again.
    let begun = try? folder.part(shard.index, of: ensemble.name, isBegun: true)
    let payload = try compute(begun?.digest == ensemble.digest ? begun?.payload : nil) { bytes in
      try folder.write(part(bytes), isBegun: true)
    }
    guard let payload else { return }
    try folder.write(part(payload))
    partsWritten += 1
  }

  /// The parts of all shards; nil where some are missing, which in a merge is an error.
  func parts(of ensemble: SharedEnsemble) throws -> [[UInt8]]? {
    if shard != nil, !folder.isComplete(ensemble.name) { return nil }
    var payloads: [[UInt8]] = []
    var missing: [Int] = []
    var faults: [String] = []
    for index in 1...count {
      do {
        guard let part = try folder.part(index, of: ensemble.name) else {
          missing.append(index)
          continue
        }
        try check(part, ensemble)
        payloads.append(part.payload)
      } catch let error as ShardError {
        faults.append(error.description)
      }
    }
    if !missing.isEmpty {
      let are = missing.count == 1 ? "the part of shard" : "the parts of shards"
      let words =
        missing.count == count
        ? "no shard has come to \(ensemble.words) yet: run all shards again, they go on from there"
        : "\(are) \(rangeText(missing)) of \(count) at \(ensemble.words) "
          + (missing.count == 1 ? "is" : "are") + " missing: run "
          + (missing.count == 1 ? "it" : "them") + " again"
      if faults.isEmpty { throw ShardError(75, words) }
      faults.append(words)
    }
    guard faults.isEmpty else {
      let shown = faults.prefix(20).joined(separator: "\nkramers: ")
      throw ShardError(65, shown + (faults.count > 20 ? "\n(\(faults.count) faults)" : ""))
    }
    return payloads
  }

  private func check(_ part: ShardPart, _ ensemble: SharedEnsemble) throws {
    guard part.digest != ensemble.digest else { return }
    let difference =
      part.inputs.difference(ensemble.inputs)
      ?? "the inputs read alike but their bits are not the same"
    throw ShardError(
      65,
      "shard \(part.shard) disagrees with this run at \(ensemble.words): \(difference); the script "
        + "has to do the same in every shard, with the same files")
  }

  /// What a part holds, or the error that it is of no use.
  func read<Value: ByteCodable>(
    _ type: Value.Type, _ payload: [UInt8], _ shard: Int, _ ensemble: SharedEnsemble
  ) throws -> Value {
    do {
      var reader = ByteReader(payload)
      let value: Value = try reader.value()
      try reader.end()
      return value
    } catch {
      throw ShardError(
        65, "the part of shard \(shard) of \(ensemble.words) is damaged; delete it and run it again"
      )
    }
  }
}

extension ByteCodable {
  var encoded: [UInt8] {
    var writer = ByteWriter()
    write(to: &writer)
    return writer.bytes
  }
}

extension Record {
  /// In words, the first field that another object has with another value; nil where there is none.
  fileprivate func difference(_ now: Record) -> String? {
    guard case .object(let then) = self, case .object(let fields) = now else { return nil }
    let names = fields.map(\.name) + then.map(\.name).filter { now[$0] == nil }
    for name in names where self[name] != now[name] {
      return "\(name) is \(words(of: self[name])) there and \(words(of: now[name])) here"
    }
    return nil
  }
}
