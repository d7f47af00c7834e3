extension Experiment {
  /// W_D ... W_1, outputs x inputs.
  ///
  /// - Throws: `InputError` for a network that is not linear: it has no such matrix.
  public func map() throws -> Matrix {
    guard network.activation == .linear else {
      throw InputError.sentence(
        "a network with activation '\(network.activation.rawValue)' has no end-to-end matrix")
    }
    return network.endToEndMap(of: state.parameters)
  }

  /// f(x) for each row of inputs, rows x outputs.
  public func predict(_ rows: [[Double]]) throws -> Matrix {
    for (n, row) in rows.enumerated() where row.count != network.inputs {
      throw InputError.sentence(
        "x: row \(n + 1) has \(row.count) values, the network has \(network.inputs) inputs")
    }
    guard !rows.isEmpty else { return Matrix(0, network.outputs) }
    let samples = Samples(
      count: rows.count, inputs: network.inputs, outputs: network.outputs,
      x: rows.flatMap { $0 },
      y: [Double](repeating: 0, count: rows.count * network.outputs))
    let batch = Batch(samples)
    let outputs = GradientWorkspace(network, capacity: batch.count)
      .outputs(state.parameters, batch)
    var result = Matrix(rows.count, network.outputs)
    for n in 0..<rows.count {
      for i in 0..<network.outputs { result[n, i] = outputs[i * batch.stride + n] }
    }
    return result
  }
}
