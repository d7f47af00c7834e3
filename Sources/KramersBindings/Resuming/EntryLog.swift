import Kramers
import Lua

/// What the verbs of one entry did, call by call, so that an interrupted entry can be run again:
/// calls that had ended return what they returned, without computing, and the one that was
/// interrupted goes on from where it stood. Everything else in the entry is deterministic.
///
/// A call is known by its index in the entry, its verb, and a hash of its options and of the
/// experiment it began from. Calls that took a few milliseconds only are not kept: they are run
/// again. So are those with a function among their options (`observe`), which may have changed
/// what the log does not see, those that read files, and those that return a handle.
///
/// Files of data and protocols are inputs of the entry: the log knows their checksums, and the entry
/// does not go on with others (`EntryInputs`).
final class EntryLog {
  /// A call that ended.
  struct Call {
    var key: CallKey
    var values: [StoredValue]
    /// The experiment afterwards.
    var after: Experiment

    /// Numbers in it, about.
    var size: Int { values.reduce(3 * after.network.parameterCount) { $0 + $1.size } }
  }

  /// The call that was stopped, and where it stands; nil: it has to be run from its start.
  struct Suspended {
    var index: Int
    var key: CallKey
    var progress: CallProgress?
    /// The experiment that it began from.
    var before: Experiment
  }

  /// What one run of the entry adds, and what a run that cannot go on gives back.
  private struct Content {
    var calls: [Int: Call] = [:]
    var suspended: Suspended?
    var inputs: [EntryInput] = []
    var kept = 0
  }

  private static let worthKeeping = 0.005  // seconds
  /// Numbers that may be kept, 256 MB of them; calls beyond are computed again.
  private static let room = 1 << 25

  private var content = Content()
  /// As it was when the present run began.
  private var before = Content()
  var calls: [Int: Call] { content.calls }
  var suspended: Suspended? { content.suspended }
  var inputs: [EntryInput] { content.inputs }
  /// Prints and records that have left.
  private var outputs = 0

  // Of the present run of the entry:
  private var index = 0
  private var inputIndex = 0
  private var outputIndex = 0
  private var depth = 0
  /// Outputs of earlier runs.
  private var replayedOutputs = 0
  private var progressToResume: CallProgress?
  private var progressReached: CallProgress?
  /// The key of the call under way, where its progress can be kept.
  private var keyUnderWay: (() throws -> (CallKey, Experiment))?
  /// Why the run cannot go on. A script that catches the error does not go on either.
  private(set) var failure: ResumeError?

  init() {}

  /// The log of an entry that another process began: it showed its outputs elsewhere.
  init(calls: [Int: Call], suspended: Suspended?, inputs: [EntryInput]) {
    content = Content(
      calls: calls, suspended: suspended, inputs: inputs,
      kept: calls.values.reduce(0) { $0 + $1.size })
  }

  /// Whether running the entry again would save anything.
  var isWorthResuming: Bool { suspended != nil || !calls.isEmpty }

  /// Prepares to run the entry again.
  func rewind() {
    replayedOutputs = max(outputs, outputIndex)
    index = 0
    inputIndex = 0
    outputIndex = 0
    depth = 0
    failure = nil
    before = content
  }

  /// Forgets what the present run has added: it did not do what the one before did.
  func takeBack() { content = before }

  /// Throws where the run that ends now was not the one before: a script that caught the error, or
  /// that did less this time.
  func checkEnd() throws {
    if let failure { throw failure }
    let last = max(before.suspended?.index ?? -1, before.calls.keys.max() ?? -1)
    guard last >= index || before.inputs.count > inputIndex else { return }
    throw fail(
      "the entry took another way this time: it ended after \(index) calls of verbs and "
        + "\(inputIndex) files and protocols, and had come to \(last + 1) and "
        + "\(before.inputs.count) before")
  }

  /// Notes what the entry reads, or compares it with what an earlier run has read.
  func note(_ input: EntryInput) throws {
    guard depth == 0 else { return }
    if let failure { throw failure }
    defer { inputIndex += 1 }
    guard content.inputs.indices.contains(inputIndex) else { return content.inputs.append(input) }
    if let words = content.inputs[inputIndex].difference(input) { throw fail(words) }
  }

  private func fail(_ words: String) -> ResumeError {
    let error = ResumeError(words)
    failure = error
    return error
  }

  /// Whether an output now is a new one; an earlier run of the entry showed the first ones.
  func showsOutput() -> Bool {
    outputIndex += 1
    outputs = max(outputs, outputIndex)
    return outputIndex > replayedOutputs
  }

  /// What the call under way had reached when it was interrupted.
  func takeProgress<Progress: ByteCodable & Sendable>(
    _ type: Progress.Type
  ) throws -> Progress? {
    guard depth == 1 else { return nil }
    defer { progressToResume = nil }
    do {
      return try progressToResume?.value(type)
    } catch is ByteError {
      throw fail("where call \(index) of a verb stood is not in the bytes that were saved of it")
    }
  }

  /// Tells where the call under way stands, before it throws `LuaInterrupted`.
  func suspend(_ progress: CallProgress?) {
    if depth == 1 { progressReached = progress }
  }

  /// Whether the call under way may be stopped for a moment, to be saved.
  var canCheckpoint: Bool { depth == 1 && keyUnderWay != nil }

  /// Notes where the call under way stands; it goes on.
  func checkpoint(_ progress: CallProgress) throws {
    guard depth == 1, let (key, before) = try keyUnderWay?() else { return }
    content.suspended = Suspended(
      index: index - 1, key: key, progress: progress, before: before)
  }

  /// Runs a verb, or gives back what it did in an earlier run of the entry.
  func perform(
    _ name: String, _ box: ExperimentBox, _ options: Options, _ program: Program,
    _ body: () throws -> [LuaValue]
  ) throws -> [LuaValue] {
    // A verb that an observer calls belongs to the call that is observed.
    guard depth == 0 else { return try body() }
    if let failure { throw failure }
    let index = index
    self.index += 1
    let before = box.experiment
    if let call = calls[index] {
      // The experiment may be another afterwards, its data are not.
      try check(call.key, CallKey(name, before, options, program), index) {
        call.after.data.difference(before.data)
      }
      box.experiment = call.after
      return try call.values.map { try $0.push(program, box) }
    }
    if let suspended, suspended.index == index {
      try check(suspended.key, CallKey(name, before, options, program), index) {
        suspended.before.difference(before)
      }
      progressToResume = suspended.progress
    }
    depth += 1
    keyUnderWay =
      options.hasFunction
      ? nil : { (try CallKey(name, before, options, program), before) }
    defer {
      depth -= 1
      keyUnderWay = nil
      progressToResume = nil
      progressReached = nil
    }
    let start = ContinuousClock.now
    do {
      let values = try body()
      let wasSuspended = suspended?.index == index
      if wasSuspended { content.suspended = nil }
      let seconds = start.duration(to: .now) / .seconds(1)
      if wasSuspended || seconds > Self.worthKeeping, !options.hasFunction,
        content.kept < Self.room,
        options.files.isEmpty,
        !values.contains(where: \.isHandle)
      {
        let call = Call(
          key: try CallKey(name, before, options, program),
          values: try values.map { try StoredValue($0, program) }, after: box.experiment)
        content.kept += call.size
        content.calls[index] = call
      }
      return values
    } catch let error as LuaInterrupted {
      content.suspended = Suspended(
        index: index, key: try CallKey(name, before, options, program),
        progress: options.hasFunction ? nil : progressReached, before: before)
      throw error
    }
  }

  /// - Parameter difference: in words, between the experiment then and now.
  private func check(
    _ stored: CallKey, _ now: CallKey, _ index: Int, _ difference: () -> String?
  ) throws {
    guard stored != now else { return }
    let how: String
    if stored.name != now.name {
      how = "where it was \(stored.name) before"
    } else if let words = difference() {
      how = "from another experiment, \(words)"
    } else {
      how = "with other options or from another state"
    }
    throw fail(
      "the entry took another way this time: its call \(index + 1) of a verb is \(now.name) \(how); "
        + "resume() needs an entry that does the same again")
  }
}

struct ResumeError: Error, CustomStringConvertible {
  static let prefix = "resume: "
  let words: String
  init(_ words: String) { self.words = words }
  var description: String { Self.prefix + words }
}

/// Where a verb stands: as a value of this process, or as the bytes that another one stored.
enum CallProgress: Sendable {
  case value(any ByteCodable & Sendable)
  case bytes([UInt8])

  func value<Progress: ByteCodable & Sendable>(_ type: Progress.Type) throws -> Progress? {
    switch self {
    case .value(let value): return value as? Progress
    case .bytes(let bytes):
      var reader = ByteReader(bytes)
      let progress = try Progress(from: &reader)
      try reader.end()
      return progress
    }
  }

  var encoded: [UInt8] {
    switch self {
    case .value(let value):
      var writer = ByteWriter()
      value.write(to: &writer)
      return writer.bytes
    case .bytes(let bytes): return bytes
    }
  }
}

/// A verb, its options, and the experiment it begins from.
struct CallKey: Equatable {
  let name: String
  let hash: UInt64

  init(name: String, hash: UInt64) {
    self.name = name
    self.hash = hash
  }

  init(_ name: String, _ experiment: Experiment, _ options: Options, _ program: Program) throws {
    self.name = name
    var hash = StateHash()
    experiment.add(to: &hash)
    try options.add(to: &hash, program)
    self.hash = hash.value
  }
}

/// A verb's result, safe from what the script does with the table it got.
enum StoredValue {
  case plain(LuaValue)
  case record(Record, isResult: Bool, states: [Experiment])

  init(_ value: LuaValue, _ program: Program) throws {
    guard value.asTable != nil else {
      self = .plain(value)
      return
    }
    self = .record(
      try program.record(of: value, verb: "resume"), isResult: try program.isResult(value),
      states: try program.states(of: value)?.states ?? [])
  }

  var size: Int {
    switch self {
    case .plain: 1
    case .record(let record, _, let states):
      states.reduce(record.size) { $0 + $1.network.parameterCount }
    }
  }

  /// - Parameter box: the experiment of the call, which the result's states re-enter.
  func push(_ program: Program, _ box: ExperimentBox) throws -> LuaValue {
    switch self {
    case .plain(let value): return value
    case .record(let record, let isResult, let states):
      let value = isResult ? try program.pushResult(record) : try program.push(record)
      if !states.isEmpty { try program.attach(states, of: box, to: value) }
      return value
    }
  }
}

extension LuaValue {
  /// Whether it is an experiment or another object: a result holds what it was, not the thing.
  fileprivate var isHandle: Bool {
    switch self {
    case .object, .function, .other: true
    default: false
    }
  }
}

extension Record {
  /// Plain values in it.
  fileprivate var size: Int {
    switch self {
    case .array(let items): items.reduce(1) { $0 + $1.size }
    case .object(let fields): fields.reduce(1) { $0 + $1.value.size }
    default: 1
    }
  }
}
