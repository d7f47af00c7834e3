import Glibc
import Testing

@testable import Kramers

/// 100 full-batch steps of five small nets with three outputs, so that a wrong factor p between
/// our loss and PyTorch's shows. `Tests/Fixtures/make_optimizers.py` makes the figures and says
/// how settings translate.
@Suite struct OptimizerTests {
  private func wave(_ count: Int, _ scale: Double, _ phase: Double) -> [Double] {
    (0..<count).map { scale * sin(1.7 * Double($0) + phase) }
  }

  @Test("100 steps equal PyTorch's in double precision to 1e-10", arguments: TorchFigure.all)
  func torch(figure: TorchFigure) throws {
    let network = try Network(
      widths: figure.widths, activation: figure.activation, bias: figure.bias, loss: figure.loss)
    let oneHot: [Double] = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    let samples = Samples(
      count: 6, inputs: network.inputs, outputs: 3, x: wave(6 * network.inputs, 1.2, 0.3),
      y: figure.loss == .mse ? wave(18, 0.9, 1.1) : oneHot + oneHot)
    var settings = Settings()
    settings.optimizer = figure.optimizer
    settings.learningRate = 0.02
    settings.l2 = 0.01
    let data = Dataset(name: "from", train: samples)
    let trainer = try Trainer(
      data: data, network: network, settings: settings, key: RandomKey(seed: 0),
      state: TrainingState(parameters: wave(network.parameterCount, 0.7, 0.5)))
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    for (step, expected) in zip([0, 10, 100], figure.losses) {
      trainer.run(steps: step - Int(trainer.step))
      let loss = evaluator.lossAndGradientNorm(trainer.parameters).loss
      #expect(abs(loss - expected) < 1e-10 * expected)
    }
    #expect(trainer.parameters.count == figure.parameters.count)
    for (parameter, expected) in zip(trainer.parameters, figure.parameters) {
      #expect(abs(parameter - expected) < 1e-10 * abs(expected))
    }
  }
}

extension TorchFigure: CustomTestStringConvertible {
  var testDescription: String { "\(optimizer), \(activation), \(loss)" }
}
