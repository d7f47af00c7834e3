import Kramers
import Lua

/// Ensembles of this program that other processes compute a part of.
extension Program {
  /// Where ensembles are shared; nil where this process computes them alone.
  var sharing: Shards? {
    guard let shards, !shards.isInUnit, looksUnderWay == 0 else { return nil }
    return shards
  }

  /// The next ensemble: known by all that it depends on.
  func nextEnsemble(
    _ shards: Shards, _ verb: String, _ experiment: Experiment?, _ options: Record
  ) -> SharedEnsemble {
    var hash = StateHash()
    hash.add(verb)
    hash.add(String(decoding: jsonLineBytes(options), as: UTF8.self))
    var inputs = [Record.Field("verb", .text(verb))]
    if let experiment {
      experiment.add(to: &hash)
      inputs += Experiment.fieldNames.compactMap { name in
        experiment.field(name).map { Record.Field(name, $0) }
      }
      inputs.append(.init("data", .text(hexadecimal(experiment.data.checksum))))
      inputs.append(
        .init("weights", .text(hexadecimal(StateHash.of(experiment.state.parameters)))))
    }
    if case .object(let fields) = options {
      inputs += fields.map { .init("option " + $0.name, $0.value) }
    }
    return shards.next(verb, digest: hash.value, inputs: .object(inputs))
  }

  /// Escapes out of the present state, by this process or by all shards; nil: parts are missing.
  func escapes(
    _ experiment: Experiment, _ request: EscapeRequest, _ o: Options
  ) throws -> SharedResult<EscapeResult> {
    guard let shards = sharing else {
      return .done(
        try resumable(\.progress) { monitor, reached in
          try experiment.measureEscape(
            request, threads: options.threads, monitor: monitor, resuming: reached)
        })
    }
    let ensemble = nextEnsemble(shards, o.verb, experiment, o.record(self))
    return try shards.guarded(self) {
      try escapes(experiment, request, shards, ensemble)
    }
  }

  private func escapes(
    _ experiment: Experiment, _ request: EscapeRequest, _ shards: Shards,
    _ ensemble: SharedEnsemble
  ) throws -> SharedResult<EscapeResult> {
    func run(
      _ share: EnsembleShare?, from reached: EnsembleProgress?,
      pausingAt deadline: ContinuousClock.Instant? = nil
    ) throws -> EscapeResult {
      var request = request
      request.share = share
      return try experiment.measureEscape(
        request, threads: options.threads, monitor: monitor(pausingAt: deadline),
        resuming: reached)
    }
    let stored = shards.folder.whole(of: ensemble.name, digest: ensemble.digest).flatMap {
      try? shards.read(EnsembleProgress.self, $0, 0, ensemble)
    }
    try shards.makePart(of: ensemble) { begun, keep in
      let share = shards.share(of: ensemble)
      if let stored { return stored.part(share).encoded }
      var reached = begun.flatMap { try? shards.read(EscapePart.self, $0, 0, ensemble) }
        .flatMap { EnsembleProgress($0, of: share) }
      let before = reached?.part(share).steps ?? 0
      let slice = shards.probe?.slice()
      while true {
        let result = try run(
          share, from: reached,
          pausingAt: slice.map { min($0.end, nextCheckpoint) } ?? nextCheckpoint)
        let part = result.outcomes.part(share)
        if !part.isComplete { try keep(part.encoded) }
        if lua.interrupt.isRequested, !part.isComplete { throw LuaInterrupted() }
        if let slice, part.isComplete || slice.isOver {
          let (total, isBound) = part.expectedSteps(maxSteps: request.maxSteps)
          shards.probe?.end(
            slice, of: ensemble, done: part.steps - before, of: total, isBound: isBound,
            isWhole: part.isComplete)
        }
        if part.isComplete { return part.encoded }
        if slice?.isOver == true { return nil }
        reached = result.outcomes
      }
    }
    if shards.shard != nil, let stored {
      return .done(try unlessInterrupted(run(nil, from: stored)))
    }
    guard let payloads = try shards.parts(of: ensemble) else {
      shards.isAwaited(ensemble)
      return .pending(ensemble)
    }
    let parts = try payloads.enumerated().map { index, payload in
      try shards.read(EscapePart.self, payload, index + 1, ensemble)
    }
    guard var joined = EnsembleProgress(joining: parts, offset: ensemble.offset) else {
      throw ShardError(65, "the parts of \(ensemble.words) do not fit together")
    }
    if let stored, stored.hasReplicas(of: joined) { joined = stored }
    let result = try unlessInterrupted(run(nil, from: joined))
    if shards.shard != nil {
      // Replicas that are followed after their escape are in it: the others need not do it again.
      shards.folder.write(
        whole: result.outcomes.encoded, of: ensemble.name, digest: ensemble.digest)
    }
    return .done(result)
  }

  /// When what there is of a part is to be written, for a shard that is killed.
  private var nextCheckpoint: ContinuousClock.Instant { .now + .seconds(60) }

  private func unlessInterrupted(_ result: EscapeResult) throws -> EscapeResult {
    if result.isInterrupted { throw LuaInterrupted() }
    return result
  }

  /// `compute(0) ... compute(total - 1)`, each by one of the shards.
  func sharedUnits(
    _ shards: Shards, _ ensemble: SharedEnsemble, total: Int, _ compute: (Int) throws -> Record
  ) throws -> SharedResult<[Record]> {
    try shards.guarded(self) {
      let whole = shards.folder.whole(of: ensemble.name, digest: ensemble.digest)
        .flatMap { try? shards.read(UnitsPart.self, $0, 0, ensemble) }
        .flatMap { $0.total == total && $0.units.count == total ? $0 : nil }
      try shards.makePart(of: ensemble) { begun, keep in
        let share = shards.share(of: ensemble)
        if let whole {
          let own = share.units(of: total).map { whole.units[$0] }
          return UnitsPart(total: total, units: own).encoded
        }
        let own = Array(share.units(of: total))
        var part =
          begun.flatMap { try? shards.read(UnitsPart.self, $0, 0, ensemble) }
          .flatMap { $0.total == total && $0.units.count <= own.count ? $0 : nil }
          ?? UnitsPart(total: total, units: [])
        var checkpoint = nextCheckpoint
        let before = part.units.count
        let slice = shards.probe?.slice()
        for unit in own.dropFirst(before) {
          if let slice, slice.isOver, part.units.count > before { break }
          do {
            let record = try shards.duringUnit { try compute(unit) }
            // A verb that was stopped may have returned what it had.
            if lua.interrupt.isRequested { throw LuaInterrupted() }
            part.units.append(record)
          } catch {
            if lua.interrupt.isRequested { try keep(part.encoded) }
            throw error
          }
          if ContinuousClock.now >= checkpoint {
            try keep(part.encoded)
            checkpoint = nextCheckpoint
          }
        }
        let isWhole = part.units.count == own.count
        if let slice {
          shards.probe?.end(
            slice, of: ensemble, done: Double(part.units.count - before), of: Double(own.count),
            isBound: false, isWhole: isWhole)
        }
        if isWhole { return part.encoded }
        try keep(part.encoded)
        return nil
      }
      if shards.shard != nil, let whole { return .done(whole.units) }
      guard let payloads = try shards.parts(of: ensemble) else {
        shards.isAwaited(ensemble)
        return .pending(ensemble)
      }
      let parts = try payloads.enumerated().map { index, payload in
        try shards.read(UnitsPart.self, payload, index + 1, ensemble)
      }
      guard parts.allSatisfy({ $0.total == total }),
        let units = EnsembleShare.join(
          parts.map(\.units), offset: ensemble.offset, total: total)
      else { throw ShardError(65, "the parts of \(ensemble.words) do not fit together") }
      if shards.shard != nil {
        shards.folder.write(
          whole: UnitsPart(total: total, units: units).encoded, of: ensemble.name,
          digest: ensemble.digest)
      }
      return .done(units)
    }
  }
}

/// What several processes compute.
enum SharedResult<Value> {
  case done(Value)
  /// Parts of other shards are missing.
  case pending(SharedEnsemble)
}

/// Results of units, as records.
struct UnitsPart: ByteCodable {
  /// Units of the ensemble.
  var total: Int
  /// Of the share, in order.
  var units: [Record]

  init(total: Int, units: [Record]) {
    self.total = total
    self.units = units
  }

  func write(to writer: inout ByteWriter) {
    writer.write(total)
    writer.write(units)
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    total = try reader.natural()
    units = try reader.list()
  }
}
