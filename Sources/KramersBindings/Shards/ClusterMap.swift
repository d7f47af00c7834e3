import Kramers
import Lua

/// `cluster.map`: a function of each item of a list, the items being the units of an ensemble.
extension Program {
  /// cluster.map(list, f)
  func clusterMap(_ call: LuaCall) throws -> [LuaValue] {
    guard call.arguments.count == 2, let list = call.argument(1).asTable,
      let function = call.argument(2).asFunction
    else {
      throw VerbError("cluster.map", "is called cluster.map(list, function(item, i) ... end)")
    }
    try refuseWhileLooking("cluster.map")
    try refusePending(call.arguments)
    return [try map(list, function, "cluster.map", isOwn: true)]
  }

  /// - Parameters:
  ///   - name: of the verb or protocol that asks.
  ///   - isOwn: whether the function is the script's. One of a protocol's may call functions of the
  ///     script's that remember something: only where items are shared this is an error.
  func map(
    _ list: LuaTable, _ function: LuaFunction, _ name: String, isOwn: Bool = false
  ) throws -> LuaValue {
    let items = try (0..<list.rawCount).map { try list.rawGet(LuaValue($0 + 1)) }
    let start = try UnitStart(self)
    let outside = isOwn || sharing != nil ? try OutsideValues(function, self) : nil
    // The next list gets other random numbers; a protocol leaves them as they were.
    defer { start.restore(self, unit: isOwn ? items.count : nil) }
    func compute(_ unit: Int) throws -> Record {
      start.restore(self, unit: unit)
      let value = try function.call([items[unit], LuaValue(unit + 1)]).first ?? .nil
      return try unitRecord(value, "\(name): item \(unit + 1)")
    }
    let records: [Record]
    if let shards = sharing {
      var inputs = [
        Record.Field("function", .text(source(of: function))), .init("items", items.count.record),
        .init("seed", .text(hexadecimal(seed))), .init("list", digest(of: .table(list))),
      ]
      for (name, value) in try reflection.captured(by: function) {
        inputs.append(.init(name, digest(of: value)))
      }
      let ensemble = nextEnsemble(shards, name, current?.experiment, .object(inputs))
      switch try sharedUnits(shards, ensemble, total: items.count, compute) {
      case .done(let found): records = found
      case .pending(let ensemble): return try pushPending(ensemble)
      }
    } else {
      records = try items.indices.map(compute)
    }
    if let changed = try outside?.changed() {
      throw VerbError(
        name,
        "the function changes '\(changed)', which stands outside of it: items may run in different "
          + "processes and cannot share it; return what is needed")
    }
    return .table(try lua.makeTable(array: try records.map(pushUnit)))
  }

  /// What tells a value from another in any process: of a table with values that are no data nothing
  /// but its kind.
  private func digest(of value: LuaValue) -> Record {
    if let box = value.asObject(ExperimentBox.self) {
      var hash = StateHash()
      box.experiment.add(to: &hash)
      return .text(hexadecimal(hash.value))
    }
    if let data = value.asObject(DataBox.self)?.data { return .text(hexadecimal(data.checksum)) }
    if let function = value.asFunction { return .text(source(of: function)) }
    guard let record = try? record(of: value, verb: "cluster.map") else {
      return .text(value.typeName)
    }
    guard value.asTable != nil else { return record }
    return .text(hexadecimal(jsonLineBytes(record).withUnsafeBytes { StateHash.of($0) }))
  }

  /// What an item came to: data alone, as another process can hand it over.
  private func unitRecord(_ value: LuaValue, _ place: String) throws -> Record {
    switch value {
    case .nil: throw VerbError(place, "the function returned nothing")
    case .object:
      throw VerbError(place, "the function returned \(describe(value)), which is no data")
    default: break
    }
    if let table = value.asTable { try checkData(table, place, depth: 0) }
    return .array([.boolean(try isResult(value)), try record(of: value, verb: place)])
  }

  /// Keys are names, or 1 to n: others would come back as other keys.
  private func checkData(_ table: LuaTable, _ place: String, depth: Int) throws {
    let count = try table.rawCount
    let pairs = depth < 100 ? try table.rawPairs() : []
    let isList = count > 0 && pairs.count == count
    for (key, value) in pairs {
      if !isList, key.text == nil {
        throw VerbError(
          place, "a table has the key \(describe(key)): keys must be names, or 1 to n of a list")
      }
      if case .object = value {
        throw VerbError(place, "a table holds \(describe(value)), which is no data")
      }
      if let inner = value.asTable { try checkData(inner, place, depth: depth + 1) }
    }
  }

  private func pushUnit(_ record: Record) throws -> LuaValue {
    guard case .array(let pair) = record, pair.count == 2 else { return .nil }
    return pair[0] == .boolean(true) ? try pushResult(pair[1]) : try push(pair[1])
  }
}

/// What every unit begins from, whichever ran before it: experiments as they stand, and random
/// numbers of its own.
private struct UnitStart {
  private let boxes: [(ExperimentBox, Experiment)]
  private let current: ExperimentBox?
  private let random: [UInt64]

  init(_ program: Program) throws {
    boxes = program.experiments.compactMap { weak in weak.box.map { ($0, $0.experiment) } }
    current = program.current
    random = try program.lua.randomState
  }

  /// - Parameter unit: nil: as it was before the first.
  func restore(_ program: Program, unit: Int?) {
    for (box, experiment) in boxes { box.experiment = experiment }
    program.current = current
    var words = random
    if let unit {
      var hash = StateHash()
      for word in random { hash.add(word) }
      hash.add(UInt64(unit))
      for k in words.indices {
        hash.add(UInt64(k))
        words[k] = hash.value
      }
    }
    if words.count == 4 { try? program.lua.setRandomState(words) }
  }
}

/// Values that a function can reach outside of itself: what it captured, and globals of the user's.
private struct OutsideValues {
  private let function: LuaFunction
  private let program: Program
  private let before: [(name: String, hash: UInt64)]

  init(_ function: LuaFunction, _ program: Program) throws {
    self.function = function
    self.program = program
    before = try Self.hashes(function, program)
  }

  /// The name of a value that is not what it was.
  func changed() throws -> String? {
    let now = try Self.hashes(function, program)
    for (then, now) in zip(before, now) where then.name != now.name || then.hash != now.hash {
      return now.name
    }
    return now.count == before.count
      ? nil : (now.dropFirst(before.count).first ?? before.last)?.name
  }

  private static func hashes(
    _ function: LuaFunction, _ program: Program
  ) throws -> [(name: String, hash: UInt64)] {
    var hashes: [(String, UInt64)] = []
    func note(_ name: String, _ value: LuaValue) throws {
      var walk = ReachedValues(program)
      try walk.add(value)
      hashes.append((name, walk.hash.value))
    }
    for (name, value) in try program.reflection.captured(by: function) { try note(name, value) }
    let globals = try program.userGlobals().compactMap { key, value in key.text.map { ($0, value) }
    }
    for (name, value) in globals.sorted(by: { $0.0 < $1.0 }) { try note(name, value) }
    return hashes
  }
}

/// A hash of all that a value reaches through tables and functions of the user's, good for a
/// comparison within one process.
private struct ReachedValues {
  private let program: Program
  private var seen: Set<UnsafeRawPointer> = []
  var hash = StateHash()

  init(_ program: Program) { self.program = program }

  mutating func add(_ value: LuaValue) throws {
    var waiting = [value]
    while let value = waiting.popLast() {
      switch value {
      case .nil: hash.add(0)
      case .boolean(let flag): hash.add(flag ? 2 : 1)
      case .integer(let i): hash.add(UInt64(bitPattern: i))
      case .number(let x): hash.add(x.bitPattern)
      case .string(let bytes): bytes.withUnsafeBytes { hash.add(bytes: $0) }
      case .table(let table):
        guard meet(table.rawPointer) else { continue }
        // Lua's order of pairs stands still while nothing is added.
        for (key, inner) in try table.rawPairs() {
          waiting.append(inner)
          waiting.append(key)
        }
      case .function(let function):
        guard meet(function.reference.rawPointer), program.functionNames[value] == nil else {
          continue
        }
        for (_, inner) in try program.reflection.captured(by: function) { waiting.append(inner) }
      case .object(let object): _ = meet(object.reference.rawPointer)
      case .other(let reference): _ = meet(reference.rawPointer)
      }
    }
  }

  /// Whether it is met for the first time; which one it is counts every time.
  private mutating func meet(_ pointer: UnsafeRawPointer?) -> Bool {
    hash.add(UInt64(UInt(bitPattern: pointer)))
    return pointer.map { seen.insert($0).inserted } ?? false
  }
}
