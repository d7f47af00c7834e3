/// Whether dynamics without noise have come to rest: two updates give back the same bits, so that
/// all further ones do. A small gradient would not do: a residual of 1e-300 next to a saddle grows.
struct RestTest {
  let data: Dataset
  let network: Network
  let settings: Settings
  let full: Batch?

  /// At the first look and about every thousand steps: a function of the step alone, so that a
  /// measurement that was interrupted ends at the same look.
  func isDue(at steps: Int, _ options: FirstPassageOptions) -> Bool {
    let period = options.every * max(1, 1000 / options.every)
    return steps == options.every || steps % period == 0
  }

  /// Rounding may alternate between two states; both must lie on the near side.
  func isAtRest(_ trainer: Trainer, _ options: FirstPassageOptions) -> Bool {
    let state = trainer.state
    // Adam corrects its moments by 1 - beta^t, which is 1 to rounding after that many steps.
    if !state.secondMoment.isEmpty, state.momentSteps < 40_000 { return false }
    do {
      let copy = try Trainer(
        data: data, network: network, settings: settings, key: trainer.key, state: state, full: full
      )
      let probe = try OrderParameterProbe(options.observable, data: data, network: network)
      copy.run(steps: 1)
      if probe.hasEscaped(copy.parameterPointer, options.threshold) { return false }
      copy.run(steps: 1)
      let later = copy.state
      return later.parameters == state.parameters && later.firstMoment == state.firstMoment
        && later.secondMoment == state.secondMoment
    } catch {
      preconditionFailure("options were validated before: \(error)")
    }
  }
}

extension Settings {
  /// Whether one step is a function of the weights: full batch, nothing random added.
  public var isDeterministic: Bool { self == noiseless }
}
