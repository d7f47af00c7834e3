/// What `hessian` asks for.
public struct HessianRequest: Sendable {
  /// Number of eigenvalues.
  public var count = 5
  public var end = SpectrumEnd.largest
  /// All eigenvalues by a dense decomposition, for small networks.
  public var isDense = false
  /// Bound on |H v - value v| relative to the largest |eigenvalue|.
  public var tolerance = 1e-6
  /// The diagonal block of this layer alone, counted from 1; nil is all of it.
  public var layer: Int?

  public init() {}
}

/// Eigenvalues of the objective's Hessian at a state.
public struct HessianResult: Sendable {
  /// Dense and smallest: ascending. Largest: descending.
  public let values: [Double]
  /// Unit eigenvectors of the values, in the order of the parameters; empty for a dense
  /// decomposition.
  public let vectors: [[Double]]
  /// |H v - value v| of each; empty for a dense decomposition.
  public let residuals: [Double]
  public let isDense: Bool
  public let end: SpectrumEnd
  /// |eigenvalue| at most this counts as zero: 1e-6 of the largest.
  public let zeroTolerance: Double
  /// Number of negative eigenvalues; nil where those found do not reach to zero.
  public let index: Int?
  /// Eigenvalues that count as zero; nil likewise.
  public let zeroModes: Int?
  /// What rotations of the hidden layers make at a stationary state of a linear network; nil for a
  /// layer's block.
  public let predictedZeroModes: Int?
  /// |grad(objective)| at the state.
  public let gradientNorm: Double
  /// Hessian-vector products.
  public let products: Int
  public let converged: Bool
  public let isInterrupted: Bool
}

extension Experiment {
  /// Extreme eigenvalues of the Hessian of the objective at the present state (the data term alone
  /// under adamw, which has no objective).
  ///
  /// Lanczos iteration on exact Hessian-vector products, so any network that trains has them;
  /// products run on `threads` threads and do not depend on their number.
  ///
  /// - Throws: `InputError` for more eigenvalues than parameters, or a network too large for a
  ///   dense decomposition.
  public func hessian(
    _ request: HessianRequest, threads: Int = 1, monitor: RunMonitor = RunMonitor()
  ) throws -> HessianResult {
    let block = try network.block(ofLayer: request.layer)
    let count = block.count
    guard request.count >= 1, request.count <= count || request.isDense else {
      throw InputError.rule("k", "in 1...\(count), the number of parameters", request.count)
    }
    let l2 = settings.optimizer.descendsObjective ? settings.l2Term : 0
    let batch = try data.fullBatch(for: network)
    let gradientNorm = try measure().gradientNorm
    if request.isDense {
      let matrix = try denseHessian(network, state.parameters, batch, l2: l2, threads: threads)
      let spectrum = HessianSpectrum(
        request.layer == nil ? matrix : matrix.diagonalBlock(block), relativeTolerance: 1e-6)
      return HessianResult(
        values: spectrum.values, vectors: [], residuals: [], isDense: true, end: .smallest,
        zeroTolerance: spectrum.tolerance, index: spectrum.index, zeroModes: spectrum.zeroModes,
        predictedZeroModes: request.layer == nil ? predictedZeroModes(gradientNorm) : nil,
        gradientNorm: gradientNorm, products: network.parameterCount, converged: true,
        isInterrupted: false)
    }
    let curvature = HessianOperator(
      network, at: state.parameters, batch, l2: l2, threads: threads, block: block)
    let found = curvature.extremes(
      request.count, request.end, tolerance: request.tolerance
    ) {
      monitor.advance(by: 1)
      return monitor.shouldStop
    }
    var tolerance = 1e-6 * (found.values.map(abs).max() ?? 0)
    if request.end == .smallest, !monitor.shouldStop {
      let top = curvature.extremes(1, .largest, tolerance: 1e-3)
      tolerance = 1e-6 * abs(top.values.first ?? 0)
    }
    // Those below zero, and at zero, are all found only if something above was found too.
    let isSmallest = request.end == .smallest
    let last = found.values.last ?? 0
    let all = found.values.count == count
    return HessianResult(
      values: found.values, vectors: found.vectors, residuals: found.residuals, isDense: false,
      end: request.end,
      zeroTolerance: tolerance,
      index: isSmallest && (last >= -tolerance || all)
        ? found.values.count { $0 < -tolerance } : nil,
      zeroModes: isSmallest && (last > tolerance || all)
        ? found.values.count { abs($0) <= tolerance } : nil,
      predictedZeroModes: request.layer == nil ? predictedZeroModes(gradientNorm) : nil,
      gradientNorm: gradientNorm, products: curvature.products, converged: found.converged,
      isInterrupted: monitor.shouldStop)
  }

  /// Nil away from stationary states and for networks that cannot be rotated.
  private func predictedZeroModes(_ gradientNorm: Double) -> Int? {
    guard network.activation == .linear, !network.bias, gradientNorm <= 1e-6 else { return nil }
    let strengths = singularValues(of: network.endToEndMap(of: state.parameters))
    return network.predictedZeroModes(rank: strengths.count { $0 > 1e-8 })
  }
}

extension Network {
  /// The parameters of a layer, weights and biases; of all for nil.
  ///
  /// - Throws: `InputError` for a layer that does not exist.
  func block(ofLayer number: Int?) throws -> Range<Int> {
    guard let number else { return 0..<parameterCount }
    guard layers.indices.contains(number - 1) else {
      throw InputError.rule("layer", "in 1...\(layers.count)", number)
    }
    let layer = layers[number - 1]
    return layer.weights.lowerBound..<max(layer.weights.upperBound, layer.biases.upperBound)
  }
}

extension Matrix {
  fileprivate func diagonalBlock(_ range: Range<Int>) -> Matrix {
    Matrix(
      range.count, range.count,
      range.flatMap { i in values[i * columns + range.lowerBound..<i * columns + range.upperBound] }
    )
  }
}
