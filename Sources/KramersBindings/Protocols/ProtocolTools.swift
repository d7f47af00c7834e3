import Kramers
import Lua

/// What the program offers to protocols, shipped ones and users' alike.
extension Program {
  /// The argument of a protocol's file.
  func protocolTools(_ name: String) throws -> LuaTable {
    let tools = try lua.makeTable()
    func offer(_ name: String, _ body: @escaping LuaBody) throws {
      try tools.rawSet(LuaValue(name), .function(lua.makeFunction(body)))
    }
    // refuse(words, ...): an error of the protocol's own, with the caller's line.
    let format = try lua.globals.rawGet("string").asTable?.rawGet("format").asFunction
    try offer("refuse") { call in
      let words = call.arguments.count > 1 ? try format?.call(call.arguments).first : nil
      throw VerbError(name, (words ?? call.argument(1)).text ?? "?")
    }
    // keep(t): what the protocol has so far, shown or emitted if it is interrupted.
    try offer("keep") { [unowned self] call in
      protocolCalls.keep(try record(of: call.argument(1), verb: name))
      return []
    }
    try offer("join_states", joinStates)
    try offer("loop_areas", loopAreas)
    try offer("enter_subset", enterSubset)
    try offerStatistics(tools)
    return tools
  }

  /// loop_areas(x, low, high): what the hysteresis loop of each mode encloses; nil without theory.
  private func loopAreas(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self),
      let low = call.argument(2).double, let high = call.argument(3).double
    else { return [.nil] }
    let areas = try? box.experiment.loopAreas(from: low, to: high)
    return [try areas.map { try push($0.record) } ?? .nil]
  }

  /// enter_subset(x, modes): the aligned state with these modes and no others, at the present l2.
  private func enterSubset(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self),
      let modes = try call.argument(2).asTable?.numbers()
    else { return [] }
    try blaming("metastable") { try box.experiment.enterSubset(modes.map { Int($0) }) }
    return []
  }
}
