import Kramers
import Lua

/// From results to figures and pages: `stdlib-lua/pictures`, read when something is drawn for the first time.
final class Pictures {
  /// `picture` of protocols, by name.
  let own: LuaTable
  private let library: StandardLibrary
  private var describe: LuaFunction?

  init(own: LuaTable, _ library: StandardLibrary) {
    self.own = own
    self.library = library
  }

  /// The function `plot.lua` returns: (value, options) -> description, or nil and why there is none.
  func description(_ lua: LuaState) throws -> LuaFunction {
    if let describe { return describe }
    let draw = try load("draw", lua, []).asTable ?? lua.makeTable()
    let kinds = try lua.makeTable()
    for name in StandardLibrary.names(in: "pictures")
    where !["draw", "plot", "report"].contains(name) {
      let functions = try load(name, lua, [.table(draw)]).asTable
      for (kind, function) in try functions?.rawPairs() ?? [] { try kinds.rawSet(kind, function) }
    }
    let plot = try load("plot", lua, [.table(draw), .table(kinds), .table(own)])
    guard let function = plot.asFunction else { preconditionFailure("plot.lua returns a function") }
    describe = function
    return function
  }

  /// The function `report.lua` returns: (items, options, tools) -> the page, or nil and why there is
  /// none.
  func report(_ lua: LuaState) throws -> LuaFunction {
    guard let function = try load("report", lua, []).asFunction else {
      preconditionFailure("report.lua returns a function")
    }
    return function
  }

  private func load(_ name: String, _ lua: LuaState, _ arguments: [LuaValue]) throws -> LuaValue {
    guard let source = library.source("pictures/" + name) else {
      preconditionFailure("no picture file '\(name)'")
    }
    let chunk = try lua.load(source, chunkName: "@stdlib/pictures/\(name).lua")
    return try chunk.call(arguments).first ?? .nil
  }
}
