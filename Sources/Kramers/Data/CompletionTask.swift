extension Dataset {
  /// Matrix completion: a d x d matrix M of low rank, of which some entries are observed.
  ///
  ///     x_j = e_j, j = 1...d,   y_j = column j of M,   f(x_j) = column j of W = W_D ... W_1
  ///     loss      = (1/(2 p d)) sum over observed (i, j) of (W - M)_ij^2
  ///     test loss = (1/(2 (1-p) d)) sum over the unobserved
  ///
  /// with p = observed entries / d^2. That is the mean squared error of d samples whose targets
  /// carry the weight 1/p where they are observed and 0 elsewhere; both losses estimate
  /// |W - M|_F^2 / (2d), which is d/2 for W = 0. Targets that a set does not see are stored as 0.
  ///
  /// M = (d / sqrt(rank)) U V' with Haar-distributed d x rank isometries U and V: its entries have
  /// rms 1 and its singular values are all equal, d at rank 1 and d / sqrt(rank) at rank r. (A
  /// product of Gaussian factors would have rms 1 only on average.)
  ///
  /// A percentage of error is a squared one relative to the zero map:
  /// sum (W - M)_ij^2 / sum M_ij^2 over the entries of the set. From W_l = I, at d = 20, rank 1,
  /// 40 %, D = 3, l2 = 3e-3, lr = 0.05 and no noise the training error falls below 5 % within some 40
  /// steps and the test error after thousands: the curve of grokking without any escape. The
  /// population theory does not apply, because the loss is no function of second moments.
  ///
  /// - Parameters:
  ///   - size: d.
  ///   - rank: 1...d.
  ///   - fraction: the share of the entries that is observed, in (0, 1], rounded to whole entries;
  ///     drawn without replacement. 1 leaves no test set.
  /// - Throws: a value out of range, a fraction that leaves a set empty, a matrix beyond memory.
  public static func completion(
    size: Int, rank: Int = 1, fraction: Double, seed: UInt64 = 0
  ) throws(InputError) -> Dataset {
    try checkSize("size", size)
    guard rank >= 1, rank <= size else {
      throw .rule("rank", "from 1 to the size \(size)", rank)
    }
    let d = Double(size)
    try checkMemory(count: 12 * d * d, what: "a matrix of \(size) x \(size) entries")
    guard size <= 46_340 else { throw .rule("size", "at most 46340", size) }  // 32-bit permutation
    let observed = try splitCount(fraction, of: size * size, name: "fraction", noun: "element")
    let stream = DataStream.completion(seed)
    let matrix = lowRank(size, rank, stream)
    let order = stream.permutation(size * size, step: 2).map { Int($0) }
    func samples(_ entries: ArraySlice<Int>) -> Samples {
      maskedColumns(of: matrix, entries, weight: d * d / Double(entries.count))
    }
    return Dataset(
      name: "completion", train: samples(order[..<observed]),
      test: observed == order.count ? nil : samples(order[observed...])
    ).drawn { shift throws(InputError) in
      try .completion(size: size, rank: rank, fraction: fraction, seed: seed &+ shift)
    }
  }
}

/// (size / sqrt(rank)) U V'.
private func lowRank(_ size: Int, _ rank: Int, _ stream: RandomStream) -> Matrix {
  let left = orthonormalColumns(Matrix(size, rank, stream.normals(size * rank, step: 0)))
  let right = orthonormalColumns(Matrix(size, rank, stream.normals(size * rank, step: 1)))
  return (Double(size) / Double(rank).squareRoot()) * (left * right.transposed)
}

/// One sample per column, the given entries (row * size + column) weighted and the others unseen.
private func maskedColumns(
  of matrix: Matrix, _ entries: ArraySlice<Int>, weight: Double
) -> Samples {
  let size = matrix.rows
  var y = [Double](repeating: 0, count: size * size)
  var weights = y
  for entry in entries {
    let (i, j) = (entry / size, entry % size)
    y[j * size + i] = matrix[i, j]
    weights[j * size + i] = weight
  }
  return Samples(
    count: size, inputs: size, outputs: size, x: Matrix.identity(size).values, y: y,
    targetWeights: weights)
}
