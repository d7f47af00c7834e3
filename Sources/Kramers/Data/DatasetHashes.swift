internal import Synchronization

/// The hashes of a data set's arrays (`StateHash.of`), by which session files store them.
public struct DatasetHashes: Sendable, Equatable {
  public struct Set: Sendable, Equatable {
    public var x: UInt64
    public var y: UInt64
    public var targetWeights: UInt64?

    public init(x: UInt64, y: UInt64, targetWeights: UInt64?) {
      self.x = x
      self.y = y
      self.targetWeights = targetWeights
    }
  }

  public var train: Set?
  public var test: Set?
  /// Of `SecondMoments.flat`.
  public var moments: UInt64

  public init(train: Set?, test: Set?, moments: UInt64) {
    self.train = train
    self.test = test
    self.moments = moments
  }

  init(_ data: Dataset) {
    func hashes(_ samples: Samples) -> Set {
      Set(
        x: StateHash.of(samples.x), y: StateHash.of(samples.y),
        targetWeights: samples.targetWeights.map(StateHash.of))
    }
    train = data.train.map(hashes)
    test = data.test.map(hashes)
    moments = StateHash.of(data.moments.flat)
  }
}

extension Dataset {
  /// A 64-bit hash over everything: name, sizes, samples, weights, test set and moments.
  ///
  /// Cost: once for a data set and all its copies, .2 ms a megabyte.
  public var checksum: UInt64 { checksum(hashes) }

  /// Of the arrays one by one; computed once for a data set and all its copies.
  public var hashes: DatasetHashes { hashCache.hashes { DatasetHashes(self) } }

  private func checksum(_ hashes: DatasetHashes) -> UInt64 {
    var hash = StateHash()
    hash.add(label)
    for (samples, arrays) in [(train, hashes.train), (test, hashes.test)] {
      guard let samples, let arrays else {
        hash.add(0)
        continue
      }
      for size in [1, samples.count, samples.inputs, samples.outputs] { hash.add(UInt64(size)) }
      hash.add(arrays.x)
      hash.add(arrays.y)
      hash.add(arrays.targetWeights == nil ? 0 : 1)
      hash.add(arrays.targetWeights ?? 0)
    }
    hash.add(UInt64(inputs))
    hash.add(UInt64(outputs))
    hash.add(hashes.moments)
    return hash.value
  }
}

extension SecondMoments {
  /// Sigma_xx row by row, Sigma_yx row by row, tr Sigma_yy: n^2 + p n + 1 numbers.
  public var flat: [Double] { xx.values + yx.values + [traceYY] }
}

/// Shared by the copies of a data set, which never changes.
final class DatasetHashCache: Sendable {
  private let stored = Mutex<DatasetHashes?>(nil)

  func hashes(_ compute: () -> DatasetHashes) -> DatasetHashes {
    stored.withLock { stored in
      if let stored { return stored }
      let hashes = compute()
      stored = hashes
      return hashes
    }
  }

  func store(_ hashes: DatasetHashes) { stored.withLock { $0 = hashes } }
}
