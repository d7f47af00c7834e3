import Kramers
import Lua

/// What the verbs of one entry of the shell did, call by call, so that an interrupted entry can be
/// run again: calls that had ended return what they returned, without computing, and the one that
/// was interrupted goes on from where it stood. Everything else in the entry is deterministic.
///
/// A call is known by its index in the entry, its verb, and a hash of its options and of the
/// experiment it began from. Calls that took a few milliseconds only are not kept: they are run
/// again. So are those with a function among their options (`observe`), which may have changed
/// what the log does not see.
final class EntryLog {
  /// A call that ended.
  private struct Call {
    var key: CallKey
    var values: [StoredValue]
    /// The experiment afterwards.
    var after: Experiment

    /// Numbers in it, about.
    var size: Int { values.reduce(3 * after.network.parameterCount) { $0 + $1.size } }
  }

  /// The call that was stopped, and where it stands; nil: it has to be run from its start.
  private struct Suspended {
    var key: CallKey
    var progress: (any Sendable)?
  }

  private static let worthKeeping = 0.005  // seconds
  /// Numbers that may be kept, 256 MB of them; calls beyond are computed again.
  private static let room = 1 << 25

  private var calls: [Int: Call] = [:]
  private var suspended: (index: Int, call: Suspended)?
  private var kept = 0
  /// Prints and records that have left.
  private var outputs = 0

  // Of the present run of the entry:
  private var index = 0
  private var outputIndex = 0
  private var depth = 0
  /// Outputs of earlier runs.
  private var replayedOutputs = 0
  private var progressToResume: (any Sendable)?
  private var progressReached: (any Sendable)?

  /// Whether running the entry again would save anything.
  var isWorthResuming: Bool { suspended != nil || !calls.isEmpty }

  /// Prepares to run the entry again.
  func rewind() {
    replayedOutputs = max(outputs, outputIndex)
    index = 0
    outputIndex = 0
    depth = 0
  }

  /// Whether an output now is a new one; an earlier run of the entry showed the first ones.
  func showsOutput() -> Bool {
    outputIndex += 1
    outputs = max(outputs, outputIndex)
    return outputIndex > replayedOutputs
  }

  /// What the call under way had reached when it was interrupted.
  func takeProgress<Progress>(_ type: Progress.Type) -> Progress? {
    guard depth == 1 else { return nil }
    defer { progressToResume = nil }
    return progressToResume as? Progress
  }

  /// Tells where the call under way stands, before it throws `LuaInterrupted`.
  func suspend(_ progress: (any Sendable)?) {
    if depth == 1 { progressReached = progress }
  }

  /// Runs a verb, or gives back what it did in an earlier run of the entry.
  func perform(
    _ name: String, _ box: ExperimentBox, _ options: Options, _ program: Program,
    _ body: () throws -> [LuaValue]
  ) throws -> [LuaValue] {
    // A verb that an observer calls belongs to the call that is observed.
    guard depth == 0 else { return try body() }
    let index = index
    self.index += 1
    let before = box.experiment
    if let call = calls[index] {
      try check(call.key, CallKey(name, before, options, program), index)
      box.experiment = call.after
      return try call.values.map { try $0.push(program) }
    }
    var isResumed = false
    if let suspended, suspended.index == index {
      try check(suspended.call.key, CallKey(name, before, options, program), index)
      progressToResume = suspended.call.progress
      isResumed = true
    }
    depth += 1
    defer {
      depth -= 1
      progressToResume = nil
      progressReached = nil
    }
    let start = ContinuousClock.now
    do {
      let values = try body()
      if isResumed { suspended = nil }
      let seconds = start.duration(to: .now) / .seconds(1)
      if isResumed || seconds > Self.worthKeeping, !options.hasFunction, kept < Self.room {
        let call = Call(
          key: try CallKey(name, before, options, program),
          values: try values.map { try StoredValue($0, program) }, after: box.experiment)
        kept += call.size
        calls[index] = call
      }
      return values
    } catch let error as LuaInterrupted {
      let progress = options.hasFunction ? nil : progressReached
      suspended = (
        index,
        Suspended(key: try CallKey(name, before, options, program), progress: progress)
      )
      throw error
    }
  }

  private func check(_ stored: CallKey, _ now: CallKey, _ index: Int) throws {
    guard stored != now else { return }
    let how =
      stored.name == now.name
      ? "with other options or from another state" : "where it was \(stored.name) before"
    throw ResumeError(
      "the entry took another way this time: its call \(index + 1) of a verb is \(now.name) \(how); "
        + "resume() needs an entry that does the same again")
  }
}

struct ResumeError: Error, CustomStringConvertible {
  let words: String
  init(_ words: String) { self.words = words }
  var description: String { "resume: " + words }
}

/// A verb, its options, and the experiment it begins from.
struct CallKey: Equatable {
  let name: String
  let hash: UInt64

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
  case record(Record, isResult: Bool)

  init(_ value: LuaValue, _ program: Program) throws {
    guard value.asTable != nil else {
      self = .plain(value)
      return
    }
    self = .record(
      try program.record(of: value, verb: "resume"), isResult: try program.isResult(value))
  }

  var size: Int {
    switch self {
    case .plain: 1
    case .record(let record, _): record.size
    }
  }

  func push(_ program: Program) throws -> LuaValue {
    switch self {
    case .plain(let value): value
    case .record(let record, let isResult):
      isResult ? try program.pushResult(record) : try program.push(record)
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
