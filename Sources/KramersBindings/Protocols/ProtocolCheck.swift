import Kramers
import Lua

/// What a protocol must do to be trusted, tried on it: `protocol.check`.
extension Program {
  func checkProtocol(_ name: String) throws -> Record {
    guard let entry = catalog.byName[name], let function = try protocolFunction(named: name) else {
      throw VerbError("protocol.check", "there is no protocol '\(name)'" + catalog.hint(for: name))
    }
    var rows: [Record] = []
    func note(_ check: String, _ failure: String?) {
      rows.append(["check": check, "passes": failure == nil, "reason": failure])
    }
    note("its example uses its name", entry.example.contains(name) ? nil : "it does not")
    for other in entry.seeAlso where catalog.byName[other] == nil {
      note("see_also names what exists", "there is no '\(other)'")
    }
    note(
      "an unknown option is refused",
      try refusal(function, [name + "_unknown": .boolean(true)]) == nil ? "it is taken" : nil)
    // No option takes a coroutine.
    let wrong =
      try lua.load("return coroutine.create(function() end)", chunkName: "=check").call().first
      ?? .nil
    for option in entry.options {
      let words = try refusal(function, [option.name: wrong])
      note(
        "\(option.name) of a wrong type is refused",
        words?.contains(option.name) == true ? nil : words ?? "it is taken")
    }
    let (first, failure) = try exampleRun(entry)
    note("its example runs", failure)
    note("its example prints something", first.isEmpty ? "nothing was printed" : nil)
    if failure == nil {
      let again = try exampleRun(entry).output
      note("a second run prints the same bytes", again == first ? nil : "it does not")
    }
    let passes = rows.allSatisfy { $0["passes"] == .boolean(true) }
    return [
      "kind": "protocol_check", "name": name, "passes": passes,
      "outcome": "completed", "checks": rows,
    ]
  }

  private func protocolFunction(named name: String) throws -> LuaFunction? {
    var value = LuaValue.table(publicNames)
    for part in name.split(separator: ".") {
      value = try value.asTable?.rawGet(LuaValue(String(part))) ?? .nil
    }
    return value.asFunction
  }

  /// The error of a call with these options; nil if there is none.
  private func refusal(
    _ function: LuaFunction, _ options: KeyValuePairs<String, LuaValue>
  ) throws -> String? {
    let before = current
    defer { current = before }
    if current == nil {
      try lua.load(
        "experiment{data = data.population{singular = {1}}, depth = 3, width = 1}",
        chunkName: "=check"
      ).call()
    }
    do {
      _ = try function.call([.table(lua.makeTable(fields: options))])
      return nil
    } catch let error as LuaError where error.kind == .runtime {
      return error.message
    }
  }

  private func exampleRun(_ entry: Entry) throws -> (output: [UInt8], failure: String?) {
    let before = current
    defer { current = before }
    var failure: String?
    let output = try output.collecting(.table) {
      do {
        _ = try compile(Array(entry.example.utf8), chunkName: "=\(entry.name)").function.call()
      } catch let error as LuaError where error.kind != .interrupted {
        failure = error.message
      }
    }
    return (output, failure)
  }
}
