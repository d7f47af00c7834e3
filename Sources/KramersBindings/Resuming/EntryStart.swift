import Kramers
import Lua

/// What an entry of the shell began from: it has to be there again when the entry is run again.
/// Copies of experiments share their arrays, so this costs nothing until they are trained.
struct EntryStart {
  private let boxes: [(ExperimentBox, Experiment)]
  private let current: ExperimentBox?
  private let random: [UInt64]
  private let globals: GlobalTables

  init(_ program: Program) throws {
    boxes = program.experiments.compactMap { weak in weak.box.map { ($0, $0.experiment) } }
    current = program.current
    random = try program.lua.randomState
    globals = try GlobalTables(program)
  }

  func restore(_ program: Program) throws {
    for (box, experiment) in boxes { box.experiment = experiment }
    program.current = current
    if random.count == 4 { try program.lua.setRandomState(random) }
    try globals.restore(program)
    if !globals.isWhole {
      program.errors.warn(
        "your tables hold more than \(GlobalTables.most) values and were not put back: what the "
          + "entry added to them before, it adds again")
    }
  }
}

struct WeakBox {
  weak var box: ExperimentBox?
}

/// The user's globals and the contents of the tables that they reach. Results are taken as they
/// are: nobody writes into them. With more than `most` values (0.7 us each, at every entry) the
/// contents are not kept.
private struct GlobalTables {
  static let most = 20_000

  private(set) var isWhole = true
  private var globals: [LuaValue: LuaValue] = [:]
  private var tables: [(LuaTable, [(LuaValue, LuaValue)])] = []

  init(_ program: Program) throws {
    var seen: Set<LuaTable> = []
    var waiting: [LuaTable] = []
    var count = 0
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
      if count > Self.most {
        tables = []
        isWhole = false
        return
      }
      tables.append((table, pairs))
      for (_, value) in pairs { try note(value) }
    }
  }

  func restore(_ program: Program) throws {
    let target = try program.lua.globals
    for (name, _) in try program.userGlobals() where globals[name] == nil {
      try target.rawSet(name, .nil)
    }
    for (name, value) in globals { try target.rawSet(name, value) }
    for (table, pairs) in tables {
      for (key, _) in try table.rawPairs() { try table.rawSet(key, .nil) }
      for (key, value) in pairs { try table.rawSet(key, value) }
    }
  }
}
