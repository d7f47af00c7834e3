import Kramers
import Lua

/// The options of one call, checked against the catalogue: unknown names, types and ranges are
/// refused before the verb does anything.
struct Options {
  let entry: Entry
  private var values: [String: LuaValue] = [:]
  /// What `bytes` has read.
  let files = FilesRead()
  /// Whose options they are.
  var verb: String { entry.name }

  /// - Parameter argument: the call's table, a lone positional value, or nil.
  init(_ entry: Entry, _ argument: LuaValue) throws {
    self.entry = entry
    switch argument {
    case .nil: break
    case .table(let table) where !Self.isPositionalList(entry, table):
      for (key, value) in try table.rawPairs() { try accept(key, value) }
    default:
      guard let positional = entry.positional else {
        throw VerbError(
          entry.name,
          entry.options.isEmpty
            ? "takes no options" : "takes a table of options, got \(describe(argument))")
      }
      try accept(LuaValue(positional), argument)
    }
    for option in entry.options where option.isRequired && values[option.name] == nil {
      throw VerbError(entry.name, "\(option.name) is required: \(option.summary)")
    }
  }

  /// `predict{{1, 0}, {0, 1}}`: the table is the positional list itself, not a table of options.
  private static func isPositionalList(_ entry: Entry, _ table: LuaTable) -> Bool {
    guard let name = entry.positional,
      entry.options.contains(where: { $0.name == name && $0.kind == .rows })
    else { return false }
    return (try? table.rawCount) ?? 0 > 0
  }

  private mutating func accept(_ key: LuaValue, _ value: LuaValue) throws {
    guard let name = key.text else {
      throw VerbError(
        entry.name, "options have names, got a value without one: \(describe(value))")
    }
    guard let option = entry.options.first(where: { $0.name == name }) else {
      throw VerbError(entry.name, "unknown option '\(name)'" + optionHint(name, entry))
    }
    try check(option, value)
    values[name] = value
  }

  private func check(_ option: OptionEntry, _ value: LuaValue) throws {
    switch option.kind {
    case .number(let rule):
      guard let x = value.double else { throw wrong(option, value) }
      try require(option, rule, x)
    case .integer(let rule):
      guard let x = value.double else { throw wrong(option, value) }
      guard value.int != nil else { throw wrong(option, value) }
      try require(option, rule, x)
    case .flag:
      guard value.bool != nil else { throw wrong(option, value) }
    case .observable where value.asFunction != nil: break
    case .choice, .observable:
      let names = option.kind.choices
      let word = value.text ?? value.bool.map { $0 ? "true" : "false" } ?? ""
      guard names.contains(word) else {
        throw VerbError(
          entry.name,
          "\(option.name) must be \(OptionKind.choice(names).words)"
            + (option.kind == .observable ? ", or a function of the experiment" : "")
            + ", got \(describe(value))" + choiceHint(word, names))
      }
    case .text:
      guard value.text != nil else { throw wrong(option, value) }
    case .numbers(let rule), .integers(let rule):
      guard let table = value.asTable else { throw wrong(option, value) }
      let numbers = try list(option, table)
      guard !numbers.isEmpty || option.name == "modes" else {
        throw VerbError(entry.name, "\(option.name) must not be empty")
      }
      for x in numbers {
        try require(option, rule, x)
        if case .integers = option.kind, Int(exactly: x) == nil { throw wrong(option, value) }
      }
    case .rows:
      guard value.asTable != nil else { throw wrong(option, value) }
    case .data:
      guard value.asObject(DataBox.self) != nil else { throw wrong(option, value) }
    case .snapshot:
      guard Self.state(value) != nil else { throw wrong(option, value) }
    case .snapshots:
      guard let table = value.asTable else { throw wrong(option, value) }
      try checkSnapshots(option, table)
    case .batch:
      if value.text == "full" { return }
      guard value.int != nil, let x = value.double, x >= 1 else {
        throw VerbError(
          entry.name, "\(option.name) must be \(option.kind.words), got \(describe(value))")
      }
    case .function:
      guard value.asFunction != nil else { throw wrong(option, value) }
    case .table:
      guard value.asTable != nil else { throw wrong(option, value) }
    case .countOrList:
      if let table = value.asTable {
        let numbers = try list(option, table)
        guard !numbers.isEmpty, numbers.allSatisfy({ Int(exactly: $0) != nil }) else {
          throw wrong(option, value)
        }
      } else {
        guard let count = value.int, count >= 1 else { throw wrong(option, value) }
        try blaming(entry.name) {
          // Each stands in a list and gets a row.
          try checkMemory(count: 64 * Double(count), what: "\(option.name): \(count) runs")
        }
      }
    case .programme:
      let isValue =
        value.double != nil || value.text != nil || value.bool != nil || Self.state(value) != nil
      guard isValue || value.asTable != nil || value.asFunction != nil else {
        throw wrong(option, value)
      }
    case .size:
      let sides = try value.asTable.map { try list(option, $0) } ?? []
      guard
        ["column", "page"].contains(value.text)
          || (sides.count == 2 && sides.allSatisfy { (1...40).contains($0) })
      else { throw wrong(option, value) }
    case .names:
      guard try !texts(value).isEmpty else { throw wrong(option, value) }
    case .columns:
      guard !(try columns(value)).isEmpty else { throw wrong(option, value) }
    }
  }

  private func checkSnapshots(_ option: OptionEntry, _ table: LuaTable) throws {
    let members = try table.rawPairs()
    guard !members.isEmpty else {
      throw VerbError(entry.name, "\(option.name) must not be empty")
    }
    for (key, member) in members {
      guard let i = key.int, (1...members.count).contains(i) else {
        throw VerbError(
          entry.name, "\(option.name) must be \(option.kind.words), got the key \(describe(key))")
      }
      guard Self.state(member) != nil else {
        throw VerbError(
          entry.name,
          "\(option.name)[\(i)] must be \(OptionKind.snapshot.words), got \(describe(member))")
      }
    }
  }

  private func require(_ option: OptionEntry, _ rule: OptionKind.Rule, _ x: Double) throws {
    do {
      try rule.check(option.name, x)
      if let limits = option.limits, !limits.contains(x) {
        throw InputError.rule(option.name, option.rule ?? "", x)
      }
    } catch {
      throw VerbError(entry.name, "\(error)")
    }
  }

  private func list(_ option: OptionEntry, _ table: LuaTable) throws -> [Double] {
    do {
      return try table.numbers()
    } catch let error as LuaElementError {
      throw VerbError(entry.name, "\(option.name): \(error)")
    }
  }

  private func wrong(_ option: OptionEntry, _ value: LuaValue) -> VerbError {
    VerbError(entry.name, "\(option.name) must be \(option.kind.words), got \(describe(value))")
  }

  /// Whether one of the options is a function, whose effects nobody knows.
  var hasFunction: Bool { values.values.contains { $0.asFunction != nil } }

  /// Adds names and values; a snapshot counts as the state it holds.
  func add(to hash: inout StateHash, _ program: Program) throws {
    for (name, value) in values.sorted(by: { $0.key < $1.key }) where value.asFunction == nil {
      hash.add(name)
      if let snapshot = value.asObject(SnapshotBox.self) {
        snapshot.experiment.add(to: &hash)
      } else {
        hash.add(
          String(
            decoding: jsonLineBytes(try program.record(of: value, verb: entry.name)), as: UTF8.self)
        )
      }
    }
  }

  /// Names and values in order; a function or an object by what it is.
  func record(_ program: Program) -> Record {
    .object(
      values.sorted { $0.key < $1.key }.map { name, value in
        if let function = value.asFunction {
          return Record.Field(name, .text("function at \(program.source(of: function))"))
        }
        let record = try? program.record(of: value, verb: entry.name)
        return Record.Field(name, record ?? .text(value.typeName))
      })
  }

  /// As a protocol gets them: what was given, and the defaults that are values.
  func table(_ program: Program) throws -> LuaTable {
    let table = try program.lua.makeTable()
    for option in entry.options {
      if let value = values[option.name] {
        try table.rawSet(LuaValue(option.name), value)
      } else if let filling = option.filling {
        try table.rawSet(LuaValue(option.name), program.push(filling))
      }
    }
    return table
  }

  func has(_ name: String) -> Bool { value(name) != nil }

  func value(_ name: String) -> LuaValue? {
    precondition(
      entry.options.contains { $0.name == name }, "\(entry.name) has no option '\(name)'")
    return values[name]
  }

  func number(_ name: String) -> Double? { value(name)?.double }
  func integer(_ name: String) -> Int? { value(name)?.int }
  func flag(_ name: String) -> Bool { value(name)?.bool ?? false }
  func word(_ name: String) -> String? {
    value(name).flatMap { $0.text ?? $0.bool.map { $0 ? "true" : "false" } }
  }
  /// The case that a word names.
  func choice<Word: RawRepresentable<String>>(_ name: String) -> Word? {
    word(name).flatMap(Word.init(rawValue:))
  }
  func numbers(_ name: String) throws -> [Double]? { try value(name)?.asTable?.numbers() }
  func integers(_ name: String) throws -> [Int]? { try numbers(name)?.map { Int($0) } }

  /// What the call gives a setting; nil where it is not given.
  func value(of setting: Setting) -> Setting.Value? {
    guard let value = value(setting.name) else { return nil }
    switch setting.kind {
    case .number: return value.double.map { .number($0) }
    case .flag: return value.bool.map { .flag($0) }
    case .choice: return word(setting.name).map { .word(setting.aliases[$0] ?? $0) }
    case .batch: return .count(value.int)
    case .vector: return .vector(Self.state(value)?.state.parameters)
    }
  }

  /// `standard` with what replicas, max_steps, every, seed and stream say in its place.
  func ensemble(_ standard: EnsembleOptions) throws -> EnsembleOptions {
    var ensemble = standard
    if let replicas = integer("replicas") { ensemble.replicas = replicas }
    if let steps = integer("max_steps") { ensemble.maxSteps = steps }
    if let every = integer("every") { ensemble.every = every }
    if let seed = seed() { ensemble.seed = seed }
    if let stream = integer("stream") {
      guard let word = UInt32(exactly: stream) else {
        throw InputError.rule("stream", "below 2^31", stream)
      }
      ensemble.stream = word
    }
    return ensemble
  }

  func seed(_ name: String = "seed") -> UInt64? {
    integer(name).map { UInt64(bitPattern: Int64($0)) }
  }

  /// The value of an option that must be given in this case.
  func required<Value>(_ name: String, _ value: Value?) throws -> Value {
    guard let value else { throw VerbError(entry.name, "\(name) is required") }
    return value
  }

  func columns(_ name: String) throws -> [CSVColumn]? { try value(name).map { try columns($0) } }

  /// Empty where a value is neither a name nor a number.
  private func columns(_ value: LuaValue) throws -> [CSVColumn] {
    if let name = value.text { return [.name(name)] }
    if let number = value.int { return [.number(number)] }
    guard let table = value.asTable else { return [] }
    var columns: [CSVColumn] = []
    for i in 0..<(try table.rawCount) {
      let item = try table.rawGet(LuaValue(i + 1))
      if let name = item.text {
        columns.append(.name(name))
      } else if let number = item.int {
        columns.append(.number(number))
      } else {
        return []
      }
    }
    return columns
  }

  func names(_ name: String) throws -> [String]? { try value(name).map(texts) }

  /// Empty where a value is no text.
  private func texts(_ value: LuaValue) throws -> [String] {
    guard let table = value.asTable else { return [] }
    var texts: [String] = []
    for i in 0..<(try table.rawCount) {
      guard let text = try table.rawGet(LuaValue(i + 1)).text else { return [] }
      texts.append(text)
    }
    return texts
  }

  /// The bytes of the file that an option names; nil where the option is not given.
  func bytes(_ name: String) throws -> [UInt8]? {
    try value(name)?.text.map { path in
      do {
        let bytes = try readWhole(path)
        files.add(path, bytes)
        return bytes
      } catch let error as FileError {
        throw VerbError(entry.name, "\(name): \(error)")
      }
    }
  }

  /// What `body` makes of the bytes and the path of a file; what is wrong with them is said with the
  /// path in front.
  func reading<Value>(_ name: String, _ body: ([UInt8], String) throws -> Value) throws -> Value {
    let bytes = try required(name, bytes(name))
    let path = shownPath(value(name)?.text ?? "")
    do {
      return try body(bytes, path)
    } catch let error as InputError {
      throw VerbError(entry.name, "\(path): \(error)")
    }
  }

  /// How messages name the files of several options: `x (data.npy)`.
  func files(_ names: [String]) -> [String: String] {
    var files: [String: String] = [:]
    for name in names {
      if let path = value(name)?.text { files[name] = "\(name) (\(shownPath(path)))" }
    }
    return files
  }

  func data(_ name: String) -> Dataset? { value(name)?.asObject(DataBox.self)?.data }
  func snapshot(_ name: String) -> Experiment? { value(name).flatMap(Self.state) }

  /// Empty where it is not given.
  func snapshots(_ name: String) throws -> [Experiment] {
    guard let table = value(name)?.asTable else { return [] }
    return try (0..<table.rawCount).compactMap {
      Self.state(try table.rawGet(LuaValue($0 + 1)))
    }
  }

  /// The state that a snapshot holds, or that an experiment is in now.
  private static func state(_ value: LuaValue) -> Experiment? {
    value.asObject(SnapshotBox.self)?.experiment
      ?? value.asObject(ExperimentBox.self)?.experiment
  }

  func rows(_ name: String) throws -> [[Double]]? {
    guard let table = value(name)?.asTable else { return nil }
    var rows: [[Double]] = []
    for n in 0..<(try table.rawCount) {
      guard let row = try table.rawGet(LuaValue(n + 1)).asTable else {
        throw VerbError(entry.name, "\(name): row \(n + 1) must be a list of numbers")
      }
      do {
        rows.append(try row.numbers())
      } catch let error as LuaElementError {
        throw VerbError(entry.name, "\(name): row \(n + 1): \(error)")
      }
    }
    return rows
  }
}

/// A value as an error message shows it.
func describe(_ value: LuaValue) -> String {
  switch value {
  case .nil: "nil"
  case .boolean(let flag): "\(flag)"
  case .integer(let i): "\(i)"
  case .number(let x): plainNumber(x)
  case .string: "\"\((value.text ?? "").prefix(60))\""
  case .object(let value): (value.object as? any NamedBox)?.typeName ?? "a userdata"
  default: "a \(value.typeName)"
  }
}
