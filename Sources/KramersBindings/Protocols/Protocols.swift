import Kramers
import Lua

/// The protocols written in Lua: readable, and copyable by users, whose own are verbs like them.
///
/// A file gets one argument, the table of what the program offers to protocols, and returns
///
///     { entry = { summary = ..., options = {...}, ... }, body = function(x, options) ... end,
///       picture = function(result, options, draw) ... end }
///
/// The body gets the experiment and the checked options, defaults filled in; the plain table that
/// it returns becomes a result, whose kind is the protocol's name unless it says another.
/// `picture`, if there is one, is what `plot` draws of it; see `stdlib-lua/pictures/draw.lua`.
extension Program {
  /// Reads the protocols, shipped ones first.
  func installProtocols() throws {
    let leave = try lua.makeFunction { [unowned self] call in
      leaveProtocol(call.argument(1))
      return []
    }
    try metatables.protocolCall.rawSet("__close", .function(leave))
    for file in ProtocolFile.shipped(library) {
      try addProtocol(file, isOwn: false)
    }
    for folder in [options.luaPath].compactMap(\.self) + options.protocolFolders {
      for file in ProtocolFile.inFolder(folder) where !ProtocolFile.shippedNames.contains(file.name)
      {
        do {
          try addProtocol(file, isOwn: true)
        } catch {
          errors.warn("protocol \(file.path): \(error)")
        }
      }
    }
  }

  private func leaveProtocol(_ value: LuaValue?) {
    guard let call = value?.asObject(ProtocolCall.self) else { return }
    if let former = call.former { current = former.box }
    // Stopped between two of its verbs: the shell still shows what it has.
    if !lua.interrupt.isRequested { protocolCalls.end(call) }
  }

  func protocolLoad(_ o: Options) throws -> [LuaValue] {
    try refuseWhileLooking("protocol.load")
    let path = try o.required("path", o.word("path"))
    let file = try ProtocolFile(path: path)
    try addProtocol(file, isOwn: true)
    return [LuaValue(file.name)]
  }

  func protocolCheck(_ o: Options) throws -> [LuaValue] {
    try refuseWhileLooking("protocol.check")
    let name = try o.required("name", o.word("name"))
    return [try pushResult(checkProtocol(name))]
  }

  /// Makes a verb of a protocol's file.
  ///
  /// - Throws: `ProtocolError` for a name that is taken or an entry that is not complete; `LuaError`.
  func addProtocol(_ file: ProtocolFile, isOwn: Bool) throws {
    let name = file.name
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.allSatisfy(isPlainName) else {
      throw ProtocolError("'\(name)' cannot be the name of a verb")
    }
    guard catalog.byName[name] == nil, try lua.globals.rawGet(LuaValue(name)).isNil,
      try publicNames.rawGet(LuaValue(name)).isNil
    else { throw ProtocolError("the name '\(name)' is taken") }
    chronicle.knowProtocol(name, file.source)
    let tools = try protocolTools(name)
    try tools.rawSet("part", .function(partLoader(of: file, isOwn: isOwn, tools)))
    let chunk = try lua.load(file.source, chunkName: file.chunkName(isOwn: isOwn))
    guard let table = try chunk.call([.table(tools)]).first?.asTable,
      let fields = try table.rawGet("entry").asTable,
      let body = try table.rawGet("body").asFunction
    else {
      throw ProtocolError(
        "the file must return { entry = {...}, body = function(x, options) ... end }")
    }
    let entry = try Entry(protocol: name, fields, catalog)
    let picture = try table.rawGet("picture")
    guard picture.isNil || picture.asFunction != nil else {
      throw ProtocolError("picture must be a function, got \(describe(picture))")
    }
    try pictures.own.rawSet(LuaValue(entry.answer?.kind ?? name), picture)
    let function = try protocolFunction(entry, body)
    catalog.add(entry, isOwn: isOwn)
    try setGlobal(name, function)
    if entry.role == .verb {
      try metatables.experimentMethods.rawSet(LuaValue(name), function)
    }
  }

  /// part(name): what `parts/NAME.lua` beside the protocol's file returns, which gets the same tools.
  /// It is read once.
  private func partLoader(
    of file: ProtocolFile, isOwn: Bool, _ tools: LuaTable
  ) throws -> LuaFunction {
    let known = try lua.makeTable()
    return try lua.makeFunction { [unowned self] call in
      guard let part = call.argument(1).text, isPlainName(part) else {
        throw ProtocolError("part(name) takes a name, got \(describe(call.argument(1)))")
      }
      let name = "parts/\(part)"
      let before = try known.rawGet(LuaValue(name))
      if !before.isNil { return [before] }
      let folder = file.path.lastIndex(of: "/").map { String(file.path[...$0]) } ?? ""
      let source = isOwn ? try readWhole("\(folder)\(name).lua") : library.source(name)
      guard let source else { throw ProtocolError("there is no \(name).lua") }
      chronicle.knowPart(of: file.name, source)
      let chunk = "@\(isOwn ? "protocols" : "stdlib")/\(name).lua"
      let value = try lua.load(source, chunkName: chunk).call([.table(tools)]).first ?? .nil
      try known.rawSet(LuaValue(name), value)
      return [value]
    }
  }

  /// The function that users call. It is Lua, so that a body may yield, and an error in it has the
  /// caller's line.
  private func protocolFunction(_ entry: Entry, _ body: LuaFunction) throws -> LuaValue {
    if shards != nil, entry.role != .verb || entry.looks {
      return .function(
        try lua.makeFunction { [unowned self] call in
          try runShared(entry, body, call.arguments)
        })
    }
    let source =
      entry.role == .verb
      ? """
      local begin, finish, body = ...
      return function(...)
        local x, options, _ <close> = begin(...)
        return finish(body(x, options))
      end
      """
      : """
      local begin, finish, body = ...
      return function(...)
        local _ <close> = begin()
        return finish(body(...))
      end
      """
    let begin = try lua.makeFunction { [unowned self] call in
      entry.role == .verb
        ? try beginProtocol(entry, call.arguments) : [try beginPlain(entry.name)]
    }
    let finish = try lua.makeFunction { [unowned self] call in
      try finishProtocol(entry.name, call.arguments)
    }
    let chunk = try lua.load(Array(source.utf8), chunkName: "@stdlib/protocol.lua")
    return try chunk.call([.function(begin), .function(finish), .function(body)]).first ?? .nil
  }

  /// Runs a protocol that leaves its experiment as it is, or has none, in a scope of its own: a look at
  /// a pending result leaves the protocol alone, whose own result is pending then.
  private func runShared(
    _ entry: Entry, _ body: LuaFunction, _ arguments: [LuaValue]
  ) throws -> [LuaValue] {
    func run() throws -> [LuaValue] {
      let begun =
        entry.role == .verb
        ? try beginProtocol(entry, arguments) : arguments + [try beginPlain(entry.name)]
      defer { leaveProtocol(begun.last) }
      return try finishProtocol(entry.name, body.call(Array(begun.dropLast())))
    }
    guard let shards = sharing else { return try run() }
    let (values, looked) = try shards.scope(self, run)
    if let looked { return [try pushPending(looked)] }
    return values ?? []
  }

  /// The experiment, the options with their defaults, and what ends the call when it is left.
  private func beginProtocol(_ entry: Entry, _ arguments: [LuaValue]) throws -> [LuaValue] {
    let name = entry.name
    let (box, checked) = try target(entry, arguments)
    try chronicle.noteProtocol(name)
    let origin = ProvenanceBox(name, checked.record(self), box.experiment, self)
    let call = protocolCalls.begin(name, origin)
    let table = try checked.table(self)
    return [try push(box), .table(table), try lua.wrap(call, metatable: metatables.protocolCall)]
  }

  /// What ends the call of a protocol that acts on no experiment.
  private func beginPlain(_ name: String) throws -> LuaValue {
    try chronicle.noteProtocol(name)
    return try lua.wrap(protocolCalls.begin(name, nil), metatable: metatables.protocolCall)
  }

  /// Makes a result of the plain table that a body returned.
  private func finishProtocol(_ name: String, _ values: [LuaValue]) throws -> [LuaValue] {
    guard let table = values.first?.asTable, try table.metatable == nil else { return values }
    if try table.rawGet("kind").isNil { try table.rawSet("kind", LuaValue(name)) }
    try table.setMetatable(metatables.result)
    if let origin = protocolCalls.innermost(name)?.origin {
      origin.end()
      try attach(origin, to: .table(table))
    }
    return values
  }
}
