import Kramers
package import Lua

/// `emit`, `print`, `help`, and how results print themselves.
extension Program {
  func installOutput() throws {
    try setGlobal(
      "emit",
      .function(
        lua.makeFunction { [unowned self] call in
          guard call.arguments.count == 1 else {
            throw VerbError("emit", "takes one value, got \(call.arguments.count)")
          }
          let record = try record(
            of: call.argument(1), verb: "emit", keepsClock: output.keepsClock)
          if showsOutput { output.put(record) }
          return []
        }))
    try setGlobal(
      "print",
      .function(
        lua.makeFunction { [unowned self] call in
          if showsOutput { try printValues(call.arguments) }
          return []
        }))
    try setGlobal(
      "help",
      .function(
        lua.makeFunction { [unowned self] call in
          try output.write(helpText(call.arguments) + "\n")
          return []
        }))
    try metatables.result.rawSet(
      "__tostring",
      .function(
        lua.makeFunction { [unowned self] call in
          [LuaValue(recordText(try record(of: call.argument(1), verb: "tostring")))]
        }))
  }

  /// Whether an output is a new one; see `EntryLog`.
  var showsOutput: Bool { entryUnderWay?.log.showsOutput() ?? true }

  /// Lua's `print`; a result alone is written as its record.
  package func printValues(_ values: [LuaValue]) throws {
    if values.count == 1, try isResult(values[0]) {
      return output.put(
        try record(of: values[0], verb: "print", keepsClock: output.keepsClock))
    }
    for (i, value) in values.enumerated() {
      if i > 0 { output.write("\t") }
      if case .string(let bytes) = value {
        output.write(bytes: bytes)
      } else {
        output.write(try lua.describe(value))
      }
    }
    output.write("\n")
  }

  private func helpText(_ arguments: [LuaValue]) throws -> String {
    guard let argument = arguments.first else { return HelpText.overview(catalog) }
    let name = argument.text ?? functionNames[argument]
    guard let name else {
      throw VerbError("help", "knows the public names, not \(describe(argument))")
    }
    if let entry = catalog.byName[name] { return HelpText.of(entry) }
    throw VerbError("help", "unknown name '\(name)'" + catalog.hint(for: name))
  }
}
