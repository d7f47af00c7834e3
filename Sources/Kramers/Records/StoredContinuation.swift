// The progress of a continuation as bytes.

extension BranchPlace: ByteCodable {
  func write(to writer: inout ByteWriter) {
    writer.write(theta)
    writer.write(l2)
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    self.init(theta: try reader.doubles(), l2: try reader.double())
  }
}

extension BranchDirection: ByteCodable {
  func write(to writer: inout ByteWriter) {
    writer.write(theta)
    writer.write(l2)
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    self.init(theta: try reader.doubles(), l2: try reader.double())
  }
}

extension BranchState: ByteCodable {
  func write(to writer: inout ByteWriter) {
    writer.write(place)
    writer.write(tangent)
    writer.write(index)
    writer.write(lowest)
    writer.write(softest)
    writer.write(softVector)
    writer.write(residual)
    writer.write(arclength)
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    self.init(
      place: try reader.value(), tangent: try reader.value(), index: try reader.natural(),
      lowest: try reader.doubles(), softest: try reader.double(),
      softVector: try reader.doubles(), residual: try reader.double(),
      arclength: try reader.double())
  }
}

extension LocatedEvent: ByteCodable {
  func write(to writer: inout ByteWriter) {
    writer.write(branch)
    writer.write(event.kind.rawValue)
    writer.write(event.state)
    writer.write(UInt64(event.nullVectors.count))
    for vector in event.nullVectors { writer.write(vector) }
    writer.write(event.overlap)
    writer.write(event.isArrival)
    writer.write(event.before)
    writer.write(event.after)
    writer.write(isBackwards)
    writer.write(successor) { $0.write($1) }
    writer.write(isJump)
    writer.write(isMirrored) { $0.write($1) }
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    let branch = try reader.natural()
    guard let kind = BranchEventKind(rawValue: try reader.text()) else { throw ByteError() }
    let state: BranchState = try reader.value()
    var vectors: [[Double]] = []
    for _ in 0..<(try reader.count()) { vectors.append(try reader.doubles()) }
    let event = BranchEvent(
      kind: kind, state: state, nullVectors: vectors, overlap: try reader.double(),
      isArrival: try reader.flag(), before: try reader.natural(), after: try reader.natural())
    self.init(
      branch: branch, event: event, isBackwards: try reader.flag(),
      successor: try reader.flag() ? try reader.natural() : nil, isJump: try reader.flag(),
      isMirrored: try reader.flag() ? try reader.flag() : nil)
  }
}

extension Branch: ByteCodable {
  func write(to writer: inout ByteWriter) {
    writer.write(parent) { $0.write($1) }
    writer.write(birth.rawValue)
    writer.write(event) { $0.write($1) }
    writer.write(isChain)
    writer.write(states)
    writer.write(end) { $0.write($1) }
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    let parent = try reader.flag() ? try reader.natural() : nil
    guard let birth = Birth(rawValue: try reader.text()) else { throw ByteError() }
    self.init(
      parent: parent, birth: birth, event: try reader.flag() ? try reader.natural() : nil,
      isChain: try reader.flag(), states: try reader.list(),
      end: try reader.flag() ? try reader.text() : nil)
  }
}

extension ContinuationProgress.Task: ByteCodable {
  func write(to writer: inout ByteWriter) {
    switch self {
    case .begin(let branch, let state):
      writer.write(byte: 0)
      writer.write(branch)
      writer.write(state)
    case .back(let branch, let state):
      writer.write(byte: 1)
      writer.write(branch)
      writer.write(state)
    case .slide(let event):
      writer.write(byte: 2)
      writer.write(event)
    }
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    switch try reader.byte() {
    case 0: self = .begin(try reader.value(), at: try reader.value())
    case 1: self = .back(branch: try reader.natural(), from: try reader.value())
    case 2: self = .slide(event: try reader.natural())
    default: throw ByteError()
    }
  }
}

extension ContinuationProgress.Current: ByteCodable {
  func write(to writer: inout ByteWriter) {
    writer.write(branch)
    writer.write(backwards)
    writer.write(step)
    writer.write(states)
  }

  init(from reader: inout ByteReader) throws(ByteError) {
    self.init(
      branch: try reader.natural(), backwards: try reader.flag(), step: try reader.double(),
      states: try reader.list())
  }
}

extension ContinuationProgress: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(branches)
    writer.write(events)
    writer.write(tasks)
    writer.write(current) { $0.write($1) }
    writer.write(leftOut)
    writer.write(scale)
    writer.write(strength)
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    self.init(
      branches: try reader.list(), events: try reader.list(), tasks: try reader.list(),
      current: try reader.flag() ? try reader.value() : nil, leftOut: try reader.natural(),
      scale: try reader.double(), strength: try reader.double())
  }
}
