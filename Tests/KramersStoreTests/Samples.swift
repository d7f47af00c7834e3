import Foundation
import Kramers

@testable import KramersStore

/// A folder of its own for a test, gone afterwards.
final class Folder: Sendable {
  let path: String

  init() throws {
    var template = Array((NSTemporaryDirectory() + "kramers-store-XXXXXX").utf8CString)
    guard let made = mkdtemp(&template) else { throw POSIXError(.EIO) }
    path = String(cString: made)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String = "s.kramers") -> String { path + "/" + name }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

func bytes(of path: String) -> [UInt8] {
  FileManager.default.contents(atPath: path).map { [UInt8]($0) } ?? []
}

/// Numbers that files like to lose: NaN with a payload, both zeros, infinities, the least positive.
let awkward: [Double] = [
  .nan, Double(bitPattern: 0x7FF8_0000_0000_1234), Double(bitPattern: 0xFFF8_0000_0000_0001),
  -0.0, 0, .infinity, -.infinity, .leastNonzeroMagnitude, 0.1, .greatestFiniteMagnitude,
]

enum Sample {
  static func gaussian() throws -> Dataset {
    try Dataset.gaussian(singular: [0.9, 0.8], samples: 12, test: 5, seed: 1)
  }

  /// Targets with weights, no test set.
  static func weighted() throws -> Dataset {
    let x = (0..<12).map { Double($0) / 7 }
    return Dataset(
      name: "completion",
      train: Samples(
        count: 4, inputs: 3, outputs: 2, x: x, y: [1, 2, 3, 4, 5, 6, 7, 8],
        targetWeights: [0, 1, 1, 0, 0.5, 1, 0, 1]))
  }

  /// Trained under momentum with minibatches, so that every part of the state is in use.
  static func trained(seed: UInt64 = 3, steps: Int = 25) throws -> Experiment {
    var settings = Settings()
    settings.optimizer = .adam
    settings.learningRate = 0.01
    settings.batch = .size(5)
    settings.l2 = 0.1
    settings.l2Center = (0..<12).map { Double($0) - 5.5 }
    settings.l2Biases = false
    settings.beta2 = 0.95
    settings.gradientNoise = 0.3
    settings.labelNoise = 0.01
    var experiment = try Experiment(
      data: gaussian(), network: Network(widths: [2, 3, 2], activation: .tanh),
      settings: settings, initialization: .orthogonal, initScale: 0.7, seed: seed)
    _ = try experiment.train(TrainingOptions(steps: steps))
    return experiment
  }

  static func population(seed: UInt64 = 1 << 63) throws -> Experiment {
    var settings = Settings()
    settings.temperature = 1e-4
    settings.optimizer = .momentum
    settings.momentum = 0.5
    settings.precision = .single
    return try Experiment(
      data: Dataset.population(singular: [1, 0.6]), network: Network(widths: [2, 2, 2, 2]),
      settings: settings, initialization: .balanced, initScale: 0, seed: seed)
  }

  /// Weights that no training would leave.
  static func awkwardWeights() throws -> Experiment {
    var settings = Settings()
    settings.batch = .size(7)
    settings.sampling = .replacement
    var experiment = try Experiment(
      data: weighted(), network: Network(widths: [3, 2, 2]), settings: settings, seed: .max)
    try experiment.setParameters(awkward)
    return experiment
  }

  static func classifier() throws -> Experiment {
    let data = Dataset(
      name: "literal",
      train: Samples(count: 3, inputs: 1, outputs: 2, x: [1, 2, 3], y: [1, 0, 0, 1, 1, 0]))
    var settings = Settings()
    settings.batch = .size(2)
    settings.sampling = .subset
    return try Experiment(
      data: data,
      network: Network(widths: [1, 4, 2], activation: .relu, bias: true, loss: .crossEntropy),
      settings: settings, seed: 9)
  }

  /// Something of everything.
  static func everything() throws -> SessionContents {
    var contents = SessionContents()
    contents.program = "1.4.0"
    contents.instructionSet = "AVX2"
    contents.created = 1_764_000_000.25
    contents.saved = 1_764_000_123.125
    contents.journal = [
      JournalEntry(
        kind: .entry, source: Array("x = {}\0\n".utf8) + [0xFF, 0xFE, 0x80], chunkName: "=[1]",
        started: 1_764_000_001, seconds: 0.5, outcome: .ok),
      JournalEntry(
        kind: .script, source: [], chunkName: "@a \"b\"\\.lua",
        arguments: ["", "ä\0b", "-1", "/'\""],
        started: .nan, seconds: .infinity, outcome: .error, message: "a\0b: nil value"),
      JournalEntry(
        kind: .code, source: Array("train(10)".utf8), chunkName: "=command line", started: 2,
        seconds: 1e-9, outcome: .interrupted, message: ""),
      JournalEntry(
        kind: .entry, source: Array("sweep{}".utf8), chunkName: "=[4]", started: 3),
    ]
    let trained = try trained()
    contents.state = try state(trained)
    contents.interrupted = InterruptedEntry(entry: 3)
    contents.interrupted?.start = try state(Sample.trained(seed: 4, steps: 0))
    contents.interrupted?.calls = [
      StoredCall(
        index: 0, verb: "train", hash: .max, hasEnded: true, content: [0, 255],
        experiments: [trained, trained]),
      StoredCall(
        index: 7, verb: "sweep", hash: 0, hasEnded: false, content: [], experiments: []),
    ]
    contents.variables = [
      VariableRow(name: "x", kind: "table", summary: "{}\0"),
      VariableRow(name: "", kind: "", summary: ""),
    ]
    contents.results = [
      ResultRow(
        name: "r", kind: "escape", json: #"{"kind":"escape","tau":7128.28}"#, provenance: nil),
      ResultRow(name: "runs[3]", kind: "sweep", json: "{}", provenance: #"{"seed":1}"#),
    ]
    contents.unsaved = [
      UnsavedValue(name: "f", kind: "function", entry: 0),
      UnsavedValue(name: "t.callbacks[2]", kind: "thread", entry: nil),
    ]
    return contents
  }

  private static func state(_ experiment: Experiment) throws -> SessionState {
    var state = SessionState()
    state.seed = 1 << 63 + 5
    state.random = [0, .max, 1 << 63, 42]
    let walked = (0..<3).map { step in
      var clock = experiment.state
      clock.parameters[0] = Double(step)
      return experiment.at(clock)
    }
    state.objects = [
      .experiment(experiment), .snapshot(experiment), .experiment(experiment),
      .data(experiment.data), .data(try weighted()), .snapshot(try awkwardWeights()),
      .states(walked, owner: 2), .states([], owner: 0), .experiment(try population()),
      .experiment(try classifier()), .data(try Dataset.population(singular: [1, 0.5])),
    ]
    state.current = 8
    state.values = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7) }
    return state
  }
}
