import CAllocations
import Testing

@testable import Kramers

@Suite struct StepAllocationTests {
  @Test("the counter sees an array being made")
  func control() {
    let before = thread_allocations()
    let array = [Double](repeating: .random(in: 0...1), count: 100)
    #expect(array.count == 100)
    #expect(thread_allocations() > before)
  }

  /// Memory is then flat over any number of steps, too.
  @Test("a step allocates nothing, whatever the dynamics", arguments: DynamicsCase.all)
  func steps(dynamics: DynamicsCase) throws {
    for activation in [Activation.linear, .tanh] {
      let trainer = try dynamics.trainer(activation)
      trainer.run(steps: 1)
      let before = thread_allocations()
      let isFinite = trainer.run(steps: 400)
      let after = thread_allocations()
      #expect(isFinite)
      #expect(after == before)
    }
  }

  @Test("1e5 Langevin steps on population data allocate nothing")
  func population() throws {
    let data = try Dataset.population(singular: [1])
    let network = try Network(widths: [1, 1, 1, 1])
    var settings = Settings()
    settings.l2 = 0.3
    settings.temperature = 1e-3
    let trainer = try Trainer(
      data: data, network: network, settings: settings, key: RandomKey(seed: 1),
      state: TrainingState(parameters: [0, 0, 0]))
    // The first step of a process makes what is made once.
    trainer.run(steps: 1)
    let before = thread_allocations()
    trainer.run(steps: 100_000)
    #expect(thread_allocations() == before)
  }

  @Test("a look at an observable allocates nothing")
  func observables() throws {
    let data = DynamicsCase.data
    for activation in [Activation.linear, .tanh] {
      let network = try Network(widths: [3, 4, 2], activation: activation)
      let theta = RandomStream(seed: 3, purpose: .data).normals(network.parameterCount)
      for observable in [Observable.mode(1), .mode(2), .loss, .testLoss, .norm] {
        let probe = try OrderParameterProbe(
          observable, data: data, network: network, settings: Settings())
        theta.withUnsafeBufferPointer { pointer in
          let before = thread_allocations()
          for _ in 0..<100 { _ = probe.value(pointer.baseAddress!) }
          let after = thread_allocations()
          #expect(after == before, "\(observable), \(activation)")
        }
      }
    }
  }
}
