import Lua
import Testing

@Suite("A Swift error in Lua behaves like its message") struct ErrorObjectTests {
  let lua: LuaState

  init() throws {
    lua = try LuaState()
    try lua.register("boom") { call in throw Boom(code: call.argument(1).int ?? 1) }
    try lua.run("_, e = pcall(function() boom(1) end) _, f = pcall(function() boom(2) end)")
  }

  @Test(
    "string operations work on it",
    arguments: [
      "tostring(e) == 'script.lua:1: boom 1'",
      "e .. '!' == tostring(e) .. '!' and 'x' .. e == 'x' .. tostring(e)",
      "e .. f == tostring(e) .. tostring(f) and 1 .. e == '1' .. tostring(e)",
      "#e == #tostring(e)",
      "e:match('boom %d') == 'boom 1' and e:find('boom', 1, true) == 15",
      "e:gsub('boom', 'bang') == 'script.lua:1: bang 1' and e:upper():match('BOOM')",
      "e ~= f and e == select(2, pcall(function() boom(1) end))",
      "e.message == tostring(e) and e.nothing == nil",
      "('%s'):format(e) == tostring(e)",
      "not pcall(function() return e .. {} end) and not pcall(function() return e + 1 end)",
      "getmetatable(e) == false and not pcall(setmetatable, e, {})",
      "not pcall(debug.getmetatable(e).__tostring, io.stdout)",
    ])
  func strings(condition: String) throws {
    #expect(try lua.run("return (\(condition)) and true") == [true])
  }
}
