import Kramers
import Lua

/// The entry of a protocol, as its file writes it:
///
///     entry = {
///       summary = "escape time from a trap over l2",
///       options = {
///         { name = "l2", type = "numbers", range = "positive", required = true, help = "strengths" },
///         { name = "replicas", type = "integer", range = { 1, 4096 }, default = 64, help = "runs" },
///       },
///       takes = { { verb = "measure_escape", except = { "stream" } } },
///       returns = "rows l2, tau", answer = { fields = { "points: l2 tau" }, summary = {} },
///       example = "...", see_also = { "arrhenius" },
///     }
extension Entry {
  /// - Throws: `ProtocolError` for what is missing, unknown or of a wrong type.
  init(protocol name: String, _ table: LuaTable, _ catalog: Catalog) throws {
    let reader = FieldReader(table, "entry")
    try reader.allow([
      "summary", "options", "takes", "plain", "looks", "positional", "usage", "returns", "answer",
      "example", "see_also",
    ])
    var options = try reader.tables("options").enumerated().map {
      try OptionEntry(FieldReader($1, "option \($0 + 1)"))
    }
    for (k, item) in try reader.tables("takes").enumerated() {
      options += try Self.taken(FieldReader(item, "takes[\(k + 1)]"), catalog)
    }
    for (k, option) in options.enumerated()
    where options[..<k].contains(where: { $0.name == option.name }) {
      throw ProtocolError("option '\(option.name)' stands twice")
    }
    let positional = try reader.text("positional")
    if let positional, !options.contains(where: { $0.name == positional }) {
      throw ProtocolError("positional names no option: '\(positional)'")
    }
    self.init(
      name, try reader.flag("plain") ? .lua : .protocolVerb, try reader.required("summary"),
      positional: positional, options: options, usage: try reader.text("usage"),
      looks: try reader.flag("looks"), returns: try reader.required("returns"),
      answer: try reader.answer(name),
      example: try reader.required("example").trimmingNewlines,
      seeAlso: try reader.texts("see_also") ?? [])
  }

  /// Options of another verb, all but some or only some.
  private static func taken(_ reader: FieldReader, _ catalog: Catalog) throws -> [OptionEntry] {
    try reader.allow(["verb", "except", "only"])
    let name = try reader.required("verb")
    guard let verb = catalog.byName[name] else {
      throw ProtocolError("\(reader.place): unknown verb '\(name)'" + catalog.hint(for: name))
    }
    let (left, only) = (try reader.texts("except") ?? [], try reader.texts("only"))
    for other in left + (only ?? []) where !verb.options.contains(where: { $0.name == other }) {
      throw ProtocolError("\(reader.place): \(name) has no option '\(other)'")
    }
    return verb.options.filter {
      !left.contains($0.name) && only?.contains($0.name) ?? true
    }
  }
}

extension OptionEntry {
  fileprivate init(_ reader: FieldReader) throws {
    try reader.allow([
      "name", "type", "range", "choices", "unit", "default", "default_text", "required", "help",
    ])
    let name = try reader.required("name")
    guard isPlainName(name) else {
      throw ProtocolError("\(reader.place): '\(name)' is no name")
    }
    let reader = FieldReader(reader.table, "option '\(name)'")
    let (rule, limits) = try reader.range()
    let word = try reader.required("type")
    guard let kind = try OptionKind(named: word, rule, choices: reader.texts("choices")) else {
      let near = nearestName(to: word, among: OptionKind.typeNames)
        .map { "; did you mean '\($0)'?" }
      throw ProtocolError(
        "\(reader.place): unknown type '\(word)'"
          + (near ?? "; there are " + OptionKind.typeNames.joined(separator: ", ")))
    }
    let value = try reader.table.rawGet("default")
    let filling = try reader.plain(value)
    let words = try reader.text("default_text")
    let isRequired = try reader.flag("required")
    self.init(
      name, kind, unit: try reader.text("unit") ?? "",
      standard: isRequired ? "required" : words ?? filling.map(literal) ?? "none",
      try reader.required("help"), filling: filling, limits: limits)
  }
}

extension OptionKind {
  /// The types that need no more than a name and a rule.
  private static let types: [String: @Sendable (Rule) -> OptionKind] = [
    "number": { .number($0) }, "integer": { .integer($0) }, "numbers": { .numbers($0) },
    "integers": { .integers($0) }, "flag": { _ in .flag }, "text": { _ in .text },
    "rows": { _ in .rows }, "data": { _ in .data }, "snapshot": { _ in .snapshot },
    "batch": { _ in .batch }, "function": { _ in .function }, "table": { _ in .table },
    "columns": { _ in .columns }, "count or list": { _ in .countOrList },
    "observable": { _ in .observable }, "programme": { _ in .programme },
    "snapshots": { _ in .snapshots },
    "size": { _ in .size },
  ]
  static let typeNames = (types.keys + ["choice"]).sorted()

  init?(named name: String, _ rule: Rule, choices: [String]?) throws {
    if name == "choice" {
      guard let choices, !choices.isEmpty else {
        throw ProtocolError("type \"choice\" needs choices, a list of words")
      }
      self = .choice(choices)
    } else if let make = Self.types[name] {
      self = make(rule)
    } else {
      return nil
    }
  }
}

/// Fields of a table in a protocol's file.
private struct FieldReader {
  let table: LuaTable
  let place: String

  init(_ table: LuaTable, _ place: String) {
    self.table = table
    self.place = place
  }

  func allow(_ names: [String]) throws {
    for (key, _) in try table.rawPairs() {
      guard let name = key.text, names.contains(name) else {
        let near = key.text.flatMap { nearestName(to: $0, among: names) }
        throw ProtocolError(
          "\(place): unknown field '\(key.text ?? describe(key))'"
            + (near.map { "; did you mean '\($0)'?" } ?? "; it has \(names.joined(separator: ", "))")
        )
      }
    }
  }

  func text(_ name: String) throws -> String? {
    let value = try table.rawGet(LuaValue(name))
    guard value.isNil || value.text != nil else { throw wrong(name, "a string", value) }
    return value.text
  }

  func required(_ name: String) throws -> String {
    guard let text = try text(name), !text.isEmpty else {
      throw ProtocolError("\(place): \(name) is missing")
    }
    return text
  }

  func flag(_ name: String) throws -> Bool {
    let value = try table.rawGet(LuaValue(name))
    guard value.isNil || value.bool != nil else { throw wrong(name, "true or false", value) }
    return value.bool ?? false
  }

  /// `answer = { fields = {...}, page = {...}, summary = {...} }`, of results of the protocol's kind,
  /// which is its name unless `kind` says another.
  func answer(_ name: String) throws -> Answer? {
    let value = try table.rawGet("answer")
    if value.isNil { return nil }
    guard let inner = value.asTable else { throw wrong("answer", "a table", value) }
    let reader = FieldReader(inner, "answer")
    try reader.allow(["kind", "fields", "page", "summary"])
    guard let fields = try reader.texts("fields") else {
      throw ProtocolError("answer: fields is missing")
    }
    let kind = try reader.text("kind") ?? name
    return Answer(
      kind, fields, page: try reader.texts("page") ?? [],
      summary: try reader.texts("summary") ?? ["{summary}"])
  }

  func texts(_ name: String) throws -> [String]? {
    try list(name, "a list of strings") { $0.text }
  }

  func tables(_ name: String) throws -> [LuaTable] {
    try list(name, "a list of tables") { $0.asTable } ?? []
  }

  private func list<Item>(
    _ name: String, _ type: String, _ item: (LuaValue) -> Item?
  ) throws -> [Item]? {
    let value = try table.rawGet(LuaValue(name))
    if value.isNil { return nil }
    guard let list = value.asTable else { throw wrong(name, type, value) }
    return try (0..<list.rawCount).map { k in
      let value = try list.rawGet(LuaValue(k + 1))
      guard let item = item(value) else { throw wrong("\(name)[\(k + 1)]", type, value) }
      return item
    }
  }

  /// `range = "positive"`, or `{ low, high }`.
  func range() throws -> (OptionKind.Rule, ClosedRange<Double>?) {
    let value = try table.rawGet("range")
    if value.isNil { return (.any, nil) }
    if let pair = try value.asTable?.numbers() {
      guard pair.count == 2, pair[0] <= pair[1] else {
        throw ProtocolError("\(place): range must be { low, high }")
      }
      return (.any, pair[0]...pair[1])
    }
    let words = OptionKind.Rule.allCases.map(\.rawValue)
    guard let rule = value.text.flatMap(OptionKind.Rule.init(rawValue:)) else {
      throw ProtocolError(
        "\(place): range must be { low, high } or one of \(words.joined(separator: "; ")), got "
          + describe(value))
    }
    return (rule, nil)
  }

  /// A default that is a value.
  func plain(_ value: LuaValue) throws -> Record? {
    switch value {
    case .nil: return nil
    case .boolean(let flag): return .boolean(flag)
    case .integer(let n): return .integer(Int(n))
    case .number(let x): return .number(x)
    case .string: return .text(value.text ?? "")
    default:
      throw ProtocolError(
        "\(place): default must be a number, a string or a boolean; say default_text for more")
    }
  }

  private func wrong(_ name: String, _ type: String, _ value: LuaValue) -> ProtocolError {
    ProtocolError("\(place): \(name) must be \(type), got \(describe(value))")
  }
}

extension String {
  /// A long string of Lua ends where its last line does.
  fileprivate var trimmingNewlines: String {
    String(drop { $0 == "\n" }.reversed().drop { $0 == "\n" }.reversed())
  }
}

/// A default as the user would write it.
private func literal(_ record: Record) -> String {
  switch record {
  case .text(let text): "\"\(text)\""
  case .boolean(let flag): "\(flag)"
  case .integer(let n): "\(n)"
  case .number(let x): plainNumber(x)
  default: ""
  }
}

/// What is wrong with a protocol's file.
struct ProtocolError: Error, CustomStringConvertible {
  let description: String
  init(_ words: String) { description = words }
}
