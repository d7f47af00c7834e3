import Kramers
import KramersStore
import Lua

/// The user's side of a Lua state as data, and back.
extension Program {
  /// Where everything stands now, or where it stood at the start of an entry; and the paths of what
  /// is no data.
  func sessionState(
    at start: EntryStart.Here? = nil
  ) throws -> (state: SessionState, unsaved: [(path: String, kind: String)]) {
    let graph = try ValueGraphWriter(self, start: start)
    var state = SessionState()
    state.seed = start?.seed ?? seed
    state.random = try start?.random ?? lua.randomState
    state.values = try graph.write()
    state.current = (start.map(\.current) ?? current).map { graph.index(of: $0) }
    state.objects = graph.objects
    return (state, graph.unsaved)
  }

  /// Puts a stored state in the place of the user's globals. Nothing is changed if it makes no
  /// sense.
  func restore(_ state: SessionState) throws {
    let graph = try ValueGraph(state.values, objects: state.objects.count)
    var values = try GraphValues(self, state)
    let globals = try values.globals(of: graph)
    let target = try lua.globals
    for (name, _) in try userGlobals() { try target.rawSet(name, .nil) }
    for (name, value) in globals { try target.rawSet(name, value) }
    current = state.current.flatMap { values.boxes[$0] as? ExperimentBox }
    seed = state.seed
    if state.random.count == 4 { try lua.setRandomState(state.random) }
  }

  /// The values of Lua's library and of the program, by name, and the names by address. The values
  /// live as long as the program.
  func libraryPaths() throws -> (byName: [String: LuaValue], byAddress: [UnsafeRawPointer: String])
  {
    var byName: [String: LuaValue] = [:]
    var byAddress: [UnsafeRawPointer: String] = [:]
    func note(_ name: String, _ value: LuaValue) {
      guard let address = value.address, byAddress[address] == nil else { return }
      byName[name] = value
      byAddress[address] = name
    }
    for table in [publicNames, try lua.globals] {
      for (key, value) in try table.rawPairs() {
        guard let name = key.text, libraryNames.contains(key) || table == publicNames else {
          continue
        }
        note(name, value)
        guard name != "_G", name != "package", case .table(let inner) = value else { continue }
        for (key, value) in try inner.rawPairs() {
          if let part = key.text { note("\(name).\(part)", value) }
        }
      }
    }
    return (byName, byAddress)
  }
}

extension LuaValue {
  /// The identity of a table or a function.
  var address: UnsafeRawPointer? {
    switch self {
    case .table(let table): table.rawPointer
    case .function(let function): function.reference.rawPointer
    case .other(let reference): reference.rawPointer
    default: nil
    }
  }
}

/// Makes Lua values of a graph.
private struct GraphValues {
  let program: Program
  let library: [String: LuaValue]
  /// One for each object of the state.
  private(set) var boxes: [any NamedBox] = []
  private var tables: [LuaTable?] = []

  init(_ program: Program, _ state: SessionState) throws {
    self.program = program
    library = try program.libraryPaths().byName
    for object in state.objects {
      switch object {
      case .experiment(let experiment):
        let box = ExperimentBox(experiment)
        program.register(box)
        boxes.append(box)
      case .snapshot(let experiment): boxes.append(SnapshotBox(experiment))
      case .data(let data): boxes.append(DataBox(data))
      case .states(let states, let owner):
        guard boxes.indices.contains(owner), let box = boxes[owner] as? ExperimentBox else {
          throw ByteError()
        }
        boxes.append(StatesBox(box, states))
      }
    }
  }

  mutating func globals(of graph: ValueGraph) throws -> [(LuaValue, LuaValue)] {
    tables = [LuaTable?](repeating: nil, count: graph.tables.count)
    // Tables first, then what stands in them: any may refer to any.
    for index in graph.tables.indices.dropFirst() { tables[index] = try program.lua.makeTable() }
    for (index, table) in graph.tables.enumerated().dropFirst() { try fill(index, table) }
    return try graph.globals.map { (try value($0.key), try value($0.value)) }
  }

  private func fill(_ index: Int, _ content: ValueGraph.Table) throws {
    guard let table = tables[index] else { return }
    for (key, value) in content.pairs {
      try table.rawSet(try self.value(key), try self.value(value))
    }
    if content.isResult { try table.setMetatable(program.metatables.result) }
    if let states = content.states {
      guard let box = boxes[states] as? StatesBox else { throw ByteError() }
      try program.attach(box, to: .table(table))
    }
    if let provenance = content.provenance {
      try program.attach(ProvenanceBox(provenance), to: .table(table))
    }
  }

  private func value(_ value: ValueGraph.Value) throws -> LuaValue {
    switch value {
    case .nil: return .nil
    case .boolean(let flag): return .boolean(flag)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .string(let bytes): return .string(bytes)
    case .table(let index): return tables[index].map { .table($0) } ?? .nil
    case .library(let name): return library[name] ?? .nil
    case .object(let index):
      switch boxes[index] {
      case let box as ExperimentBox: return try program.push(box)
      case let box as SnapshotBox:
        return try program.lua.wrap(box, metatable: program.metatables.snapshot)
      case let box as DataBox: return try program.lua.wrap(box, metatable: program.metatables.data)
      default: throw ByteError()
      }
    }
  }
}
