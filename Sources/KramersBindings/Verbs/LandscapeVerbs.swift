import Lua

extension Program {
  func installLandscapeVerbs() throws {}
  func installEscapeVerbs() throws {}
  func fitArrheniusLaw(_ call: LuaCall) throws -> [LuaValue] { [] }
}
