import Testing

@testable import Kramers

@Suite struct TrainingStateTests {
  @Test(
    "137 steps, a copy into a new trainer and 263 more equal 400 steps bit for bit",
    arguments: DynamicsCase.all)
  func restore(dynamics: DynamicsCase) throws {
    let whole = try dynamics.trainer(.tanh)
    whole.run(steps: 400)
    let first = try dynamics.trainer(.tanh)
    first.run(steps: 137)
    let copy = first.state
    // What the first trainer does afterwards must not matter.
    first.run(steps: 50)
    let second = try dynamics.trainer(.tanh, from: copy)
    second.run(steps: 263)
    #expect(second.state == whole.state)
    #expect(whole.state.step == 400)
    #expect(whole.state.parameters != copy.parameters)
    #expect(whole.state.parameters.allSatisfy { $0.isFinite })
  }

  @Test("an experiment interrupted at 137 steps and assigned back goes on as if never stopped")
  func experiment() throws {
    var settings = Settings()
    settings.batch = .size(5)
    settings.temperature = 1e-3
    settings.optimizer = .momentum
    var whole = try Experiment(
      data: DynamicsCase.data, network: Network(widths: [3, 4, 2]), settings: settings, seed: 3)
    var other = whole
    _ = try whole.train(TrainingOptions(steps: 400))
    _ = try other.train(TrainingOptions(steps: 137))
    let snapshot = other
    _ = try other.train(TrainingOptions(steps: 10))
    other = snapshot
    _ = try other.train(TrainingOptions(steps: 263))
    #expect(other.state == whole.state)
  }
}
