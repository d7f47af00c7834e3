import Kramers
import Lua

/// Methods of results, and the small functions beside the verbs.
extension Program {
  func installResultMethods() throws {
    let methods = try lua.makeTable()
    try metatables.result.rawSet("__index", .table(methods))
    try resultMethod("csv", of: methods) { [unowned self] record, path in
      guard let path else { throw VerbError("r:csv", "takes the path of a file") }
      let table = CSVTable(result: record)
      try writeFile(Array(table.text.utf8), to: path)
      output.warnLeftOut(table.leftOut, from: path)
      return []
    }
    try resultMethod("json", of: methods) { [unowned self] record, path in
      guard let path else { return [.string(jsonLineBytes(record))] }
      try writeFile(jsonLineBytes(record) + [UInt8(ascii: "\n")], to: path)
      return []
    }
    let all = try lua.makeFunction { [unowned self] call in
      try showAll(
        call.argument(1), "r:all", "is a method of results: write r:all() with a result r")
    }
    try methods.rawSet("all", .function(all))
    functionNames[.function(all)] = "r:all"
    try installResultStates(methods)
    try installProvenance(methods)
    try installBarrierTime(methods)
  }

  /// Writes every field and every row of a result for a person.
  func showAll(_ value: LuaValue, _ verb: String, _ refusal: String) throws -> [LuaValue] {
    guard try isResult(value) else { throw VerbError(verb, refusal) }
    guard showsOutput else { return [] }
    let record = try record(of: value, verb: verb, keepsClock: output.keepsClock)
    let text = recordText(record, bold: options.colorsOutput, width: output.width, most: nil)
    output.write(text + "\n")
    output.flush()
    return []
  }

  private func resultMethod(
    _ name: String, of methods: LuaTable,
    _ body: @escaping (Record, String?) throws -> [LuaValue]
  ) throws {
    let verb = "r:" + name
    let timings = options.timings
    let function = try lua.makeFunction { [unowned self] call in
      guard try isResult(call.argument(1)) else {
        throw VerbError(verb, "is a method of results: write r:\(name)(...) with a result r")
      }
      let path = call.argument(2)
      guard path.isNil || path.text != nil else {
        throw VerbError(verb, "the path must be a string, got \(describe(path))")
      }
      let record = try record(of: call.argument(1), verb: verb, keepsClock: timings)
      return try blaming(verb) { try body(record, path.text) }
    }
    try methods.rawSet(LuaValue(name), .function(function))
    functionNames[.function(function)] = verb
  }

  func installNumbers() throws {
    try spacing("linspace", linearlySpaced)
    try spacing("logspace", geometricallySpaced)
    try setGlobal(
      "log",
      .function(
        lua.makeFunction { [unowned self] call in
          let line = String(decoding: try printed(call.arguments), as: UTF8.self)
          if showsOutput { errors.write(line) }
          return []
        }))
  }

  private func spacing(
    _ name: String, _ points: @escaping (Double, Double, Int) throws -> [Double]
  ) throws {
    let function = try lua.makeFunction { [unowned self] call in
      guard call.arguments.count == 3, let first = call.argument(1).double,
        let last = call.argument(2).double, let count = call.argument(3).int
      else {
        throw VerbError(name, "takes two numbers and a number of points: \(name)(a, b, n)")
      }
      let values = try blaming(name) { try points(first, last, count) }
      return [.table(try lua.tableFrom(values))]
    }
    try setGlobal(name, .function(function))
  }
}
