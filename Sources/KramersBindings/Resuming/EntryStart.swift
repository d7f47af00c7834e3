import Kramers
import KramersStore
import Lua

/// What an entry began from: it has to be there again when the entry is run again.
enum EntryStart {
  /// Of an entry of this process. Copies of experiments share their arrays, so this costs nothing
  /// until they are trained.
  case here(Here)
  /// Of an entry that another process began.
  case stored(SessionState)

  init(_ program: Program) throws { self = .here(try Here(program)) }

  /// Whether it holds all that the entry began from.
  var isWhole: Bool {
    switch self {
    case .here(let here): here.isWhole
    case .stored: true
    }
  }

  func restore(_ program: Program) throws {
    switch self {
    case .here(let here): try here.restore(program)
    case .stored(let state): try program.restore(state)
    }
  }

  struct Here {
    private let boxes: [(ExperimentBox, Experiment)]
    let current: ExperimentBox?
    let seed: UInt64
    let random: [UInt64]
    private let namesGiven: UInt64
    private let tables: GlobalTables

    init(_ program: Program) throws {
      boxes = program.experiments.compactMap { weak in weak.box.map { ($0, $0.experiment) } }
      current = program.current
      seed = program.seed
      random = try program.lua.randomState
      namesGiven = program.lua.namesGiven
      tables = try GlobalTables(program)
    }

    var globals: [LuaValue: LuaValue] { tables.globals }
    var isWhole: Bool { tables.isWhole }

    func experiment(of box: ExperimentBox) -> Experiment? {
      boxes.first { $0.0 === box }?.1
    }

    /// What the table at this address held; nil: what it holds now.
    func pairs(of address: UnsafeRawPointer) -> [(LuaValue, LuaValue)]? {
      tables.pairs(of: address)
    }

    func restore(_ program: Program) throws {
      for (box, experiment) in boxes { box.experiment = experiment }
      program.current = current
      program.seed = seed
      try program.lua.setNamesGiven(namesGiven)
      if random.count == 4 { try program.lua.setRandomState(random) }
      try tables.restore(program)
      if !tables.isWhole {
        program.errors.warn(
          "your tables hold more than \(GlobalTables.mostInShell) values and were not put back: what the "
            + "entry added to them before, it adds again")
      }
    }
  }
}

struct WeakBox {
  weak var box: ExperimentBox?
}

/// The user's globals and the contents of the tables that they reach. Results are taken as they
/// are: nobody writes into them. In a shell, with more than `mostInShell` values (0.7 us each, at
/// every entry), the contents are not kept, and no other process can go on with the entry.
private struct GlobalTables {
  static let mostInShell = 20_000

  private(set) var isWhole = true
  private(set) var globals: [LuaValue: LuaValue] = [:]
  /// By address; the values keep the tables, so that no other takes their place.
  private var tables: [UnsafeRawPointer?: (table: LuaTable, pairs: [(LuaValue, LuaValue)])] = [:]

  init(_ program: Program) throws {
    var seen: Set<LuaTable> = []
    var waiting: [LuaTable] = []
    var count = 0
    let most = program.session.isShell ? Self.mostInShell : .max
    func note(_ value: LuaValue) throws {
      guard case .table(let table) = value, seen.insert(table).inserted,
        try !program.isResult(value)
      else { return }
      waiting.append(table)
    }
    for (name, value) in try program.userGlobals() {
      globals[name] = value
      try note(value)
    }
    while let table = waiting.popLast() {
      let pairs = try table.rawPairs()
      count += pairs.count
      if count > most {
        tables = [:]
        isWhole = false
        return
      }
      tables[table.rawPointer] = (table, pairs)
      for (_, value) in pairs { try note(value) }
    }
  }

  func pairs(of address: UnsafeRawPointer) -> [(LuaValue, LuaValue)]? {
    tables[address]?.pairs
  }

  func restore(_ program: Program) throws {
    let target = try program.lua.globals
    for (name, _) in try program.userGlobals() where globals[name] == nil {
      try target.rawSet(name, .nil)
    }
    for (name, value) in globals { try target.rawSet(name, value) }
    for (table, pairs) in tables.values {
      for (key, _) in try table.rawPairs() { try table.rawSet(key, .nil) }
      for (key, value) in pairs { try table.rawSet(key, value) }
    }
  }
}
