internal import Foundation
internal import Kramers

/// A session as rows and arrays: what a save compares with what the file has. Nothing is copied.
struct SessionRows {
  /// Bytes that `content` holds, with their id.
  enum Source {
    case doubles([Double])
    case bytes([UInt8])
    /// An array of a data set, made when it is written.
    case moments(SecondMoments)
  }

  private let version: Int
  private(set) var contents: [UInt64: Source] = [:]
  private(set) var datasets: [UInt64: [Cell]] = [:]
  private(set) var experiments: [UInt64: [Cell]] = [:]
  /// The rows of the tables whose rows have a place and no id.
  private(set) var tables: [String: [[Cell]]] = [:]
  /// Of all rows, and so of everything: rows name arrays, data sets and experiments by their hashes.
  private(set) var digest: UInt64 = 0

  /// - Parameter version: of the file that the rows are compared with.
  init(_ contents: SessionContents, version: Int = Schema.version) {
    self.version = version
    addRows(contents)
    var states: [[Cell]] = []
    var objects: [[Cell]] = []
    var members: [[Cell]] = []
    add(contents.state, 0, entry: nil, to: &states, &objects, &members)
    var calls: [[Cell]] = []
    var callExperiments: [[Cell]] = []
    if let interrupted = contents.interrupted {
      add(interrupted.start, 1, entry: interrupted.entry, to: &states, &objects, &members)
      for (position, call) in interrupted.calls.enumerated() {
        calls.append([
          .count(position), .count(call.index), .text(call.verb), .bits(call.hash),
          .flag(call.hasEnded), .bits(add(bytes: call.content)),
        ])
        for (k, experiment) in call.experiments.enumerated() {
          callExperiments.append([.count(position), .count(k), .bits(add(experiment))])
        }
      }
    }
    tables["state"] = states
    tables["object"] = objects
    tables["object_state"] = members
    tables["call"] = calls
    tables["call_experiment"] = callExperiments
    digest = Schema.tables.map { (tables[$0.name] ?? []).map(\.digest).digest }.digest
    tables["session"]?[0].append(.bits(digest))
  }

  private mutating func addRows(_ contents: SessionContents) {
    tables["session"] = [
      [
        .count(1), .text(contents.program), .text(contents.instructionSet),
        .number(contents.created), .number(contents.saved),
      ]
    ]
    tables["journal"] = contents.journal.enumerated().map { entry, row in
      [
        .count(entry), .text(row.kind.rawValue), .blob(row.source), .text(row.chunkName),
        .text(jsonArray(row.arguments)), .number(row.started), .number(row.seconds),
        .text(row.outcome.rawValue), Cell(row.message),
      ]
    }
    tables["variable"] = contents.variables.enumerated().map { position, row in
      [.count(position), .text(row.name), .text(row.kind), .text(row.summary)]
    }
    tables["result"] = contents.results.enumerated().map { position, row in
      [
        .count(position), .text(row.name), .text(row.kind), .text(row.json), Cell(row.provenance),
      ]
    }
    tables["unsaved"] = contents.unsaved.enumerated().map { position, row in
      [.count(position), .text(row.name), .text(row.kind), Cell(row.entry)]
    }
  }

  private mutating func add(
    _ state: SessionState, _ id: Int, entry: Int?, to states: inout [[Cell]],
    _ objects: inout [[Cell]], _ members: inout [[Cell]]
  ) {
    let random = state.random.flatMap { word in
      withUnsafeBytes(of: word.littleEndian) { Array($0) }
    }
    states.append([
      .count(id), Cell(entry), .bits(state.seed), .blob(random), Cell(state.current),
      .bits(add(bytes: state.values)),
    ])
    for (position, object) in state.objects.enumerated() {
      let place = [Cell.count(id), .count(position)]
      switch object {
      case .data(let data):
        objects.append(place + [.text("data"), .bits(add(data)), .null, .null])
      case .experiment(let experiment):
        objects.append(place + [.text("experiment"), .null, .bits(add(experiment)), .null])
      case .snapshot(let experiment):
        objects.append(place + [.text("snapshot"), .null, .bits(add(experiment)), .null])
      case .states(let experiments, let owner):
        objects.append(place + [.text("states"), .null, .null, .count(owner)])
        for (k, experiment) in experiments.enumerated() {
          members.append(place + [.count(k), .bits(add(experiment))])
        }
      }
    }
  }

  private mutating func add(bytes: [UInt8]) -> UInt64 {
    let id = bytes.withUnsafeBytes(StateHash.of)
    contents[id] = .bytes(bytes)
    return id
  }

  private mutating func add(_ values: [Double]) -> UInt64 {
    let id = StateHash.of(values)
    contents[id] = .doubles(values)
    return id
  }

  private mutating func add(_ data: Dataset) -> UInt64 {
    let id = data.checksum
    guard datasets[id] == nil else { return id }
    let hashes = data.hashes
    contents[hashes.moments] = .moments(data.moments)
    for (samples, ids) in [(data.train, hashes.train), (data.test, hashes.test)] {
      guard let samples, let ids else { continue }
      contents[ids.x] = .doubles(samples.x)
      contents[ids.y] = .doubles(samples.y)
      if let weights = samples.targetWeights, let id = ids.targetWeights {
        contents[id] = .doubles(weights)
      }
    }
    datasets[id] = [
      .bits(id), .text(data.label), .count(data.inputs), .count(data.outputs),
      Cell(data.train?.count), Cell(bits: hashes.train?.x), Cell(bits: hashes.train?.y),
      Cell(bits: hashes.train?.targetWeights), Cell(data.test?.count),
      Cell(bits: hashes.test?.x), Cell(bits: hashes.test?.y),
      Cell(bits: hashes.test?.targetWeights), .bits(hashes.moments),
    ]
    return id
  }

  private mutating func add(_ experiment: Experiment) -> UInt64 {
    let state = experiment.state
    let data = add(experiment.data)
    let parameters = add(state.parameters)
    let first = state.firstMoment.isEmpty ? nil : add(state.firstMoment)
    let second = state.secondMoment.isEmpty ? nil : add(state.secondMoment)
    var cells: [Cell] = [
      .bits(data), .text(jsonArray(experiment.network.widths)),
      .text(experiment.network.activation.rawValue), .flag(experiment.network.bias),
      .text(experiment.network.loss.rawValue), .text(experiment.initialization.rawValue),
      .number(experiment.initScale), .bits(experiment.seed),
    ]
    for (_, setting) in Setting.columns { cells.append(cell(experiment.settings[setting])) }
    cells += [
      .bits(state.step), .number(state.epochs), .bits(parameters), Cell(bits: first),
      Cell(bits: second), .count(state.momentSteps), .bits(state.epoch), .count(state.cursor),
    ]
    if version > 1 { cells.append(.text(experiment.settings.others)) }
    let id = cells.digest
    experiments[id] = [.bits(id)] + cells
    return id
  }

  private mutating func cell(_ value: Setting.Value) -> Cell {
    switch value {
    case .number(let x): .number(x)
    case .flag(let flag): .flag(flag)
    case .word(let word): .text(word)
    case .count(let count): Cell(count)
    case .vector(let vector): Cell(bits: vector.map { add($0) })
    }
  }
}

private func jsonArray(_ values: some Encodable) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .withoutEscapingSlashes
  // Strings and integers can always be encoded.
  return (try? encoder.encode(values)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
}
