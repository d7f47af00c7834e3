import Kramers
import KramersStore

/// All bits of a session as text, so that two can be compared, and the difference read.
func portrait(_ contents: SessionContents) -> [String] {
  var lines = ["\(contents.program) \(contents.instructionSet)"]
  lines.append("\(bits(contents.created)) \(bits(contents.saved))")
  for row in contents.journal {
    lines.append(
      "\(row.kind) \(row.source) \(row.chunkName.utf8.map { $0 }) \(row.arguments) "
        + "\(bits(row.started)) \(bits(row.seconds)) \(row.outcome) \(row.message.debugDescription)"
    )
  }
  lines += contents.variables.map { "\($0)" } + contents.results.map { "\($0)" }
  lines += contents.unsaved.map { "\($0)" }
  lines += portrait(contents.state)
  guard let interrupted = contents.interrupted else { return lines }
  lines.append("entry \(interrupted.entry)")
  lines += portrait(interrupted.start)
  for call in interrupted.calls {
    lines.append(
      "\(call.index) \(call.verb) \(call.hash) \(call.hasEnded) \(call.content.count) "
        + "\(call.content.prefix(1000))")
    lines += call.experiments.map(portrait)
  }
  return lines
}

private func portrait(_ state: SessionState) -> [String] {
  var lines = ["\(state.seed) \(state.random) \(state.current.debugDescription)"]
  lines.append("\(state.values.count) \(state.values.prefix(1000))")
  for object in state.objects {
    switch object {
    case .data(let data): lines.append("data " + portrait(data))
    case .experiment(let experiment): lines.append("experiment " + portrait(experiment))
    case .snapshot(let experiment): lines.append("snapshot " + portrait(experiment))
    case .states(let states, let owner):
      lines.append("states of \(owner)")
      lines += states.map(portrait)
    }
  }
  return lines
}

func portrait(_ experiment: Experiment) -> String {
  let (settings, state) = (experiment.settings, experiment.state)
  let numbers = [
    experiment.initScale, settings.momentum, settings.learningRate, settings.l2,
    settings.temperature, settings.gradientNoise, settings.labelNoise, state.epochs,
  ]
  return "\(experiment.network) \(experiment.initialization) \(experiment.seed) "
    + "\(settings.optimizer) \(settings.batch) \(settings.sampling) \(settings.precision) "
    + "\(numbers.map(bits)) \(settings.l2Center.map { $0.map(bits) }.debugDescription) "
    + (settings.others == Settings().others ? "" : settings.others + " ")
    + "\(state.step) \(state.epoch) \(state.cursor) \(state.momentSteps) "
    + "\(state.parameters.map(bits)) \(state.firstMoment.map(bits)) "
    + "\(state.secondMoment.map(bits)) on " + portrait(experiment.data)
}

func portrait(_ data: Dataset) -> String {
  func rows(_ samples: Samples?) -> String {
    guard let samples else { return "none" }
    return "\(samples.count) \(samples.inputs) \(samples.outputs) \(samples.x.map(bits)) "
      + "\(samples.y.map(bits)) \((samples.targetWeights?.map(bits)).debugDescription)"
  }
  return "\(data.name) \(data.isClassification) \(data.sampleCount.debugDescription) "
    + "\(rows(data.train)) \(rows(data.test)) \(data.moments.flat.map(bits)) \(data.checksum)"
}

private func bits(_ x: Double) -> String { String(x.bitPattern, radix: 16) }
