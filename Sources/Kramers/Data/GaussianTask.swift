extension Dataset {
  /// Jointly Gaussian inputs and targets of zero mean, both white:
  ///
  ///     Sigma_xx = I,   Sigma_yy = I,   Sigma_yx = U S V',   S = diag(singular), outputs x inputs
  ///     z, xi ~ N(0, I),   x = V z,   y = U (S z + sqrt(1 - S S') xi)
  ///
  /// U and V are the identity unless `rotate`, which turns the very same draws by Haar-random
  /// orthogonal matrices. The moments of the samples are empirical: the singular values that a
  /// network sees differ from `singular` by O(1/sqrt(samples)).
  ///
  /// - Parameters:
  ///   - singular: correlations in 0...1, any order; they are sorted to descend.
  ///   - inputs, outputs: default to the number of singular values.
  ///   - samples: training rows. nil gives population data: the exact moments and no samples.
  ///   - test: rows of the test set, drawn from a stream of its own; nil or 0 for none.
  ///   - seed: equal seeds give equal bits, and fewer samples the first of more.
  /// - Throws: a value outside its range, more singular values than min(inputs, outputs), or sizes
  ///   beyond memory.
  ///
  /// Source: the teacher of arXiv 2606.17120, figure 1a.
  public static func gaussian(
    singular: [Double], inputs: Int? = nil, outputs: Int? = nil, samples: Int?, test: Int? = nil,
    rotate: Bool = false, seed: UInt64 = 0
  ) throws(InputError) -> Dataset {
    let task = try LinearTask(
      singular: singular, inputs: inputs, outputs: outputs, maximum: 1, samples: samples,
      test: test, dense: rotate)
    let v = rotate ? Matrix.haarOrthogonal(task.inputs, DataStream.inputRotation(seed)) : nil
    let u = rotate ? Matrix.haarOrthogonal(task.outputs, DataStream.outputRotation(seed)) : nil

    func draw(_ count: Int, _ stream: RandomStream) -> Samples {
      let (x, y) = gaussianPair(task, count: count, stream)
      return Samples(
        count: count, inputs: task.inputs, outputs: task.outputs,
        x: rotated(x, rows: count, by: v), y: rotated(y, rows: count, by: u))
    }
    guard let samples else {
      var yx = Matrix(task.outputs, task.inputs, diagonal: task.singular)
      if let u, let v { yx = u * yx * v.transposed }
      return Dataset(
        name: "gaussian",
        population: SecondMoments(
          xx: .identity(task.inputs), yx: yx, traceYY: Double(task.outputs)))
    }
    return Dataset(
      name: "gaussian", train: draw(samples, DataStream.train(seed)),
      test: (test ?? 0) == 0 ? nil : draw(test ?? 0, DataStream.test(seed))
    ).drawn { shift throws(InputError) in
      try .gaussian(
        singular: singular, inputs: inputs, outputs: outputs, samples: samples, test: test,
        rotate: rotate, seed: seed &+ shift)
    }
  }
}

/// z (count x inputs) and S z + sqrt(1 - S S') xi (count x outputs).
private func gaussianPair(
  _ task: LinearTask, count: Int, _ stream: RandomStream
) -> (z: [Double], y: [Double]) {
  let z = stream.normals(count * task.inputs, step: 0)
  var y = stream.normals(count * task.outputs, step: 1)
  // (1 - s)(1 + s), because 1 - s^2 cancels near s = 1.
  let rest = task.singular.map { ((1 - $0) * (1 + $0)).squareRoot() }
  for n in 0..<count {
    for (i, s) in task.singular.enumerated() {
      y[n * task.outputs + i] = s * z[n * task.inputs + i] + rest[i] * y[n * task.outputs + i]
    }
  }
  return (z, y)
}

/// Every row r of `values` as q r; q = nil is the identity.
private func rotated(_ values: [Double], rows: Int, by q: Matrix?) -> [Double] {
  guard let q else { return values }
  return (Matrix(rows, q.columns, values) * q.transposed).values
}
