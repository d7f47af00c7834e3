import Kramers
import Lua

/// The metatables of the program's own values. Methods stand in `methods`.
struct Metatables {
  let data: LuaTable
  let experiment: LuaTable
  let snapshot: LuaTable
  let result: LuaTable
  let states: LuaTable
  /// Of the result of an ensemble whose parts are not all there.
  let pending: LuaTable
  /// Ends a protocol's call when it is left.
  let protocolCall: LuaTable
  let dataMethods: LuaTable
  let experimentMethods: LuaTable
  let resultMethods: LuaTable

  init(_ lua: LuaState) throws {
    data = try lua.makeTable(fields: ["__name": "data"])
    experiment = try lua.makeTable(fields: ["__name": "experiment"])
    snapshot = try lua.makeTable(fields: ["__name": "snapshot"])
    result = try lua.makeTable(fields: ["__name": "result"])
    states = try lua.makeTable(fields: ["__name": "states"])
    pending = try lua.makeTable(fields: ["__name": "pending result"])
    protocolCall = try lua.makeTable(fields: ["__name": "call"])
    dataMethods = try lua.makeTable()
    experimentMethods = try lua.makeTable()
    resultMethods = try lua.makeTable()
    for table in [data, experiment, snapshot, states, pending, protocolCall] {
      try table.rawSet("__metatable", "protected")
    }
  }
}
