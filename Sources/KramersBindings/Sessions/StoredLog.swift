import Kramers
import KramersStore
import Lua

/// The log of an entry as it stands in a session file.
extension EntryLog {
  var storedCalls: [StoredCall] {
    var stored = calls.sorted { $0.key < $1.key }.map { index, call in
      var writer = ByteWriter()
      var experiments = [call.after]
      writer.write(UInt64(call.values.count))
      for value in call.values { value.write(to: &writer, &experiments) }
      return StoredCall(
        index: index, verb: call.key.name, hash: call.key.hash, hasEnded: true,
        content: writer.bytes, experiments: experiments)
    }
    if let suspended {
      stored.append(
        StoredCall(
          index: suspended.index, verb: suspended.key.name, hash: suspended.key.hash,
          hasEnded: false, content: suspended.progress?.encoded ?? [], experiments: []))
    }
    return stored
  }

  /// - Throws: `ByteError` for what no log wrote.
  convenience init(_ stored: [StoredCall]) throws {
    var calls: [Int: Call] = [:]
    var suspended: Suspended?
    for call in stored {
      let key = CallKey(name: call.verb, hash: call.hash)
      guard call.hasEnded else {
        suspended = Suspended(
          index: call.index, key: key,
          progress: call.content.isEmpty ? nil : .bytes(call.content))
        continue
      }
      guard let after = call.experiments.first else { throw ByteError() }
      var reader = ByteReader(call.content)
      var states = call.experiments.dropFirst()
      var values: [StoredValue] = []
      for _ in 0..<(try reader.count()) { values.append(try StoredValue(from: &reader, &states)) }
      try reader.end()
      calls[call.index] = Call(key: key, values: values, after: after)
    }
    self.init(calls: calls, suspended: suspended)
  }
}

extension StoredValue {
  private enum Tag {
    static let `nil`: UInt8 = 0
    static let no: UInt8 = 1
    static let yes: UInt8 = 2
    static let integer: UInt8 = 3
    static let number: UInt8 = 4
    static let string: UInt8 = 5
    static let record: UInt8 = 6
    static let result: UInt8 = 7
  }

  /// - Parameter experiments: what the states of results are added to.
  fileprivate func write(to writer: inout ByteWriter, _ experiments: inout [Experiment]) {
    switch self {
    case .plain(let value):
      switch value {
      case .boolean(let flag): writer.write(byte: flag ? Tag.yes : Tag.no)
      case .integer(let value):
        writer.write(byte: Tag.integer)
        writer.write(Int(value))
      case .number(let value):
        writer.write(byte: Tag.number)
        writer.write(value)
      case .string(let bytes):
        writer.write(byte: Tag.string)
        writer.write(bytes)
      default: writer.write(byte: Tag.nil)
      }
    case .record(let record, let isResult, let states):
      writer.write(byte: isResult ? Tag.result : Tag.record)
      writer.write(record)
      writer.write(states.count)
      experiments += states
    }
  }

  fileprivate init(
    from reader: inout ByteReader, _ states: inout ArraySlice<Experiment>
  ) throws(ByteError) {
    let tag = try reader.byte()
    switch tag {
    case Tag.nil: self = .plain(.nil)
    case Tag.no, Tag.yes: self = .plain(.boolean(tag == Tag.yes))
    case Tag.integer: self = .plain(.integer(Int64(try reader.integer())))
    case Tag.number: self = .plain(.number(try reader.double()))
    case Tag.string: self = .plain(.string(try reader.byteList()))
    case Tag.record, Tag.result:
      let record: Record = try reader.value()
      let count = try reader.natural()
      guard count <= states.count else { throw ByteError() }
      self = .record(record, isResult: tag == Tag.result, states: Array(states.prefix(count)))
      states = states.dropFirst(count)
    default: throw ByteError()
    }
  }
}
