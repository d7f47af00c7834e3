import Kramers
import Lua

/// Methods of results, and the small functions beside the verbs.
extension Program {
  /// What a result answers to.
  func installResultFields() throws {
    try metatables.result.rawSet("__index", .table(metatables.resultMethods))
    let text = try lua.makeFunction { [unowned self] call in
      [LuaValue(answerText(try record(of: call.argument(1), verb: "tostring")))]
    }
    try metatables.result.rawSet("__tostring", .function(text))
  }

  /// r:csv(path)
  func resultCSV(_ call: LuaCall) throws -> [LuaValue] {
    let (record, path) = try recordAndPath("r:csv", call)
    guard let path else { throw VerbError("r:csv", "takes the path of a file") }
    let table = CSVTable(result: record)
    try writeFile(Array(table.text.utf8), to: path)
    output.warnLeftOut(table.leftOut, from: path)
    return []
  }

  /// r:json([path])
  func resultJSON(_ call: LuaCall) throws -> [LuaValue] {
    let (record, path) = try recordAndPath("r:json", call)
    guard let path else { return [.string(jsonLineBytes(record))] }
    try writeFile(jsonLineBytes(record) + [UInt8(ascii: "\n")], to: path)
    return []
  }

  private func recordAndPath(_ verb: String, _ call: LuaCall) throws -> (Record, String?) {
    let path = call.argument(2)
    guard path.isNil || path.text != nil else {
      throw VerbError(verb, "the path must be a string, got \(describe(path))")
    }
    return (
      try record(of: call.argument(1), verb: verb, keepsClock: options.timings), path.text
    )
  }

  /// r:all(): every field and every row of a result, for a person.
  func resultAll(_ call: LuaCall) throws -> [LuaValue] { try showAll(call.argument(1), "r:all") }

  func showAll(_ value: LuaValue, _ verb: String) throws -> [LuaValue] {
    guard showsOutput else { return [] }
    let record = try record(of: value, verb: verb, keepsClock: output.keepsClock)
    let text = recordText(record, bold: options.colorsOutput, width: output.width, most: nil)
    output.write(text + "\n")
    output.flush()
    return []
  }

  /// log(...)
  func log(_ call: LuaCall) throws -> [LuaValue] {
    let line = String(decoding: try printed(call.arguments), as: UTF8.self)
    if showsOutput { errors.tell(line) }
    return []
  }

  func linspace(_ call: LuaCall) throws -> [LuaValue] {
    try spacing("linspace", linearlySpaced, call)
  }

  func logspace(_ call: LuaCall) throws -> [LuaValue] {
    try spacing("logspace", geometricallySpaced, call)
  }

  private func spacing(
    _ name: String, _ points: (Double, Double, Int) throws -> [Double], _ call: LuaCall
  ) throws -> [LuaValue] {
    guard call.arguments.count == 3, let first = call.argument(1).double,
      let last = call.argument(2).double, let count = call.argument(3).int
    else {
      throw VerbError(name, "takes two numbers and a number of points: \(name)(a, b, n)")
    }
    let values = try blaming(name) { try points(first, last, count) }
    return [.table(try lua.tableFrom(values))]
  }
}
