import Kramers
package import Lua

/// `emit`, `print`, `help`, and how results print themselves.
extension Program {
  /// emit(value)
  func emit(_ call: LuaCall) throws -> [LuaValue] {
    guard call.arguments.count == 1 else {
      throw VerbError("emit", "takes one value, got \(call.arguments.count)")
    }
    // A shard writes nothing, and what it would write may be pending.
    if isShard, try isPending(in: call.argument(1), verb: "emit") { return [] }
    let record = try record(of: call.argument(1), verb: "emit", keepsClock: output.keepsClock)
    if showsOutput {
      try noteEmitted(call.argument(1), record)
      output.put(record)
    }
    return []
  }

  /// print(...)
  func print(_ call: LuaCall) throws -> [LuaValue] {
    if !isShard, showsOutput { try printValues(call.arguments) }
    return []
  }

  /// help([name])
  func help(_ call: LuaCall) throws -> [LuaValue] {
    try output.write(helpText(call.arguments) + "\n")
    return []
  }

  /// Whether this process computes its part of the ensembles alone.
  var isShard: Bool { shards?.shard != nil }

  /// Whether an output is a new one; see `EntryLog`.
  var showsOutput: Bool { chronicle.entryUnderWay?.log.showsOutput() ?? true }

  /// Lua's `print`, which shows what is in a table. A result alone is written as its record, and as
  /// its answer where people read.
  package func printValues(_ values: [LuaValue]) throws {
    if values.count == 1, try isResult(values[0]) {
      let record = try record(of: values[0], verb: "print", keepsClock: output.keepsClock)
      try noteEmitted(values[0], record)
      guard output.format == .table else { return output.put(record) }
      let text = answerText(record, width: output.width, bold: options.colorsOutput)
      output.write(text + "\n")
      return output.flush()
    }
    output.write(bytes: try printed(values))
  }

  /// The line of `print` and `log`. A table of several lines stands on lines of its own.
  func printed(_ values: [LuaValue]) throws -> [UInt8] {
    var line: [UInt8] = []
    var isBlock = false
    for (i, value) in values.enumerated() {
      let text = try printed(value)
      let wasBlock = isBlock
      isBlock = value.asTable != nil && text.contains(0x0A)
      if i > 0 { line.append(isBlock || wasBlock ? 0x0A : 0x09) }
      line += text
    }
    return line + [0x0A]
  }

  private func printed(_ value: LuaValue) throws -> [UInt8] {
    if case .string(let bytes) = value { return bytes }
    if case .table(let table) = value, try table.metatable?.rawGet("__tostring").isNil != false {
      let shape = try table.read {
        try ValueShape($0, number: plainNumberText, result: resultWords)
      }
      return Array(ValueLayout(width: 0, bold: false).text(shape).utf8)
    }
    return Array(try lua.describe(value).utf8)
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
