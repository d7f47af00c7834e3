import Testing

@testable import Lua

@Suite struct NamesTests {
  @Test("the state of math.random is four words that can be put back")
  func randomState() throws {
    let lua = try LuaState()
    try lua.seedRandom(7)
    let draw = try lua.load("return math.random(0), math.random(0)", chunkName: "=draw")
    try draw.call()
    let state = try lua.randomState
    #expect(state.count == 4)
    let first = try draw.call()
    try lua.setRandomState(state)
    #expect(try draw.call() == first)
    let other = try LuaState()
    try other.setRandomState(state)
    #expect(
      try other.load("return math.random(0), math.random(0)", chunkName: "=d").call() == first)
  }

  @Test("allocation failures leave pairs, names and random intact")
  func noMemory() throws {
    let lua = try LuaState()
    let unknown = try lua.makeFunction { call in throw LuaError("no \(call.argument(1))") }
    let names = try lua.makeTable(fields: ["verb": 1])
    try lua.makeStrict(names, unknown: unknown)
    try lua.guardGlobals(names: names, taken: unknown)
    try lua.setStrict(chunkName: "@script.lua")
    let source = """
      local t = {}
      for i = 1, 40 do t["x" .. i] = i t[{}] = i end
      for k, v in pairs(t) do t[k] = nil end
      assert(not next(t))
      for k in pairs(_G) do local _ = k end
      math.randomseed()
      return verb, pcall(function() return undefined end)
      """
    for n in 0..<400 {
      lua.failAllocations(after: n, times: 1)
      _ = try? lua.run(source)
      lua.failAllocations(after: nil)
      #expect(try lua.run(source).first == 1)
    }
  }

  @Test("a cursor reads a tree in place")
  func cursor() throws {
    let lua = try LuaState()
    let value = try lua.run("return {1, 2.5, 'x', true, {y = {}}, print}").first?.asTable
    let table = try #require(value)
    var kinds: [LuaCursor.Kind] = []
    try table.read { cursor in
      #expect(cursor.count == 6)
      try cursor.forEachElement { _, element in
        kinds.append(element.kind)
        guard element.kind == .table else { return }
        try element.forEach { key, inner in
          if case .string("y") = key { kinds.append(inner.kind) }
          #expect(inner.count == 0)
        }
      }
    }
    #expect(kinds == [.integer, .number, .string, .boolean, .table, .table, .other])
  }
}
