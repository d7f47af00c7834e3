import Testing

@testable import Kramers

@Suite struct ObservableTableTests {
  /// Classes, a test set, a hidden layer.
  private func experiment(_ activation: Activation, bias: Bool = false, loss: Loss = .mse) throws
    -> Experiment
  {
    let x = RandomStream(seed: 5, purpose: .data).normals(11 * 3, scale: 1)
    let y = (0..<11).flatMap { n -> [Double] in n % 2 == 0 ? [1, 0] : [0, 1] }
    let all = Samples(count: 11, inputs: 3, outputs: 2, x: x, y: y)
    var settings = Settings()
    settings.l2 = 0.1
    return try Experiment(
      data: Dataset(name: "from", train: all.rows(0..<8), test: all.rows(8..<11)),
      network: Network(widths: [3, 5, 4, 2], activation: activation, bias: bias, loss: loss),
      settings: settings, seed: 3)
  }

  @Test("looks and measurements agree on every observable of the table")
  func agree() throws {
    for (activation, bias) in [(Activation.linear, false), (.tanh, true), (.relu, false)] {
      let x = try experiment(activation, bias: bias)
      let measured = try x.measure()
      for one in Observable.all {
        let probe = try OrderParameterProbe(
          one, data: x.data, network: x.network, settings: x.settings)
        let value = x.state.parameters.withUnsafeBufferPointer { probe.value($0.baseAddress!) }
        let expected = try #require(one.read(measured), "\(one.name)")
        // Different orders of the same sums.
        #expect(abs(value - expected) <= 1e-12 * abs(expected), "\(one.name): \(value)")
      }
    }
  }

  @Test("names differ, and each says a direction and a meaning")
  func table() {
    #expect(Set(Observable.all.map(\.name)).count == Observable.all.count)
    #expect(Observable.all.allSatisfy { !$0.summary.isEmpty && $0.ownDirection == nil })
    var turned = Observable.norm
    turned.direction = .down
    #expect(turned.ownDirection == .down && turned != .norm)
  }

  @Test("a measurement comes back from its bytes, with what has no field; older bytes have none")
  func bytes() throws {
    var measured = try experiment(.tanh).measure()
    for further in [["one": 1.5, "two": -.infinity], [:]] {
      for test in [measured.testLoss, nil] {
        measured.further = further
        measured.testLoss = test
        var writer = ByteWriter()
        writer.write(measured)
        var reader = ByteReader(writer.bytes)
        #expect(try reader.value(Measurement.self) == measured)
        try reader.end()
      }
    }
  }

  @Test("the first error of a function ends the measurement, on the thread that began it")
  func custom() throws {
    struct Odd: Error {}
    let x = try experiment(.tanh)
    var looks = 0
    var request = EscapeRequest(settings: x.settings, seed: 1)
    request.settings.temperature = 1e-3
    request.threshold = 1
    request.observable = .custom(.up, source: "here") { _, settings in
      looks += 1
      #expect(settings.temperature == 1e-3)
      if looks > 20 { throw Odd() }
      return 0
    }
    #expect(throws: Odd.self) { try x.measureEscape(request, threads: 2) }
    #expect(looks == 21)
  }
}
