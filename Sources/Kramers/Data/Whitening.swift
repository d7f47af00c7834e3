extension Dataset {
  /// The data with white training inputs:
  ///
  ///     x <- M x,   M = (Sigma_xx^+)^(1/2) symmetric,   so that Sigma_xx becomes a projector
  ///
  /// M comes from the training moments and is applied to the test set as it is. Directions without
  /// variance (constant zero inputs, or fewer samples than inputs) are mapped to zero, so the
  /// new Sigma_xx is the identity only at full rank. Nothing is centred. Targets are untouched.
  ///
  /// The whitened problem is a different one: its Sigma_yx is Sigma_yx M, and phases of the
  /// unwhitened network do not follow from it. The numbers must be finite (`checkNumbers`).
  public func whitened() -> Dataset {
    let (values, vectors) = eigenDecomposition(moments.xx)
    let map = whiteningMap(values: values, vectors: vectors)
    guard let train else {
      return Dataset(
        name: name,
        population: SecondMoments(
          xx: map * moments.xx * map, yx: moments.yx * map, traceYY: moments.traceYY))
    }
    func mapped(_ samples: Samples) -> Samples {
      let x = Matrix(samples.count, samples.inputs, samples.x) * map
      return Samples(
        count: samples.count, inputs: samples.inputs, outputs: samples.outputs, x: x.values,
        y: samples.y, targetWeights: samples.targetWeights)
    }
    let white = Dataset(
      name: name, train: mapped(train), test: test.map(mapped), dropped: dropped)
    return recipe == nil
      ? white
      : white.drawn { shift throws(InputError) in try redrawn(shift: shift).whitened() }
  }

  /// The min(inputs, outputs) singular values of Sigma_yx in descending order.
  ///
  /// For white inputs they are the s of the theory. For others they are not: the phases then
  /// depend on Sigma_xx too, and neither these nor the values after `whitened` give them. The
  /// numbers must be finite (`checkNumbers`).
  public func singularValues() -> [Double] {
    Kramers.singularValues(of: moments.yx)
  }
}

/// V diag(1/sqrt(values)) V' over the eigenvalues above 1e-12 of the largest: the pseudo-inverse
/// square root of a positive semidefinite matrix.
///
/// The cut is 1e-6 in standard deviation. Rounding in Sigma_xx leaves eigenvalues of zero
/// directions near 1e-15 of the largest.
///
/// - Parameters:
///   - values: eigenvalues, in any order.
///   - vectors: column k belongs to `values[k]`; columns of dropped values are not read.
public func whiteningMap(values: [Double], vectors: Matrix) -> Matrix {
  let cut = 1e-12 * max(0, values.max() ?? 0)
  var scaled = Matrix(values.count, vectors.rows)
  for (k, value) in values.enumerated() where value > cut {
    // Row k is the eigenvector / value^(1/4), so that scaled' * scaled is exactly symmetric.
    let weight = 1 / value.squareRoot().squareRoot()
    for i in 0..<vectors.rows { scaled[k, i] = weight * vectors[i, k] }
  }
  return scaled.transposed * scaled
}
