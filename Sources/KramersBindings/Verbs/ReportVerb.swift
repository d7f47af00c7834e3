package import Kramers
import KramersStore
package import Lua

/// `report`: a page of results for others. What stands in it is data from here; the page itself is
/// made by `stdlib-lua/pictures/report.lua`.
extension Program {
  /// report(path[, results][, options])
  func report(_ call: LuaCall) throws -> [LuaValue] {
    let (path, options) = try reportArguments(call.arguments)
    if isShard { return [LuaValue(path)] }
    let items =
      call.argument(2).isNil
      ? LuaValue.table(try lua.makeTable(array: try reportItems())) : call.argument(2)
    let page = try pictures.report(lua).call([
      items, .table(options.table(self)), .table(reportTools()), LuaValue(path),
    ])
    guard case .string(let bytes)? = page.first else {
      throw VerbError("report", page.dropFirst().first?.text ?? "there is nothing to report")
    }
    if !session.isReplaying { try writeFile(bytes, to: path) }
    return [LuaValue(path)]
  }

  private func reportArguments(
    _ arguments: [LuaValue]
  ) throws -> (path: String, options: Options) {
    guard let path = arguments.first?.text, path.lowercased().hasSuffix(".html") else {
      throw VerbError(
        "report",
        "the file must end in .html, got \(describe(arguments.first ?? .nil))")
    }
    let results = arguments.dropFirst().first ?? .nil
    guard results.isNil || results.asTable != nil else {
      throw VerbError(
        "report",
        "takes a result, a list of results, results by name, or nil for all, got "
          + describe(results))
    }
    let options = arguments.dropFirst(2).first ?? .nil
    guard arguments.count <= 3, options.isNil || options.asTable != nil else {
      throw VerbError(
        "report",
        "is called report(path[, results][, options]), got \(describe(options)) for the options")
    }
    return (path, try Options(catalog.entry("report"), options))
  }

  /// What is reported where nothing is named: of a session its results, of a script what it emitted.
  private func reportItems() throws -> [LuaValue] {
    if session.isShell || session.file != nil {
      let all = try namedResults()
      // `_`, `_1`, ... only for what has no other name.
      var seen = Set(all.filter { !Self.isHistory($0.name) }.map(\.value))
      return try all.filter { !Self.isHistory($0.name) || seen.insert($0.value).inserted }
        .map { try item($0.name, $0.value) }
    }
    return try emitted.map { emission in
      let value = try push(emission.record)
      if emission.isResult { try value.asTable?.setMetatable(metatables.result) }
      if let origin = emission.origin { try attach(origin, to: value) }
      return try item(nil, value)
    }
  }

  private func item(_ name: String?, _ value: LuaValue) throws -> LuaValue {
    let table = try lua.makeTable()
    try table.rawSet("item", value)
    if let name { try table.rawSet("name", LuaValue(name)) }
    return .table(table)
  }

  /// A result, or a row that a script emitted: the record as it was then.
  struct Emission {
    let record: Record
    let isResult: Bool
    let origin: ProvenanceBox?
  }

  /// Keeps what `report` will list.
  func noteEmitted(_ value: LuaValue, _ record: Record) throws {
    emittedCount += 1
    guard emitted.count < 10_000 else { return }
    emitted.append(
      Emission(
        record: record, isResult: try isResult(value),
        origin: try chronicle.provenances.rawGet(value).asObject(ProvenanceBox.self)))
  }

  // MARK: What the page is made of

  private func reportTools() throws -> LuaTable {
    let tools = try lua.makeTable()
    func offer(_ name: String, _ body: @escaping (LuaValue) throws -> [LuaValue]) throws {
      try tools.rawSet(
        LuaValue(name), .function(lua.makeFunction { call in try body(call.argument(1)) }))
    }
    // svg(value): the picture, or nil and why there is none.
    try offer("svg") { [unowned self] value in
      do {
        let page = LuaValue.table(try lua.makeTable(fields: ["size": "page"]))
        let figure = try figure(of: value, Options(catalog.entry("plot"), page))
        return [.string(try gnuplotPicture(figure, .svg)), LuaValue(figure.title)]
      } catch let error as VerbError {
        return [.nil, LuaValue(error.words)]
      }
    }
    // answer(value), all(value): fields and tables in words.
    try offer("answer") { [unowned self] value in
      let record = try record(of: value, verb: "report", keepsClock: false)
      let kind = if case .text(let kind)? = record["kind"] { kind } else { "" }
      let text = AnswerText(record, catalog.answer(kind)?.ofPage, width: 0, bold: false)
      return [try push(text.record(most: 40))]
    }
    try offer("all") { [unowned self] value in
      let record = try record(of: value, verb: "report", keepsClock: false)
      guard case .object(let fields) = record else { return [] }
      // Results inside of a result have tables of their own: too much for a page.
      let names = fields.filter { $0.name != "kind" && !$0.value.holdsRows }.map(\.name)
      return [
        try push(AnswerText(record, Answer("", names), width: 0, bold: false).record(most: 40))
      ]
    }
    try offer("provenance") { [unowned self] value in
      let box = try chronicle.provenances.rawGet(value).asObject(ProvenanceBox.self)
      return [try box.map { try push($0.record) } ?? .nil]
    }
    try tools.rawSet("about", push(reportOrigin))
    return tools
  }

  /// Program, seed, script and journal; no clock, so that a script writes the same page again.
  private var reportOrigin: Record {
    let journal = session.journal.dropLast(session.journal.last?.outcome == .running ? 1 : 0)
    let isSession = session.isShell || session.file != nil
    let path = isSession ? session.file.map { SessionPaths.name(of: $0.path) } : nil
    return [
      "version": options.version, "instruction_set": instructionSet,
      "seed": Int(truncatingIfNeeded: seed), "script": options.script,
      "arguments": options.arguments.isEmpty ? nil : options.arguments,
      "code": options.code.isEmpty ? nil : options.code,
      "source": (scriptText ?? options.script.flatMap { try? readWhole($0) }).map {
        String(decoding: $0, as: UTF8.self)
      },
      "is_session": isSession, "session": path,
      "emitted": emittedCount, "listed": emitted.count,
      "journal": isSession
        ? journal.map { entry -> Record in
          [
            "source": String(decoding: entry.source, as: UTF8.self),
            "outcome": "\(entry.outcome)", "started": timeText(entry.started),
          ]
        } : nil,
    ]
  }
}

extension Program {
  /// The answer of a result in fields and tables, for a page; nil for any other value.
  package func pageAnswer(of value: LuaValue) throws -> Record? {
    guard try isResult(value), let record = try? record(of: value, verb: "print") else {
      return nil
    }
    let kind = if case .text(let kind)? = record["kind"] { kind } else { "" }
    return AnswerText(record, catalog.answer(kind), width: 0, bold: false).record(most: 40)
  }
}

extension AnswerText {
  fileprivate func record(most: Int) -> Record {
    [
      "kind": kind, "summary": summary,
      "fields": fields.map { ["name": $0.name, "words": $0.words] as Record },
      "tables": tables(most: most).map { table -> Record in
        [
          "name": table.name, "columns": table.columns, "rows": table.cells.map { $0.record },
          "left": table.count - table.cells.count,
        ]
      },
    ]
  }
}
