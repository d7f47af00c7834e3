import Testing

@testable import Kramers

@Suite struct OrderParameterTests {
  private let data = DynamicsCase.data

  private func value(_ observable: Observable, _ network: Network, _ theta: [Double]) throws
    -> Double
  {
    let probe = try OrderParameterProbe(
      observable, data: data, network: network, settings: Settings())
    return theta.withUnsafeBufferPointer { probe.value($0.baseAddress!) }
  }

  private func theta(_ network: Network) -> [Double] {
    RandomStream(seed: 51, purpose: .data).normals(network.parameterCount, scale: 0.7)
  }

  /// sigma_k^2 are the eigenvalues of M M'.
  private func gramSingularValues(_ m: Matrix) -> [Double] {
    eigenDecomposition(m * m.transposed).values.reversed().map { max($0, 0).squareRoot() }
  }

  @Test(
    "the modes of a linear net are the singular values of its end-to-end map",
    arguments: [[3, 2], [3, 4, 2], [3, 3, 5, 2], [3, 1, 2]])
  func linear(widths: [Int]) throws {
    let network = try Network(widths: widths)
    let theta = theta(network)
    // Column j of the map is the output for the unit vector e_j.
    let slow = SlowNetwork(network: network, theta: theta)
    let columns = (0..<3).map { j in slow.output((0..<3).map { $0 == j ? 1.0 : 0 }) }
    var map = Matrix(2, 3)
    for i in 0..<2 { for j in 0..<3 { map[i, j] = columns[j][i] } }
    let expected = gramSingularValues(map)
    for k in 1...min(widths.min()!, 2) {
      let found = try value(.mode(k), network, theta)
      #expect(abs(found - expected[k - 1]) < 1e-13 * expected[0])
    }
  }

  @Test("the modes of any other net are the singular values of its centred outputs / sqrt(N)")
  func nonlinear() throws {
    let samples = data.train!
    let nets: [(Activation, Bool)] = [
      (.tanh, false), (.relu, true), (.gelu, false), (.linear, true),
    ]
    for (activation, bias) in nets {
      let network = try Network(widths: [3, 4, 2], activation: activation, bias: bias)
      let theta = theta(network)
      let slow = SlowNetwork(network: network, theta: theta)
      let outputs = (0..<13).map { slow.output(Array(samples.x[$0 * 3..<$0 * 3 + 3])) }
      var centred = Matrix(2, 13)
      for i in 0..<2 {
        let mean = outputs.reduce(0) { $0 + $1[i] } / 13
        for n in 0..<13 { centred[i, n] = (outputs[n][i] - mean) / 13.0.squareRoot() }
      }
      let expected = gramSingularValues(centred)
      let measured = try Evaluator(data: data, network: network, settings: Settings())
        .modeStrengths(theta)
      for k in 1...2 {
        let found = try value(.mode(k), network, theta)
        #expect(abs(found - expected[k - 1]) < 1e-12 * expected[0])
        #expect(abs(found - measured[k - 1]) < 1e-12 * expected[0])
      }
    }
  }

  @Test("losses are those of the training and of the test samples", arguments: TrainerTests.cases)
  func losses(activation: Activation, loss: Loss) throws {
    for bias in [false, true] {
      let network = try Network(widths: [3, 4, 2], activation: activation, bias: bias, loss: loss)
      let theta = theta(network)
      let slow = SlowNetwork(network: network, theta: theta)
      let train = slow.lossAndGradient(data.train!, rows: Array(0..<13)).loss
      let test = slow.lossAndGradient(data.test!, rows: Array(0..<7)).loss
      #expect(abs(try value(.loss, network, theta) - train) < 1e-13 * (1 + abs(train)))
      #expect(abs(try value(.testLoss, network, theta) - test) < 1e-13 * (1 + abs(test)))
    }
  }

  @Test("norm is the length of all parameters")
  func norm() throws {
    let network = try Network(widths: [3, 4, 2], activation: .tanh, bias: true)
    let theta = theta(network)
    let expected = theta.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(try value(.norm, network, theta) - expected) < 1e-14 * expected)
  }

  @Test("modes and norm escape upwards, losses downwards, the threshold included")
  func directions() {
    for observable in [Observable.mode(1), .norm] {
      #expect(observable.hasEscaped(1, 1) && observable.hasEscaped(1.1, 1))
      #expect(!observable.hasEscaped(0.9, 1) && !observable.hasEscaped(.nan, 1))
    }
    for observable in [Observable.loss, .testLoss] {
      #expect(observable.hasEscaped(1, 1) && observable.hasEscaped(0.9, 1))
      #expect(!observable.hasEscaped(1.1, 1) && !observable.hasEscaped(.nan, 1))
    }
  }

  @Test("a mode that the network cannot have and a missing test set are refused")
  func refused() throws {
    let network = try Network(widths: [3, 1, 2])
    for k in [0, -1, 2] {
      #expect(throws: InputError.self) {
        try OrderParameterProbe(.mode(k), data: data, network: network, settings: Settings())
      }
    }
    #expect(throws: InputError.self) {
      try OrderParameterProbe(
        .testLoss, data: Dataset(name: "from", train: data.train!), network: network,
        settings: Settings())
    }
  }
}
