import Kramers
import KramersStore
import Lua

/// The log of an entry as it stands in a session file: its calls, and its inputs, which are rows of
/// the same table. Their bytes begin with the version of this format, and with it of the hashes.
extension EntryLog {
  private static let format = Array("log 2\n".utf8)
  private enum Tag {
    static let call: UInt8 = 0
    static let input: UInt8 = 1
  }

  var storedCalls: [StoredCall] {
    var stored = inputs.enumerated().map { index, input in
      var writer = ByteWriter()
      writer.write(byte: Tag.input)
      writer.write(input.path) { $0.write($1) }
      return StoredCall(
        index: index, verb: input.verb, hash: input.checksum, hasEnded: true,
        content: Self.format + writer.bytes, experiments: [])
    }
    stored += calls.sorted { $0.key < $1.key }.map { index, call in
      var writer = ByteWriter()
      writer.write(byte: Tag.call)
      var experiments = [call.after]
      writer.write(UInt64(call.values.count))
      for value in call.values { value.write(to: &writer, &experiments) }
      return StoredCall(
        index: index, verb: call.key.name, hash: call.key.hash, hasEnded: true,
        content: Self.format + writer.bytes, experiments: experiments)
    }
    if let suspended {
      stored.append(
        StoredCall(
          index: suspended.index, verb: suspended.key.name, hash: suspended.key.hash,
          hasEnded: false, content: Self.format + (suspended.progress?.encoded ?? []),
          experiments: [suspended.before]))
    }
    return stored
  }

  /// - Throws: `EarlierLogError` for what an earlier program wrote, `ByteError` for what no log wrote.
  convenience init(_ stored: [StoredCall]) throws {
    var calls: [Int: Call] = [:]
    var suspended: Suspended?
    var inputs: [EntryInput] = []
    for call in stored {
      guard call.content.starts(with: Self.format) else { throw EarlierLogError() }
      let content = Array(call.content.dropFirst(Self.format.count))
      let key = CallKey(name: call.verb, hash: call.hash)
      guard call.hasEnded else {
        guard let before = call.experiments.first else { throw ByteError() }
        suspended = Suspended(
          index: call.index, key: key, progress: content.isEmpty ? nil : .bytes(content),
          before: before)
        continue
      }
      var reader = ByteReader(content)
      guard try reader.byte() == Tag.call else {
        let path = try reader.flag() ? try reader.text() : nil
        try reader.end()
        inputs.append(EntryInput(verb: call.verb, path: path, checksum: call.hash))
        continue
      }
      guard let after = call.experiments.first else { throw ByteError() }
      var states = call.experiments.dropFirst()
      var values: [StoredValue] = []
      for _ in 0..<(try reader.count()) { values.append(try StoredValue(from: &reader, &states)) }
      try reader.end()
      calls[call.index] = Call(key: key, values: values, after: after)
    }
    self.init(calls: calls, suspended: suspended, inputs: inputs)
  }
}

/// A log whose hashes this program cannot compare with its own.
struct EarlierLogError: Error {}

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
