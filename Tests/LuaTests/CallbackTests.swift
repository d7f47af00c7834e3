import Lua
import Testing

@Suite struct CallbackTests {
  let lua: LuaState

  init() throws {
    lua = try LuaState()
    try lua.register("apply") { call in
      let function = try #require(call.argument(1).asFunction)
      return try function.call(Array(call.arguments.dropFirst()))
    }
  }

  @Test("values of every kind go through Lua unchanged, bytes included")
  func values() throws {
    let table = try lua.makeTable(array: [1, "two"], fields: ["x": 2.5])
    let bytes: [UInt8] = [0, 255, 10, 128]
    let values: [LuaValue] = [
      nil, true, false, 1, -7, 2.5, "text", .string(bytes), .table(table), LuaValue(Int.max),
    ]
    let identity = try lua.load("return ...", chunkName: "=id")
    #expect(try identity.call(values) == values)
    #expect(try lua.run("return 1, 1.0, '1'") == [1, 1.0, "1"])
    #expect(LuaValue.integer(1) != LuaValue.number(1))
    #expect(try lua.run("return coroutine.create(print)")[0].typeName == "thread")
    #expect(try table.rawGet("x") == 2.5)
    #expect(try table.rawCount == 2)
  }

  @Test("a table refuses a nil key with an error")
  func nilKey() throws {
    let table = try lua.makeTable()
    #expect(throws: LuaError.self) { try table.rawSet(nil, 1) }
    #expect(throws: LuaError.self) { try table.rawSet(.number(.nan), 1) }
    #expect(throws: LuaError.self) { try table.set(nil, 1) }
  }

  @Test("metamethods run for get and set, not for the raw twins")
  func metamethods() throws {
    let table = try lua.makeTable()
    let calls = Tally()
    let meta = try lua.makeTable(fields: [
      "__index": .function(
        try lua.makeFunction { call in
          calls.add(1)
          return [call.argument(2)]
        })
    ])
    try table.setMetatable(meta)
    #expect(try table.metatable == meta)
    #expect(try table.get("k") == "k")
    #expect(try table.rawGet("k") == nil)
    #expect(calls.value == 1)
    try table.setMetatable(nil)
    #expect(try table.metatable == nil)
  }

  @Test("raw pairs visits every pair once and stops when told")
  func pairs() throws {
    let table = try lua.makeTable(array: [10, 20, 30], fields: ["a": 1, "b": 2])
    let pairs = try table.rawPairs()
    #expect(Set(pairs.map(\.0)) == [1, 2, 3, "a", "b"])
    #expect(pairs.compactMap(\.1.int).reduce(0, +) == 63)
    var visits = 0
    try table.forEachRaw { _, _ in
      visits += 1
      return visits < 2
    }
    #expect(visits == 2)
    #expect(throws: Boom.self) { try table.forEachRaw { _, _ in throw Boom(code: 1) } }
    try table.forEachRaw { key, _ in
      try table.rawSet(key, nil)
      return true
    }
    #expect(try table.rawPairs().isEmpty)
  }

  @Test("Swift and Lua nest; values go to the coroutine that called")
  func nesting() throws {
    #expect(
      try lua.run("return apply(function(x) return apply(function(y) return y + x end, 2) end, 3)")
        == [5])
    let results = try lua.run(
      """
      local co = coroutine.wrap(function(a)
        local b = coroutine.yield(apply(function(x) return x * 2 end, a))
        return apply(function(x) return x, {x} end, b)
      end)
      local first = co(4)
      local second, t = co(5)
      return first, second, t[1]
      """)
    #expect(results == [8, 5, 5])
  }

  @Test("deep nesting works and an endless recursion is an error")
  func recursion() throws {
    try lua.run("function down(n) if n == 0 then return 0 end return 1 + apply(down, n - 1) end")
    #expect(try lua.run("return down(60)") == [60])
    #expect(lua.failure("local function f() return apply(f) end f()") != nil)
    try lua.run("local function f() return apply(pcall, f) end f()")  // caught at the bottom
    #expect(
      lua.failure("local function f() return coroutine.wrap(f)() end f()")?.message
        .contains("C stack overflow") == true)
    #expect(
      lua.failure(
        "local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) "
          + "return apply(function() return t[k] end) end return t.x") != nil)
    #expect(try lua.run("return down(60)") == [60])
  }

  @Test("a yield across a Swift callback is an error")
  func yieldAcross() throws {
    let source = """
      local co = coroutine.create(function() apply(function() coroutine.yield(1) end) end)
      local ok, e = coroutine.resume(co)
      assert(not ok)
      return tostring(e)
      """
    #expect(try lua.run(source)[0].text?.contains("yield across a C-call boundary") == true)
  }

  @Test("many arguments and results pass, too many are an error")
  func manyValues() throws {
    let identity = try lua.load("return ...", chunkName: "=id")
    let values = (0..<10_000).map { LuaValue($0) }
    #expect(try identity.call(values) == values)
    #expect(throws: LuaError.self) {
      try identity.call([LuaValue](repeating: 1, count: 1_100_000))
    }
    try lua.register("many") { _ in [LuaValue](repeating: 1, count: 1_100_000) }
    #expect(lua.failure("many()") != nil)
  }

  @Test("a function released by the debug library does not crash")
  func brokenUpvalue() throws {
    try lua.register("f") { _ in [1] }
    #expect(lua.failure("debug.setupvalue(f, 1, io.stdout) f()") != nil)
    try lua.register("g") { _ in [1] }
    #expect(
      lua.failure(
        "local _, box = debug.getupvalue(g, 1) debug.getmetatable(box).__gc(box) g()")?.message
        .contains("released") == true)
  }
}
