extension Dataset {
  /// `n` training rows drawn without replacement. The rows left over become the test set, unless
  /// there is one already, which is then kept as it is.
  ///
  /// Under one seed the subsample of n rows is the beginning of the subsample of more rows, so a
  /// series over n adds samples and exchanges none.
  ///
  /// - Throws: n outside 1...samples; population data, which has no samples.
  public func subsample(n: Int, seed: UInt64 = 0) throws(InputError) -> Dataset {
    let train = try samples(for: "subsample")
    guard n > 0 else { throw .rule("n", "positive", n) }
    guard n <= train.count else {
      throw .rule("n", "at most the \(count(train.count, "training sample"))", n)
    }
    return divided(train, at: n, DataStream.subsample(seed)).drawn { shift throws(InputError) in
      try parent(shift).subsample(n: n, seed: seed &+ shift)
    }
  }

  /// Divides the samples into a training and a test set by a uniform permutation.
  ///
  /// - Parameter fraction: the training fraction in (0, 1), rounded to whole samples.
  /// - Throws: a fraction that leaves either set empty; data that has a test set already, because
  ///   pooling the two or dropping one must not happen unseen; population data.
  public func split(train fraction: Double = 0.8, seed: UInt64 = 0) throws(InputError) -> Dataset {
    let train = try samples(for: "split")
    guard test == nil else {
      throw .sentence(
        "split needs data without a test set, and this one has "
          + "\(count(test?.count ?? 0, "test sample")); subsample keeps them")
    }
    guard fraction < 1 else { throw .rule("train", "between 0 and 1", fraction) }
    let count = try splitCount(fraction, of: train.count)
    return divided(train, at: count, DataStream.split(seed)).drawn { shift throws(InputError) in
      try parent(shift).split(train: fraction, seed: seed &+ shift)
    }
  }

  private func samples(for method: String) throws(InputError) -> Samples {
    guard let train else {
      throw .sentence("\(method) needs samples, and this data is its exact moments alone")
    }
    return train
  }

  private func divided(_ train: Samples, at n: Int, _ stream: RandomStream) -> Dataset {
    // The number of rows is the step, so that a subsample of a subsample under the same seed
    // reads other words: equal words at another size would tie the two choices together.
    let order = stream.permutation(train.count, step: UInt64(train.count)).map { Int($0) }
    let rest = n == train.count ? nil : train.rows(order[n...])
    return Dataset(name: name, train: train.rows(order[..<n]), test: test ?? rest, dropped: dropped)
  }
}

/// The number of training samples among `count`: fraction * count to the nearest, which must leave
/// both sets non-empty (the test set may be empty for fraction = 1 exactly).
///
/// To the nearest, and not down, because 0.29 * 100 is 28.999999999999996.
func splitCount(
  _ fraction: Double, of count: Int, name: String = "train", noun: String = "sample"
) throws(InputError) -> Int {
  guard fraction > 0, fraction <= 1 else { throw .rule(name, "in (0, 1]", fraction) }
  let n = Int((fraction * Double(count)).rounded())
  guard n > 0, n < count || fraction == 1 else {
    throw .sentence(
      "\(name) = \(fraction) of \(Kramers.count(count, noun)) leaves the "
        + "\(n == 0 ? "training" : "test") set empty")
  }
  return n
}
