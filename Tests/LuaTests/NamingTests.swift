import Testing

@testable import Lua

@Suite("names of values without a text of their own") struct NamingTests {
  private func text(_ lua: LuaState, _ code: String) throws -> String {
    try #require(try lua.run("return " + code)[0].text)
  }

  @Test("they are counted, stay, and are the same in every state")
  func counted() throws {
    for _ in 0..<2 {
      let lua = try LuaState()
      try lua.run("t = {} function f() end u = io.tmpfile() c = coroutine.create(f)")
      #expect(try text(lua, "tostring(t)") == "table: 1")
      #expect(
        try text(lua, "tostring(f) .. tostring(print) .. tostring(t)")
          == "function: 2function: 3table: 1")
      #expect(try text(lua, "tostring(c)") == "thread: 4")
      #expect(try text(lua, "tostring(u)") == "file (5)")
      #expect(
        try text(lua, "tostring(debug.upvalueid(function() return t end, 1))")
          == "userdata: 6")
      #expect(try lua.describe(lua.globals.rawGet("t")) == "table: 1")
      #expect(try text(lua, "tostring(setmetatable({}, {__name = 'Point'}))") == "Point: 7")
      #expect(try text(lua, "tostring(setmetatable({}, {__name = 5}))") == "table: 8")
      try lua.run("u:close()")
      #expect(try text(lua, "tostring(u)") == "file (closed)")
    }
  }

  @Test("string.format shows them, and blames its caller for the rest")
  func format() throws {
    let lua = try LuaState()
    #expect(
      try text(lua, "string.format('%s|%-10s|%5.3s|%%', {}, print, io.stdout)")
        == "table: 1|function: 2|  fil|%")
    #expect(
      try text(lua, "('%p %p %-10p|%s'):format({}, print, 'x', 1.5)")
        == "table: 4 function: 2 (null)    |1.5")
    #expect(
      try text(lua, "string.format('100%% %d %q %5.1f %s', 3, 'a', 0.25, nil)")
        == "100% 3 \"a\"   0.2 nil")
    #expect(
      try text(
        lua, "string.format('%s', setmetatable({}, {__tostring = function() return 'mine' end}))")
        == "mine")
    for (code, words) in [
      ("string.format('%d', {})", "bad argument #2 to 'format' (number expected, got table)"),
      ("string.format('%s %s', 1)", "bad argument #3 to 'format' (no value)"),
      ("string.format('%y', 1)", "invalid conversion '%y' to 'format'"),
      ("string.format('%', {})", "invalid conversion '%' to 'format'"),
      ("string.format('%.3p', {})", "invalid conversion"),
      ("string.format({})", "bad argument #1 to 'format' (string expected, got table)"),
      ("tostring()", "bad argument #1 to 'tostring' (value expected)"),
      (
        "tostring(setmetatable({}, {__tostring = function() return {} end}))",
        "'__tostring' must return a string"
      ),
      ("tostring(setmetatable({}, {__tostring = function() error('broken', 0) end}))", "broken"),
    ] {
      let message = try #require(lua.failure("local s = \(code) return s")?.message)
      #expect(message.contains(words), "\(code): \(message)")
    }
  }

  @Test("a name is one value's own, whatever was collected, and can be taken back")
  func collected() throws {
    let lua = try LuaState()
    let given = lua.namesGiven
    try lua.run(
      """
      local seen = {}
      for i = 1, 1000 do
        local name = tostring({})
        assert(not seen[name])
        seen[name] = true
        if i % 100 == 0 then collectgarbage() end
      end
      kept = {}
      assert(tostring(kept) == "table: 1001")
      """)
    try lua.setNamesGiven(given)
    #expect(try text(lua, "tostring(print)") == "function: 1")
    #expect(try text(lua, "tostring(kept)") == "table: 2")
  }
}
