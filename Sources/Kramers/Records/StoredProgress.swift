// Where interrupted work stands, as bytes: a run, a sweep, an ensemble.

extension TrainingState: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(parameters)
    writer.write(firstMoment)
    writer.write(secondMoment)
    writer.write(momentSteps)
    writer.write(step)
    writer.write(epoch)
    writer.write(cursor)
    writer.write(epochs)
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    self.init(parameters: try reader.doubles())
    firstMoment = try reader.doubles()
    secondMoment = try reader.doubles()
    momentSteps = try reader.natural()
    step = try reader.word()
    epoch = try reader.word()
    cursor = try reader.natural()
    epochs = try reader.double()
  }
}

extension Measurement: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(step)
    writer.write(epochs)
    for value in [loss, objective, norm, gradientNorm, effectiveRank, balancedness] {
      writer.write(value)
    }
    // What has no field stands behind the modes, if there is any: older files have none.
    writer.write(byte: (testLoss == nil ? 0 : 1) + (further.isEmpty ? 0 : 2))
    if let testLoss { writer.write(testLoss) }
    for value in [accuracy, testAccuracy] { writer.write(value) { $0.write($1) } }
    writer.write(modes)
    guard !further.isEmpty else { return }
    writer.write(further.sorted { $0.key < $1.key }.map { Record.Field($0, .number($1)) })
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    step = try reader.word()
    epochs = try reader.double()
    loss = try reader.double()
    objective = try reader.double()
    norm = try reader.double()
    gradientNorm = try reader.double()
    effectiveRank = try reader.double()
    balancedness = try reader.double()
    func optional() throws(ByteError) -> Double? {
      try reader.flag() ? try reader.double() : nil
    }
    let marks = try reader.byte()
    guard marks < 4 else { throw ByteError() }
    testLoss = marks & 1 > 0 ? try reader.double() : nil
    accuracy = try optional()
    testAccuracy = try optional()
    modes = try reader.doubles()
    further = [:]
    guard marks & 2 > 0 else { return }
    for field in try reader.list(of: Record.Field.self) {
      guard case .number(let x) = field.value else { throw ByteError() }
      further[field.name] = x
    }
  }
}

extension TraceRow: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(measurement)
    writer.write(observed)
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    measurement = try reader.value()
    observed = try reader.list()
  }
}

extension InterruptedRun: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(first)
    writer.write(state)
    writer.write(trace)
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    first = try reader.natural()
    state = try reader.value()
    trace = try reader.list()
  }
}

/// Forms with returns begin with bytes that older files do not have.
extension ReplicaProgress: ByteCodable {
  func write(to writer: inout ByteWriter) {
    switch self {
    case .notBegun: writer.write(byte: 0)
    case .underWay(let state, let stay) where stay.returns > 0:
      writer.write(byte: 254)
      writer.write(state)
      writer.write(stay.start ?? 0)
      writer.write(stay.returns)
    case .underWay(let state, let stay):
      writer.write(byte: stay.start == nil ? 1 : 255)
      writer.write(state)
      if let start = stay.start { writer.write(start) }
    case .ended(let outcome):
      writer.write(byte: 2 + outcome.end.rawValue + (outcome.returns > 0 ? 128 : 0))
      writer.write(outcome.steps)
      if outcome.returns > 0 { writer.write(outcome.returns) }
    }
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    switch try reader.byte() {
    case 0: self = .notBegun
    case 1: self = .underWay(try reader.value(), Stay())
    case 255: self = .underWay(try reader.value(), Stay(start: try reader.natural()))
    case 254:
      let state: TrainingState = try reader.value()
      let start = try reader.natural()
      self = .underWay(
        state, Stay(start: start > 0 ? start : nil, returns: try reader.natural()))
    case let byte:
      let code = byte & 127
      guard code >= 2, let end = ReplicaOutcome.End(rawValue: code - 2) else { throw ByteError() }
      self = .ended(
        ReplicaOutcome(
          steps: try reader.natural(), end: end,
          returns: byte > 127 ? try reader.natural() : 0))
    }
  }
}

extension EnsembleProgress: ByteCodable {
  /// What is followed stands behind the replicas, if anything is: older files have none.
  public func write(to writer: inout ByteWriter) {
    writer.write(replicas)
    if let followed { writer.write(followed) }
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    replicas = try reader.list()
    followed = reader.remaining > 0 ? try reader.list() : nil
  }
}

extension SweepPoint: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(l2)
    writer.write(measurement)
    writer.write(learned)
    writer.write(steps)
    writer.write(converged) { $0.write($1) }
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    self.init(
      l2: try reader.double(), measurement: try reader.value(), learned: try reader.list(),
      steps: try reader.natural(),
      converged: try reader.flag() ? try reader.flag() : nil)
  }
}

extension SweepProbe: ByteCodable {
  func write(to writer: inout ByteWriter) {
    writer.write(state)
    writer.write(converged)
    writer.write(looks)
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    state = try reader.value()
    converged = try reader.flag()
    looks = try reader.doubles()
  }
}

extension InterruptedSweep: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(points)
    writer.write(states)
    writer.write(probes)
    writer.write(settling.kicksLeft)
    writer.write(settling.steps)
    writer.write(settling.run) { $0.write($1) }
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    points = try reader.list()
    states = try reader.list()
    probes = try reader.list()
    settling = Settling(
      kicksLeft: try reader.natural(), steps: try reader.natural(),
      run: try reader.flag() ? try reader.value() : nil)
  }
}
