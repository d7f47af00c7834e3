import Kramers

/// A core value that Lua holds as a userdata.
protocol NamedBox: AnyObject {
  /// As an error message names it.
  var typeName: String { get }
}

final class DataBox: NamedBox {
  let data: Dataset
  init(_ data: Dataset) { self.data = data }
  var typeName: String { "a data set" }
}

/// An experiment that verbs change in place.
final class ExperimentBox: NamedBox {
  var experiment: Experiment
  /// While `train` runs an observer; the experiment then shows the state of that step.
  var isRunning = false
  init(_ experiment: Experiment) { self.experiment = experiment }
  var typeName: String { "an experiment" }
}

final class SnapshotBox: NamedBox {
  let experiment: Experiment
  init(_ experiment: Experiment) { self.experiment = experiment }
  var typeName: String { "a snapshot" }
}
