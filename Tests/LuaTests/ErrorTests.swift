import Lua
import Testing

@Suite struct ErrorTests {
  let lua: LuaState

  init() throws {
    lua = try LuaState()
    try lua.register("boom") { call in throw Boom(code: call.argument(1).int ?? 42) }
    try lua.register("apply") { call in
      let function = try #require(call.argument(1).asFunction)
      return try function.call(Array(call.arguments.dropFirst()))
    }
  }

  @Test("a Swift error comes back as the same value, with the line that called")
  func roundTrip() throws {
    let error = try #require(lua.failure("local x = 1\nboom(7)\nreturn x"))
    #expect(error.underlying as? Boom == Boom(code: 7))
    #expect(error.kind == .runtime)
    #expect(error.message == "script.lua:2: boom 7")
    #expect(error.position == .init(chunk: "script.lua", line: 2))
    #expect(error.traceback?.contains("script.lua:2: in main chunk") == true)
    #expect(error.message.contains("traceback") == false)
  }

  @Test(
    "a Swift error survives pcall, error, xpcall, coroutines and layers of Swift",
    arguments: [
      "local ok, e = pcall(boom, 7) error(e)",
      "local ok, e = xpcall(boom, function(e) return e end, 7) error(e, 0)",
      "apply(function() apply(boom, 7) end)",
      "local co = coroutine.create(boom) local ok, e = coroutine.resume(co, 7) error(e)",
      "coroutine.wrap(function() apply(function() boom(7) end) end)()",
      "apply(coroutine.wrap(function() local ok, e = pcall(boom, 7) error(e) end))",
      "assert(pcall(boom, 7))",
      "assert(select(2, pcall(error, select(2, pcall(boom, 7)))) == nil, select(2, pcall(boom, 7)))",
    ])
  func layers(source: String) throws {
    let error = try #require(lua.failure(source))
    #expect(error.underlying as? Boom == Boom(code: 7))
  }

  @Test("the kinds of error are told apart")
  func kinds() throws {
    #expect(lua.failure("x = = 1")?.kind == .syntax)
    #expect(lua.failure("error('x')")?.kind == .runtime)
    #expect(lua.failure("local function f() return f() + 1 end f()")?.kind == .runtime)
    let small = try LuaState(memoryLimit: 200_000)
    let full = small.failure("local t = {} for i = 1, 1e9 do t[i] = i end")
    #expect(full?.kind == .memory)
    #expect(small.failure("string.rep('x', 1e6)")?.kind == .memory)
    #expect(try small.run("collectgarbage() return 1") == [1])
    #expect(small.memoryInUse <= 200_000)
  }

  @Test("an unfinished text is incomplete, a wrong one is not")
  func incomplete() {
    #expect(lua.failure("for i = 1, 2 do")?.isIncomplete == true)
    #expect(lua.failure("x = [[abc")?.isIncomplete == true)
    #expect(lua.failure("x = = 1")?.isIncomplete == false)
    #expect(lua.failure("error('near <eof>', 0)")?.isIncomplete == false)
  }

  @Test("Lua's own error values stay what they are, also through Swift")
  func values() throws {
    #expect(
      try lua.run("return pcall(apply, function() error('plain', 0) end)") == [false, "plain"])
    try lua.run("t = {} local ok, e = pcall(apply, function() error(t) end) assert(rawequal(e, t))")
    let error = try #require(lua.failure("t.code = 5 error(t)"))
    #expect(try error.value.asTable?.rawGet("code") == 5)
    #expect(error.message == "(error object is a table value)")
    #expect(error.position?.line == 1)
    #expect(lua.failure("error()")?.message == "(error object is a nil value)")
    #expect(
      lua.failure("error(setmetatable({}, {__tostring = function() return 'me' end}))")?
        .message == "me")
    #expect(lua.failure("error(setmetatable({}, {__tostring = error}))") != nil)
  }

  @Test("an error thrown by Swift itself carries its words and position")
  func ownErrors() throws {
    try lua.register("refuse") { _ in throw LuaError("no such thing") }
    #expect(lua.failure("\n\nrefuse()")?.message == "script.lua:3: no such thing")
  }

  @Test("the traceback shows the user's frames where the error was raised")
  func traceback() throws {
    let source = """
      local function inner() error("deep") end
      function outer() inner() end
      apply(outer)
      """
    let error = try #require(lua.failure(source))
    let text = try #require(error.traceback)
    #expect(text.contains("script.lua:1:") && text.contains("script.lua:2:"))
    #expect(text.contains("script.lua:3: in main chunk"))
    #expect(!text.contains("[C]: in ?"))
    let co = lua.failure("coroutine.wrap(function()\n local x\n error('in co')\nend)()")
    #expect(co?.traceback?.contains("script.lua:3:") == true, "\(co?.traceback ?? "none")")
    let swift = lua.failure("coroutine.wrap(function()\n local x\n boom(1)\nend)()")
    #expect(swift?.traceback?.contains("script.lua:3:") == true)
    #expect(lua.failure("local f = coroutine.wrap(boom)\nf(1)")?.message == "script.lua:2: boom 1")
  }

  @Test("a report is not passed on to a later error with the same words")
  func freshReport() throws {
    let source = """
      pcall(apply, function() error("same", 0) end)
      pcall(coroutine.wrap(function() error("same", 0) end))

      error("same", 0)
      """
    let error = try #require(lua.failure(source))
    #expect(error.position?.line == 4)
    #expect(error.traceback?.contains("script.lua:1") == false)
  }
}
