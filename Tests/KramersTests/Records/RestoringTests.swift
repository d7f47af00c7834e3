import Testing

@testable import Kramers

@Suite("an experiment from its parts")
struct RestoringTests {
  private func original() throws -> Experiment {
    var settings = Settings()
    settings.optimizer = .momentum
    settings.batch = .size(4)
    var experiment = try Experiment(
      data: Dataset.gaussian(singular: [0.9, 0.8], samples: 12, seed: 1),
      network: Network(widths: [2, 3, 2]), settings: settings, seed: 7)
    _ = try experiment.train(TrainingOptions(steps: 10))
    return experiment
  }

  private func restored(
    _ experiment: Experiment, sibling: Experiment? = nil,
    _ change: (inout TrainingState, inout Settings) -> Void = { _, _ in }
  ) throws -> Experiment {
    var (state, settings) = (experiment.state, experiment.settings)
    change(&state, &settings)
    return try Experiment(
      restoring: state, data: experiment.data, network: experiment.network, settings: settings,
      initialization: experiment.initialization, initScale: experiment.initScale,
      seed: experiment.seed, sibling: sibling)
  }

  @Test("goes on like the one they came from, and shares theory with a sibling")
  func whole() throws {
    var first = try original()
    var second = try restored(first)
    let third = try restored(first, sibling: second)
    #expect(third.theoryCache === second.theoryCache && first.theoryCache !== second.theoryCache)
    _ = try first.train(TrainingOptions(steps: 30))
    _ = try second.train(TrainingOptions(steps: 30))
    #expect(first.state == second.state)
  }

  @Test("is refused when a state is none that a run comes to")
  func refused() throws {
    let experiment = try original()
    let changes: [(inout TrainingState, inout Settings) -> Void] = [
      { state, _ in state.parameters = [] }, { state, _ in state.parameters.append(0) },
      { state, _ in state.firstMoment.removeLast() }, { state, _ in state.secondMoment = [1] },
      { state, _ in state.step = .max }, { state, _ in state.epoch = .max },
      { state, _ in state.momentSteps = -1 }, { state, _ in state.momentSteps = .max },
      { state, _ in state.cursor = 13 }, { state, _ in state.cursor = -1 },
      { state, _ in state.epochs = .nan }, { state, _ in state.epochs = -1 },
      { _, settings in settings.learningRate = .nan }, { _, settings in settings.batch = .size(0) },
      { _, settings in settings.l2Center = [1] },
      { _, settings in
        settings.batch = .size(.max)
        settings.sampling = .replacement
      },
    ]
    for (k, change) in changes.enumerated() {
      #expect(throws: InputError.self, "change \(k)") { try restored(experiment, change) }
    }
    #expect(throws: InputError.self) {
      try Experiment(
        restoring: experiment.state, data: experiment.data, network: Network(widths: [3, 3, 2]),
        settings: experiment.settings, initialization: .gaussian, initScale: 1, seed: 0)
    }
  }
}
