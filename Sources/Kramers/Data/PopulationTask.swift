extension Dataset {
  /// Exact second moments and no samples, so exact gradients and no minibatch noise:
  ///
  ///     Sigma_xx = diag(inputSpectrum),   Sigma_yx = diag(singular), outputs x inputs
  ///     tr Sigma_yy = tr(Sigma_yx Sigma_xx^+ Sigma_xy)
  ///
  /// `singular` belongs to Sigma_yx as in `gaussian`, so the best linear map is
  /// diag(singular / inputSpectrum). tr Sigma_yy is the least that the other moments allow: the
  /// loss of the best map is zero. (`gaussian` without samples has Sigma_yy = I instead.)
  ///
  /// - Parameters:
  ///   - singular: not negative. Without a spectrum they are sorted to descend; with one the order
  ///     stands, because value i belongs to input i.
  ///   - inputs, outputs: default to the number of singular values.
  ///   - inputSpectrum: the variance of each input, all 1 by default. A zero is allowed where the
  ///     singular value is zero: a constant input correlates with nothing.
  /// - Throws: a value outside its range, a spectrum of another length than `inputs`, or sizes
  ///   beyond memory.
  public static func population(
    singular: [Double], inputs: Int? = nil, outputs: Int? = nil, inputSpectrum: [Double]? = nil
  ) throws(InputError) -> Dataset {
    let task = try LinearTask(
      singular: singular, inputs: inputs, outputs: outputs, paired: inputSpectrum != nil,
      samples: nil, test: nil)
    try task.checkSpectrum("input_spectrum", inputSpectrum)
    let spectrum = inputSpectrum ?? [Double](repeating: 1, count: task.inputs)
    var traceYY = 0.0
    for (i, (s, variance)) in zip(task.singular, spectrum).enumerated() where s > 0 {
      guard variance > 0 else {
        throw .sentence(
          "input_spectrum[\(i + 1)] must be positive where singular[\(i + 1)] is (\(s)): an input "
            + "without variance correlates with nothing")
      }
      traceYY += s * s / variance
    }
    return Dataset(
      name: "population",
      population: SecondMoments(
        xx: Matrix(task.inputs, task.inputs, diagonal: spectrum),
        yx: Matrix(task.outputs, task.inputs, diagonal: task.singular), traceYY: traceYY))
  }
}
