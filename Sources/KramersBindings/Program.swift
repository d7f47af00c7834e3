import Kramers
import KramersStore
public import Lua

/// How records leave the program.
public enum OutputFormat: String, Sendable, CaseIterable { case table, jsonl, csv }

/// What the command line decides.
public struct ProgramOptions: Sendable {
  public var seed: UInt64 = 0
  public var threads = 1
  public var format = OutputFormat.jsonl
  /// Whether fields that depend on the clock stand in JSON and CSV.
  public var timings = false
  /// Where the Lua protocols are read from instead of the program itself (for development).
  public var luaPath: String?
  /// Folders with protocols of the user's.
  public var protocolFolders: [String] = []
  /// The header record: script and arguments.
  public var script: String?
  public var arguments: [String] = []
  public var code: [String] = []
  public var version = ""
  /// No progress, no warnings.
  public var isQuiet = false
  public var limits = RunLimits()
  /// Where this process is one of several that share their ensembles.
  public var sharing: Sharing?
  /// Of a shard: only so many seconds of its ensembles, to tell how long they take; see `ShardProbe`.
  public var probe: Double?
  /// Runs the script as an array of Slurm instead, and gives the exit status; nil: it cannot be.
  public var slurm: (@Sendable (SlurmRequest) -> Int32)?
  /// nil: the script is the user's own.
  public var sandbox: Sandbox?
  /// Whether a person looks at standard error: progress is shown there.
  public var showsProgress = false
  public var colorsOutput = false
  public var colorsErrors = false

  public init() {}

  /// A shard computes its part of every ensemble; a merge takes them from the parts of all.
  public enum Sharing: Sendable {
    case shard(Shard, ShardFolder)
    case merge(ShardFolder)
  }
}

/// A Lua state with all of Kramers in it: what a script, a pipe or a shell talks to.
public final class Program {
  public let lua: LuaState
  public let options: ProgramOptions
  /// The seed of what gets none of its own: `--seed`, until the shell changes it.
  package var seed: UInt64
  public let errors: ErrorStream
  public let progress: Progress
  package let output: Output
  /// What may still be written.
  let budget: OutputBudget
  /// Whether the session would have been larger than it may be.
  package internal(set) var hasReachedSessionLimit = false
  /// Where `require` looks first in a sandbox, with the slash: the script's own folder.
  var moduleFolder: String?
  /// As the script was read.
  var scriptText: [UInt8]?
  let metatables: Metatables
  /// What stands behind the globals; see `Names.swift`.
  package let publicNames: LuaTable
  /// Result table -> `StatesBox`, with weak keys.
  let attachments: LuaTable
  var current: ExperimentBox? {
    didSet { currentValue = current.flatMap { try? push($0) } }
  }
  /// Keeps the userdata of `current`: it stays the key of a user's weak table.
  private var currentValue: LuaValue?
  /// All that Lua still holds.
  var experiments: [WeakBox] = []
  /// All public names; protocols bring theirs along.
  package internal(set) var catalog = Catalog()
  let protocolCalls = ProtocolCalls()
  /// The experiment of the verb under way, the innermost.
  var subject: ExperimentBox?
  /// Whether a check has found that something is wrong.
  public internal(set) var hasFailed = false
  /// Calls of observables that are functions, one inside of the other.
  var looksUnderWay = 0
  let library: StandardLibrary
  let reflection: Reflection
  let pictures: Pictures
  /// What was emitted, for `report`; of very much only the beginning.
  var emitted: [Emission] = []
  var emittedCount = 0
  /// Functions by the catalogue's name, for help(f).
  package var functionNames: [LuaValue: String] = [:]
  /// What stood among the globals before the user came.
  var libraryNames: Set<LuaValue> = []
  /// The status with which the process ends, where the script has ended it by that.
  public internal(set) var endStatus: Int32?
  package let chronicle: Chronicle
  /// nil: everything is computed here.
  let shards: Shards?
  package var session: Session { chronicle.session }
  package let shell = ShellSettings()

  public init(_ options: ProgramOptions) throws {
    self.options = options
    shards =
      switch options.sharing {
      case .shard(let shard, let folder):
        Shards(
          shard, folder, probe: options.probe.map { ShardProbe(seconds: $0, shard: shard.index) })
      case .merge(let folder): Shards(nil, folder)
      case nil: nil
      }
    seed = options.seed
    lua = try LuaState(memoryLimit: options.limits.memory)
    if let memory = options.limits.memory { limitMemory(to: memory) }
    if let bytes = options.limits.session { SessionFile.limitSize(to: bytes) }
    budget = OutputBudget(options.limits.output, lua.interrupt)
    errors = ErrorStream(isQuiet: options.isQuiet, budget)
    progress = Progress(
      errors, isLive: options.showsProgress && !options.isQuiet, hasColors: options.colorsErrors)
    output = Output(options, errors, budget)
    metatables = try Metatables(lua)
    publicNames = try lua.makeTable()
    reflection = try Reflection(lua)
    library = StandardLibrary(folder: options.luaPath)
    pictures = Pictures(own: try lua.makeTable(), library)
    let weakKeys = try lua.makeTable(fields: ["__mode": "k"])
    attachments = try lua.makeTable()
    chronicle = Chronicle(
      Session(seed: options.seed, isSandboxed: options.sandbox != nil),
      provenances: try lua.makeTable())
    for table in [attachments, chronicle.provenances] { try table.setMetatable(weakKeys) }
    try lua.seedRandom(options.seed)
    if shards != nil { try preparePendingResults() }
    lua.setInternalChunks(prefix: "@stdlib/", or: "@protocols/")
    try installCatalog()
    try installDataFields()
    try installExperimentFields()
    try installResultFields()
    try installProtocols()
    try nameLuaFunctions()
    if options.sandbox != nil { try enterSandbox() }
    try guardNames()
    libraryNames = Set(try lua.globals.rawPairs().map(\.0))
  }

  /// What `body` writes is the program's own word on the run, and no output of it.
  public func tellingOfRun(_ body: () -> Void) { budget.lifted(body) }

  /// Writes what is buffered.
  public func finish() { output.flush() }

  /// A monitor that stops when Lua is asked to stop, and pauses at a deadline.
  func monitor(pausingAt deadline: ContinuousClock.Instant? = nil) -> RunMonitor {
    let interrupt = lua.interrupt
    let monitor = RunMonitor(
      watched: progress.monitored,
      shouldPause: { deadline.map { ContinuousClock.now >= $0 } ?? false }
    ) { interrupt.isRequested }
    progress.attach(monitor)
    return monitor
  }

  /// For work beside the verb's own: stops when asked to, and shows nothing.
  var unwatched: RunMonitor {
    let interrupt = lua.interrupt
    return RunMonitor { interrupt.isRequested }
  }
}
