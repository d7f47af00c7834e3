internal import CResources
import Kramers
import Lua

/// From results to figures: `stdlib-lua/pictures`, read when something is drawn for the first time.
final class Pictures {
  /// `picture` of protocols, by name.
  let own: LuaTable
  /// Where the files are read from instead of the program itself (for development).
  private let folder: String?
  private var describe: LuaFunction?

  init(own: LuaTable, folder: String?) {
    self.own = own
    self.folder = folder
  }

  /// The function `plot.lua` returns: (value, options) -> description, or nil and why there is none.
  func description(_ lua: LuaState) throws -> LuaFunction {
    if let describe { return describe }
    let draw = try load("draw", lua, []).asTable ?? lua.makeTable()
    let kinds = try lua.makeTable()
    for name in Self.names where name != "draw" && name != "plot" {
      let functions = try load(name, lua, [.table(draw)]).asTable
      for (kind, function) in try functions?.rawPairs() ?? [] { try kinds.rawSet(kind, function) }
    }
    let plot = try load("plot", lua, [.table(draw), .table(kinds), .table(own)])
    guard let function = plot.asFunction else { preconditionFailure("plot.lua returns a function") }
    describe = function
    return function
  }

  private static let names: [String] = {
    var names: [String] = []
    while let name = kr_picture_name(names.count) { names.append(String(cString: name)) }
    return names
  }()

  private func load(_ name: String, _ lua: LuaState, _ arguments: [LuaValue]) throws -> LuaValue {
    guard let n = Self.names.firstIndex(of: name) else {
      preconditionFailure("no picture file '\(name)'")
    }
    let resource = kr_picture(n)
    let shipped = Array(UnsafeBufferPointer(start: resource.bytes, count: resource.count))
    let source = folder.flatMap { try? readWhole("\($0)/\(name).lua") } ?? shipped
    let chunk = try lua.load(source, chunkName: "@stdlib/pictures/\(name).lua")
    return try chunk.call(arguments).first ?? .nil
  }
}
