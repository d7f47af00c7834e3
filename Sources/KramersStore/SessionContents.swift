public import Kramers

/// Everything that a session file holds, as plain values. What Lua's values look like inside of
/// `values` and `content` is the affair of who writes them: the file keeps their bytes.
public struct SessionContents: Sendable {
  /// Of the program that saved the file: version and instruction set.
  public var program = ""
  public var instructionSet = ""
  /// Seconds since 1970.
  public var created = 0.0
  public var saved = 0.0
  public var journal: [JournalEntry] = []
  /// Where the session stands.
  public var state = SessionState()
  /// The entry that was interrupted or under way, if any.
  public var interrupted: InterruptedEntry?
  /// Global variables and results in words, for readers of the file; opening a session does not
  /// read them.
  public var variables: [VariableRow] = []
  public var results: [ResultRow] = []
  /// What could not be saved.
  public var unsaved: [UnsavedValue] = []

  public init() {}
}

/// One input of the user: an entry of the shell, a chunk of the command line, a script.
public struct JournalEntry: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable { case entry, code, script }
  public enum Outcome: String, Sendable, CaseIterable { case ok, error, interrupted, running }

  public var kind: Kind
  /// What ran, any bytes.
  public var source: [UInt8]
  /// Lua's name of the chunk: `=[3]`, `@script.lua`.
  public var chunkName: String
  /// Of a script.
  public var arguments: [String]
  /// Seconds since 1970, and how long it took.
  public var started: Double
  public var seconds: Double
  public var outcome: Outcome
  /// The message of an error.
  public var message: String?

  public init(
    kind: Kind, source: [UInt8], chunkName: String, arguments: [String] = [], started: Double,
    seconds: Double = 0, outcome: Outcome = .running, message: String? = nil
  ) {
    self.kind = kind
    self.source = source
    self.chunkName = chunkName
    self.arguments = arguments
    self.started = started
    self.seconds = seconds
    self.outcome = outcome
    self.message = message
  }
}

/// All that an entry begins from: the user's globals, the experiments they reach, random streams.
public struct SessionState: Sendable {
  public var seed: UInt64 = 0
  /// The state of `math.random`, four words; empty if unknown.
  public var random: [UInt64] = []
  /// What `values` refers to by index. Two of them may hold equal experiments and are two still.
  public var objects: [SessionObject] = []
  /// The current experiment's index among `objects`.
  public var current: Int?
  /// The graph of Lua values, encoded.
  public var values: [UInt8] = []

  public init() {}
}

public enum SessionObject: Sendable {
  case data(Dataset)
  case experiment(Experiment)
  case snapshot(Experiment)
  /// The states of a result, which re-enter the experiment `objects[owner]`.
  case states([Experiment], owner: Int)
}

/// An entry that can go on: what it began from, what its verbs had done, where the last one stood.
public struct InterruptedEntry: Sendable {
  /// Its index in the journal, counted from 0.
  public var entry: Int
  public var start = SessionState()
  public var calls: [StoredCall] = []

  public init(entry: Int) { self.entry = entry }
}

/// A verb's call in an interrupted entry.
public struct StoredCall: Sendable {
  /// Which call of a verb in the entry, counted from 0.
  public var index: Int
  public var verb: String
  /// Of its options and of what it began from.
  public var hash: UInt64
  /// Whether it had ended; else `content` is where it stood.
  public var hasEnded: Bool
  public var content: [UInt8]
  /// The experiment afterwards, and others that `content` refers to by index.
  public var experiments: [Experiment]

  public init(
    index: Int, verb: String, hash: UInt64, hasEnded: Bool, content: [UInt8],
    experiments: [Experiment]
  ) {
    self.index = index
    self.verb = verb
    self.hash = hash
    self.hasEnded = hasEnded
    self.content = content
    self.experiments = experiments
  }
}

public struct VariableRow: Sendable, Equatable {
  public var name: String
  /// `number`, `table`, `experiment`, `escape`, ...
  public var kind: String
  /// As the printer shows it, in short.
  public var summary: String

  public init(name: String, kind: String, summary: String) {
    self.name = name
    self.kind = kind
    self.summary = summary
  }
}

/// A result that a global variable reaches.
public struct ResultRow: Sendable, Equatable {
  /// `r`, `runs[3]`.
  public var name: String
  /// The result's field `kind`.
  public var kind: String
  /// JSON, as `emit` writes it; so is the provenance.
  public var json: String
  public var provenance: String?

  public init(name: String, kind: String, json: String, provenance: String?) {
    self.name = name
    self.kind = kind
    self.json = json
    self.provenance = provenance
  }
}

/// A value that is no data: a function, a coroutine.
public struct UnsavedValue: Sendable, Equatable {
  /// `f`, `t.callbacks[2]`.
  public var name: String
  /// `function`, ...
  public var kind: String
  /// The index of the journal's entry that made it, counted from 0, if known.
  public var entry: Int?

  public init(name: String, kind: String, entry: Int?) {
    self.name = name
    self.kind = kind
    self.entry = entry
  }
}
