import Testing

@testable import Lua

@Suite struct PositionTests {
  let lua: LuaState

  init() throws {
    lua = try LuaState()
    try lua.register("boom") { _ in throw Boom(code: 1) }
    try lua.run(
      """
      protocol = {}
      function protocol.sweep(f) f() return 1 end
      function protocol.tail() return boom() end
      function protocol.generate() return coroutine.wrap(function() boom() end) end
      """, "@stdlib/protocol.lua")
  }

  @Test("a protocol in Lua blames its caller")
  func internalFrames() {
    #expect(lua.failure("local a\nprotocol.sweep(boom)")?.message == "script.lua:2: boom 1")
    #expect(lua.failure("\n\nlocal x = protocol.tail()")?.message == "script.lua:3: boom 1")
  }

  @Test("a traceback leaves internal frames out")
  func tracebackSkips() throws {
    let traceback = try #require(lua.failure("local a\nprotocol.sweep(boom)")?.traceback)
    #expect(!traceback.contains("stdlib/"))
    #expect(traceback.contains("script.lua:2: in main chunk"))
  }

  @Test("a coroutine without a user's frame blames the line that resumed it")
  func coroutines() {
    #expect(lua.failure("local f = protocol.generate()\n\nf()")?.message == "script.lua:3: boom 1")
    #expect(
      lua.failure("local f = coroutine.wrap(function()\nboom()\nend)\n\nf()")?.message
        == "script.lua:2: boom 1")
  }

  @Test("without a user's frame there is no prefix")
  func noFrame() throws {
    let boom = try #require(try lua.globals.rawGet("boom").asFunction)
    let error = try #require(throws: LuaError.self) { try boom.call() }
    #expect(error.message == "boom 1")
    #expect(error.position == nil)
  }

  @Test("the prefixes of internal chunks can be changed or emptied")
  func prefix() {
    lua.setInternalChunks(prefix: "")
    #expect(lua.failure("protocol.sweep(boom)")?.message == "stdlib/protocol.lua:2: boom 1")
    lua.setInternalChunks(prefix: "@scr")
    #expect(lua.failure("protocol.sweep(boom)")?.message == "stdlib/protocol.lua:2: boom 1")
  }

  @Test("an error out of a chunk of the second prefix says where it was raised, too")
  func secondPrefix() {
    lua.setInternalChunks(prefix: "@other/", or: "@stdlib/")
    #expect(
      lua.failure("local a\nprotocol.sweep(boom)")?.message
        == "script.lua:2: boom 1 (in stdlib/protocol.lua:2)")
  }

  @Test("a position is read from a message")
  func parse() {
    #expect(LuaCore.position(in: "a.lua:12: x") == .init(chunk: "a.lua", line: 12))
    #expect(
      LuaCore.position(in: "[string \"a:1: b\"]:3: x")
        == .init(chunk: "[string \"a:1: b\"]", line: 3))
    #expect(LuaCore.position(in: "12: x") == nil)
    #expect(LuaCore.position(in: "time: 12:30") == nil)
    #expect(LuaCore.position(in: "") == nil)
  }
}
