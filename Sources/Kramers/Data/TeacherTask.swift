extension Dataset {
  /// A linear teacher with label noise:
  ///
  ///     y = A x + noise * xi,   A = diag(singular), outputs x inputs,   x ~ N(0, diag(spectrum))
  ///
  /// `singular` belongs to the map A, not to the moments: Sigma_yx = A Sigma_xx. (In `gaussian` and
  /// `population` it belongs to Sigma_yx.) White inputs make the two the same.
  ///
  /// - Parameters:
  ///   - singular: singular values of A, not negative. Without a spectrum they are sorted to
  ///     descend; with one the order stands, because value i belongs to input i.
  ///   - inputs, outputs: default to the number of singular values.
  ///   - samples: training rows. nil gives population data: the exact moments and no samples.
  ///   - test: rows of the test set; nil or 0 for none. The test targets carry the noise too.
  ///   - noise: standard deviation of the noise on every target.
  ///   - inputSpectrum: the variance of each training input, all 1 by default; zeros are allowed.
  ///   - testSpectrum: the same for the test inputs; by default the one of training. A white test
  ///     set beside uneven training inputs is the task whose test error is carried by modes that
  ///     the training set hardly shows.
  /// - Throws: a value outside its range, a spectrum of another length than `inputs`, or sizes
  ///   beyond memory.
  public static func teacher(
    singular: [Double], inputs: Int? = nil, outputs: Int? = nil, samples: Int?, test: Int? = nil,
    noise: Double = 0, inputSpectrum: [Double]? = nil, testSpectrum: [Double]? = nil,
    seed: UInt64 = 0
  ) throws(InputError) -> Dataset {
    let task = try LinearTask(
      singular: singular, inputs: inputs, outputs: outputs,
      paired: inputSpectrum != nil || testSpectrum != nil, samples: samples, test: test)
    try checkNumber("noise", noise)
    guard noise >= 0 else { throw .rule("noise", "zero or positive", noise) }
    try task.checkSpectrum("input_spectrum", inputSpectrum)
    try task.checkSpectrum("test_spectrum", testSpectrum)
    guard testSpectrum == nil || (test ?? 0) > 0 else {
      throw .sentence("test_spectrum needs test: there are no test samples to draw")
    }

    guard let samples else {
      let moments = teacherMoments(task, noise: noise, spectrum: inputSpectrum)
      return Dataset(name: "teacher", population: moments)
    }
    let train = teacherSamples(
      task, count: samples, noise: noise, spectrum: inputSpectrum, DataStream.train(seed))
    let testing = test.flatMap { count in
      count > 0
        ? teacherSamples(
          task, count: count, noise: noise, spectrum: testSpectrum ?? inputSpectrum,
          DataStream.test(seed)) : nil
    }
    return Dataset(name: "teacher", train: train, test: testing).drawn {
      shift throws(InputError) in
      try .teacher(
        singular: singular, inputs: inputs, outputs: outputs, samples: samples, test: test,
        noise: noise, inputSpectrum: inputSpectrum, testSpectrum: testSpectrum,
        seed: seed &+ shift)
    }
  }
}

private func teacherSamples(
  _ task: LinearTask, count: Int, noise: Double, spectrum: [Double]?, _ stream: RandomStream
) -> Samples {
  var x = stream.normals(count * task.inputs, step: 0)
  if let deviations = spectrum?.map({ $0.squareRoot() }) {
    for n in 0..<count { for (i, d) in deviations.enumerated() { x[n * task.inputs + i] *= d } }
  }
  var y =
    noise == 0
    ? [Double](repeating: 0, count: count * task.outputs)
    : stream.normals(count * task.outputs, scale: noise, step: 1)
  for n in 0..<count {
    for (i, s) in task.singular.enumerated() {
      y[n * task.outputs + i] += s * x[n * task.inputs + i]
    }
  }
  return Samples(count: count, inputs: task.inputs, outputs: task.outputs, x: x, y: y)
}

/// Sigma_xx = L, Sigma_yx = A L, tr Sigma_yy = tr(A L A') + outputs * noise^2.
private func teacherMoments(
  _ task: LinearTask, noise: Double, spectrum: [Double]?
) -> SecondMoments {
  let spectrum = spectrum ?? [Double](repeating: 1, count: task.inputs)
  let signal = zip(task.singular, spectrum).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
  return SecondMoments(
    xx: Matrix(task.inputs, task.inputs, diagonal: spectrum),
    yx: Matrix(task.outputs, task.inputs, diagonal: zip(task.singular, spectrum).map { $0 * $1 }),
    traceYY: signal + Double(task.outputs) * noise * noise)
}
