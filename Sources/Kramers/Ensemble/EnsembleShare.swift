/// What one of several processes computes of an ensemble: unit i (a replica, a run, an item) is that
/// of share (i + offset) mod count. Neighbouring units, which on a grid take similar times, go to
/// different shares; offsets spread what is left over.
public struct EnsembleShare: Sendable, Equatable {
  /// From 0.
  public let index: Int
  public let count: Int
  public let offset: Int

  public init(index: Int, count: Int, offset: Int = 0) {
    precondition((0..<count).contains(index) && offset >= 0, "a share is one of count")
    self.index = index
    self.count = count
    self.offset = offset % count
  }

  public func owns(_ unit: Int) -> Bool { (unit + offset) % count == index }

  /// Its units of `total`, in order.
  public func units(of total: Int) -> StrideTo<Int> {
    stride(from: (index - offset + count) % count, to: total, by: count)
  }

  /// Puts the units of all shares, each in order, into the order of the ensemble; nil where their
  /// numbers are not those of the shares.
  public static func join<Unit>(_ shares: [[Unit]], offset: Int, total: Int) -> [Unit]? {
    var joined = [Unit?](repeating: nil, count: total)
    for (index, units) in shares.enumerated() {
      let own = Array(
        EnsembleShare(index: index, count: shares.count, offset: offset).units(of: total))
      guard own.count == units.count else { return nil }
      for (unit, value) in zip(own, units) { joined[unit] = value }
    }
    let whole = joined.compactMap { $0 }
    return whole.count == total ? whole : nil
  }
}

/// What one share of an ensemble of escapes has come to.
public struct EscapePart: Sendable, Equatable {
  /// Replicas of the whole ensemble.
  public let total: Int
  /// Those of the share, in order.
  let replicas: [ReplicaProgress]

  public var isComplete: Bool {
    replicas.allSatisfy { if case .ended = $0 { true } else { false } }
  }

  /// Replicas that have ended, however.
  public var ended: Int { replicas.count { if case .ended = $0 { true } else { false } } }

  /// Replica-steps taken. A number of files that nobody has checked: in floating point.
  public var steps: Double {
    replicas.reduce(0) { sum, replica in
      switch replica {
      case .notBegun: sum
      case .underWay(let state, _): sum + Double(state.step)
      case .ended(let outcome): sum + Double(outcome.steps)
      }
    }
  }

  /// Replica-steps that the whole share takes: the steps for each end, which are the mean of an
  /// exponential time by maximum likelihood, times its replicas. Where fewer than ten have ended, the
  /// most that it can take.
  public func expectedSteps(maxSteps: Int) -> (steps: Double, isBound: Bool) {
    if isComplete { return (steps, false) }
    let most = Double(replicas.count) * Double(maxSteps)
    guard ended >= 10 else { return (most, true) }
    return (min(Double(replicas.count) * steps / Double(ended), most), false)
  }
}

extension EnsembleProgress {
  /// Of its replicas those of a share.
  public func part(_ share: EnsembleShare) -> EscapePart {
    EscapePart(
      total: replicas.count, replicas: share.units(of: replicas.count).map { replicas[$0] })
  }

  /// A share's replicas; those of the others have not begun. Nil for a part of another share.
  public init?(_ part: EscapePart, of share: EnsembleShare) {
    var replicas = [ReplicaProgress](repeating: .notBegun, count: part.total)
    let own = Array(share.units(of: part.total))
    guard own.count == part.replicas.count else { return nil }
    for (unit, replica) in zip(own, part.replicas) { replicas[unit] = replica }
    self.init(replicas: replicas)
  }

  /// The whole ensemble from all its parts, in the order of the shares; nil where they do not fit.
  public init?(joining parts: [EscapePart], offset: Int) {
    guard let total = parts.first?.total, parts.allSatisfy({ $0.total == total && $0.isComplete }),
      let replicas = EnsembleShare.join(parts.map(\.replicas), offset: offset, total: total)
    else { return nil }
    self.init(replicas: replicas)
  }

  /// Whether the replicas are the same; those that are followed are left aside.
  public func hasReplicas(of other: EnsembleProgress) -> Bool { replicas == other.replicas }
}

extension EscapePart: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(total)
    writer.write(replicas)
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    total = try reader.natural()
    replicas = try reader.list()
    guard total <= 1 << 24, replicas.count <= total else { throw ByteError() }
  }
}
