import Kramers
import Lua

/// From the catalogue to functions of Lua.
extension Program {
  /// Gives every name of the catalogue its function.
  func installCatalog() throws {
    for entry in catalog.all { try install(entry) }
  }

  private func install(_ entry: Entry) throws {
    let name = entry.name
    switch entry.body {
    case .verb(let body): try installVerb(entry, body)
    case .options(let body):
      try setFunction(name) { [unowned self] call in
        if call.arguments.count > 1 {
          throw VerbError(name, "takes one table of options, got \(call.arguments.count) arguments")
        }
        return try blaming(name) {
          let options = try Options(entry, call.argument(1))
          let values = try body(self)(options)
          try chronicle.noteFiles(options)
          return values
        }
      }
    case .data(let body):
      try setMethod(name, in: metatables.dataMethods) { [unowned self] call in
        guard let data = call.argument(1).asObject(DataBox.self)?.data else {
          throw VerbError(name, "is a method: write d\(name.dropFirst(1)){...} with a data set d")
        }
        return try blaming(name) { try body(self)(data, Options(entry, call.argument(2))) }
      }
    case .result(let body):
      try setMethod(name, in: metatables.resultMethods) { [unowned self] call in
        guard try isResult(call.argument(1)) else {
          let usage = entry.usage ?? name
          throw VerbError(name, "is a method of results: write \(usage) with a result r")
        }
        return try blaming(name) { try body(self)(call) }
      }
    case .session(let body):
      try setFunction(name) { [unowned self] call in
        if !entry.looks {
          try refuseWhileLooking(name)
          if session.isReplaying { return [] }
        }
        return try blaming(name) { try body(self)(call) }
      }
    case .call(let body): try setFunction(name) { [unowned self] call in try body(self)(call) }
    case .lua, .protocolVerb: break
    }
  }

  private func installVerb(
    _ entry: Entry,
    _ body: @escaping @Sendable (Program) -> (ExperimentBox, Options) throws -> [LuaValue]
  ) throws {
    let name = entry.name
    if entry.role == .verb {
      try setFunction(name) { [unowned self] call in try run(entry, call.arguments, body(self)) }
    }
    let method = name.hasPrefix("x:") ? String(name.dropFirst(2)) : name
    // Not the same function: `x.train{...}` would act on the current experiment, whatever x is.
    try setMethod(name, in: metatables.experimentMethods) { [unowned self] call in
      guard call.argument(1).asObject(ExperimentBox.self) != nil else {
        throw VerbError(name, "is a method here: write x:\(method){...}, not x.\(method){...}")
      }
      return try run(entry, call.arguments, body(self))
    }
  }

  private func setFunction(_ name: String, _ body: @escaping LuaBody) throws {
    try setGlobal(name, .function(lua.makeFunction(body)))
  }

  /// A method `o:name`, or that of a verb.
  private func setMethod(
    _ name: String, in methods: LuaTable, _ body: @escaping LuaBody
  ) throws {
    let function = try lua.makeFunction(body)
    functionNames[.function(function)] = name
    let method = name.split(separator: ":").last.map(String.init) ?? name
    try methods.rawSet(LuaValue(method), .function(function))
  }

  private func run(
    _ entry: Entry, _ arguments: [LuaValue],
    _ body: (ExperimentBox, Options) throws -> [LuaValue]
  ) throws -> [LuaValue] {
    let name = entry.name
    let (box, options) = try target(entry, arguments)
    let before = subject
    subject = box
    defer { subject = before }
    return try logged(name, box, options) {
      try progress.during(name) { try blaming(name) { try body(box, options) } }
    }
  }

  /// Sorts out `verb{...}`, `x:verb{...}` and `verb(positional)`.
  func target(_ entry: Entry, _ arguments: [LuaValue]) throws -> (ExperimentBox, Options) {
    let name = entry.name
    try refusePending(arguments)
    var rest = arguments[...]
    var box = current
    if let first = rest.first?.asObject(ExperimentBox.self) {
      box = first
      rest = rest.dropFirst()
    }
    guard rest.count <= 1 else {
      throw VerbError(name, "takes one table of options, got \(rest.count) arguments")
    }
    if !entry.looks { try refuseWhileLooking(name) }
    let options = try Options(entry, rest.first ?? .nil)
    guard let box else {
      throw VerbError(name, "there is no experiment yet; make one with experiment{...}")
    }
    guard !box.isRunning || entry.looks else {
      throw VerbError(name, "this experiment is being trained; an observer may only look at it")
    }
    return (box, options)
  }
}
