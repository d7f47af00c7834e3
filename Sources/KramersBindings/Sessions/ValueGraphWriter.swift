import Kramers
import KramersStore
import Lua

/// Writes the user's globals, and all that they reach, as the bytes of a `ValueGraph`. Whole trees of
/// tables are read in place, so that a result of 100,000 rows takes a fraction of a second.
final class ValueGraphWriter {
  /// What the graph refers to, in order.
  private(set) var objects: [SessionObject] = []
  /// Paths of values that are no data, with their kind.
  private(set) var unsaved: [(path: String, kind: String)] = []

  private let program: Program
  /// What stood at the start of an entry, where that is asked for instead of the present.
  private let start: EntryStart.Here?
  private let library: [UnsafeRawPointer: String]
  /// By the table's address.
  private let states: [UnsafeRawPointer: StatesBox]
  private let provenances: [UnsafeRawPointer: Record]
  private var writer = ByteWriter()
  /// Numbers of the tables met so far, by address; the globals are number 0.
  private var tables: [UnsafeRawPointer: Int] = [:]
  private var tableCount = 1
  private var deferred: [(table: LuaTable, path: [String])] = []
  private var objectIndices: [ObjectIdentifier: Int] = [:]
  private var path: [String] = []

  init(_ program: Program, start: EntryStart.Here? = nil) throws {
    self.program = program
    self.start = start
    library = try program.libraryPaths().byAddress
    states = try program.boxes(in: program.attachments, as: StatesBox.self)
    provenances = try program.boxes(in: program.provenances, as: ProvenanceBox.self)
      .mapValues(\.record)
  }

  /// The bytes of the graph whose first table holds the globals.
  func write() throws -> [UInt8] {
    let globals =
      try start.map { $0.globals.map { ($0, $1) } } ?? program.userGlobals()
    writer.write(byte: GraphTag.table)
    writer.write(byte: 0)
    for (key, value) in globals { try writePair(key, value, depth: 1) }
    writer.write(byte: GraphTag.end)
    var next = 0
    while next < deferred.count {
      path = deferred[next].path
      try deferred[next].table.read { try writeTable($0, depth: 0) }
      next += 1
    }
    return writer.bytes
  }

  /// The number of an experiment among `objects`.
  func index(of box: ExperimentBox) -> Int {
    index(of: box) { .experiment(start?.experiment(of: box) ?? box.experiment) }
  }

  private func index(of object: AnyObject, _ make: () -> SessionObject) -> Int {
    if let index = objectIndices[ObjectIdentifier(object)] { return index }
    objects.append(make())
    objectIndices[ObjectIdentifier(object)] = objects.count - 1
    return objects.count - 1
  }

  // MARK: Values

  private func writePair(_ key: LuaValue, _ value: LuaValue, depth: Int) throws {
    path.append(name(key))
    defer { path.removeLast() }
    guard isData(value), isData(key) else { return skip(isData(key) ? value.typeName : "key") }
    try write(key, depth: depth)
    try write(value, depth: depth)
  }

  private func write(_ value: LuaValue, depth: Int) throws {
    switch value {
    case .nil: writer.write(byte: GraphTag.nil)
    case .boolean(let flag): writer.write(byte: flag ? GraphTag.yes : GraphTag.no)
    case .integer(let value):
      writer.write(byte: GraphTag.integer)
      writer.write(Int(value))
    case .number(let value):
      writer.write(byte: GraphTag.number)
      writer.write(value)
    case .string(let bytes):
      writer.write(byte: GraphTag.string)
      writer.write(bytes)
    case .object(let value): writeObject(value.object)
    case .table(let table): try table.read { try write($0, depth: depth) }
    case .function(let function): writeLibrary(function.reference.rawPointer)
    case .other(let reference): writeLibrary(reference.rawPointer)
    }
  }

  private func write(_ value: LuaCursor, depth: Int) throws {
    switch value.kind {
    case .null: writer.write(byte: GraphTag.nil)
    case .boolean: writer.write(byte: value.boolean ? GraphTag.yes : GraphTag.no)
    case .integer:
      writer.write(byte: GraphTag.integer)
      writer.write(Int(value.integer))
    case .number:
      writer.write(byte: GraphTag.number)
      writer.write(value.number)
    case .string:
      writer.write(byte: GraphTag.string)
      value.withBytes { writer.write($0) }
    case .object: if let object = value.object { writeObject(object) }
    case .other: writeLibrary(value.pointer)
    case .table:
      guard let address = value.pointer else { return }
      if let name = library[address] {
        writeLibrary(name)
      } else if let index = tables[address] {
        writer.write(byte: GraphTag.known)
        writer.write(index)
      } else {
        tables[address] = tableCount
        tableCount += 1
        if depth >= GraphTag.deepest {
          writer.write(byte: GraphTag.deferred)
          deferred.append((try program.lua.table(at: value), path))
        } else {
          writer.write(byte: GraphTag.table)
          try writeTable(value, depth: depth)
        }
      }
    }
  }

  private func writeTable(_ table: LuaCursor, depth: Int) throws {
    let address = table.pointer
    var isResult = false
    if table.hasMetatable {
      isResult = table.hasMetatable(program.metatables.result)
      if !isResult { unsaved.append((pathText, "metatable")) }
    }
    let states = isResult ? address.flatMap { self.states[$0] } : nil
    let provenance = isResult ? address.flatMap { provenances[$0] } : nil
    writer.write(
      byte: (isResult ? GraphTag.result : 0) | (states == nil ? 0 : GraphTag.states)
        | (provenance == nil ? 0 : GraphTag.provenance))
    if let states {
      let owner = index(of: states.experiment)
      writer.write(index(of: states) { .states(states.states, owner: owner) })
    }
    if let provenance { writer.write(provenance) }
    if let address, let pairs = start?.pairs(of: address) {
      for (key, value) in pairs { try writePair(key, value, depth: depth + 1) }
    } else {
      try table.forEachPair { key, value in
        if isData(key), isData(value) {
          try write(key, depth: depth + 1)
          guard value.kind == .table else { return try write(value, depth: depth + 1) }
          path.append(name(key))
          try write(value, depth: depth + 1)
          path.removeLast()
        } else {
          path.append(name(key))
          skip(isData(key) ? value.typeName : "key")
          path.removeLast()
        }
      }
    }
    writer.write(byte: GraphTag.end)
  }

  private func writeObject(_ object: AnyObject) {
    let index: Int
    switch object {
    case let box as ExperimentBox: index = self.index(of: box)
    case let box as SnapshotBox: index = self.index(of: box) { .snapshot(box.experiment) }
    case let box as DataBox: index = self.index(of: box) { .data(box.data) }
    default: return writer.write(byte: GraphTag.nil)
    }
    writer.write(byte: GraphTag.object)
    writer.write(index)
  }

  private func writeLibrary(_ address: UnsafeRawPointer?) {
    writeLibrary(address.flatMap { library[$0] } ?? "")
  }

  private func writeLibrary(_ name: String) {
    writer.write(byte: GraphTag.library)
    writer.write(name)
  }

  // MARK: What is no data

  private func isData(_ value: LuaValue) -> Bool {
    switch value {
    case .function(let function): isLibrary(function.reference.rawPointer)
    case .other(let reference): isLibrary(reference.rawPointer)
    case .object(let value): value.object is any NamedBox
    default: true
    }
  }

  private func isData(_ value: LuaCursor) -> Bool {
    switch value.kind {
    case .other: isLibrary(value.pointer)
    case .object: value.object is any NamedBox
    default: true
    }
  }

  private func isLibrary(_ address: UnsafeRawPointer?) -> Bool {
    address.map { library[$0] != nil } ?? false
  }

  private func skip(_ kind: String) { unsaved.append((pathText, kind)) }

  private var pathText: String {
    path.enumerated().reduce("") { text, part in
      part.offset == 0 || part.element.hasPrefix("[")
        ? text + part.element : text + "." + part.element
    }
  }

  private func name(_ key: LuaValue) -> String {
    switch key {
    case .string: key.text ?? "?"
    case .integer(let i): "[\(i)]"
    default: "[\(describe(key))]"
    }
  }

  private func name(_ key: LuaCursor) -> String {
    switch key.kind {
    case .string: key.string
    case .integer: "[\(key.integer)]"
    default: "[\(key.typeName)]"
    }
  }
}

extension Program {
  /// The boxes that stand beside tables, by the tables' addresses.
  func boxes<Box: AnyObject>(
    in table: LuaTable, as type: Box.Type
  ) throws -> [UnsafeRawPointer: Box] {
    var boxes: [UnsafeRawPointer: Box] = [:]
    try table.forEachRaw { key, value in
      if let address = key.asTable?.rawPointer, let box = value.asObject(type) {
        boxes[address] = box
      }
      return true
    }
    return boxes
  }
}
