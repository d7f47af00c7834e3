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
    for value in [testLoss, accuracy, testAccuracy] { writer.write(value) { $0.write($1) } }
    writer.write(modes)
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
    testLoss = try optional()
    accuracy = try optional()
    testAccuracy = try optional()
    modes = try reader.doubles()
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

extension ReplicaProgress: ByteCodable {
  func write(to writer: inout ByteWriter) {
    switch self {
    case .notBegun: writer.write(byte: 0)
    case .underWay(let state, nil):
      writer.write(byte: 1)
      writer.write(state)
    case .underWay(let state, let crossing?):
      writer.write(byte: 255)
      writer.write(state)
      writer.write(crossing)
    case .ended(let outcome):
      writer.write(byte: 2 + outcome.end.rawValue)
      writer.write(outcome.steps)
    }
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    switch try reader.byte() {
    case 0: self = .notBegun
    case 1: self = .underWay(try reader.value(), crossing: nil)
    case 255: self = .underWay(try reader.value(), crossing: try reader.natural())
    case let byte:
      guard byte >= 2, let end = ReplicaOutcome.End(rawValue: byte - 2) else { throw ByteError() }
      self = .ended(ReplicaOutcome(steps: try reader.natural(), end: end))
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
