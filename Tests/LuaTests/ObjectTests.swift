import Testing

@testable import Lua

@Suite struct ObjectTests {
  @Test("an object comes back by identity and is released by the collector")
  func lifetime() throws {
    let live = Tally()
    let lua = try LuaState()
    let meta = try lua.makeTable(fields: [
      "__name": "counted",
      "__index": .function(
        try lua.makeFunction { call in
          #expect(call.argument(1).asObject(Counted.self) != nil)
          return [call.argument(2)]
        }),
      "__tostring": .function(try lua.makeFunction { _ in ["a counted object"] }),
    ])
    do {
      let object = Counted(live)
      let value = try lua.wrap(object, metatable: meta)
      try lua.globals.rawSet("o", value)
      #expect(try lua.globals.rawGet("o").asObject(Counted.self) === object)
      #expect(try lua.run("return o.field, tostring(o)") == ["field", "a counted object"])
      try lua.globals.rawSet("p", try lua.wrap(object, metatable: meta))
      #expect(try lua.run("return rawequal(o, p), type(o)") == [true, "userdata"])
    }
    try lua.collectGarbage()
    #expect(live.value == 1)
    try lua.run("o, p = nil")
    try lua.collectGarbage()
    #expect(live.value == 0)
  }

  @Test("a metatable moved to a foreign userdata makes no object of it")
  func forged() throws {
    let lua = try LuaState()
    let meta = try lua.makeTable()
    let object = Counted(Tally())
    try lua.globals.rawSet("o", try lua.wrap(object, metatable: meta))
    try lua.run("f = io.tmpfile() debug.setmetatable(f, debug.getmetatable(o))")
    #expect(try lua.globals.rawGet("f").asObject(Counted.self) == nil)
    try lua.run("debug.getmetatable(o).__gc(o)")
    #expect(try lua.globals.rawGet("o").asObject(Counted.self) == nil)
    #expect(try lua.wrap(object, metatable: meta).asObject(Counted.self) === object)
  }

  @Test("closing the state releases objects and closures, and references stay harmless")
  func closing() throws {
    let live = Tally()
    var state: LuaState? = try LuaState()
    let core = try #require(state?.core)
    let table = try #require(try state?.makeTable(array: [1]))
    if let state {
      let captured = Counted(live)
      try state.register("f") { _ in
        _ = captured
        return [.table(table)]
      }
      try state.globals.rawSet(
        "o", try state.wrap(Counted(live), metatable: try state.makeTable()))
      let finalizer = try state.makeFunction { _ in
        Issue.record("entered while the state closes")
        return []
      }
      try state.makeTable(fields: ["x": 1]).setMetatable(
        try state.makeTable(fields: ["__gc": .function(finalizer)]))
      try state.run("keep = setmetatable({}, {__gc = function() f() end})")
    }
    state = nil
    #expect(live.value == 0)
    #expect(core.leftover?.bytes == 0 && core.leftover?.boxes == 0)
    #expect(throws: LuaError.self) { try table.rawGet(1) }
  }

  @Test("references are released, also inside callbacks")
  func references() throws {
    let lua = try LuaState()
    try lua.register("drop") { call in
      for _ in 0..<100 { _ = try call.state.makeTable(array: [1, 2, 3]) }
      return []
    }
    try lua.run("drop() collectgarbage()")
    let before = lua.memoryInUse
    for _ in 0..<50 {
      try lua.run("drop() drop(drop, {})")
      for _ in 0..<100 { _ = try lua.run("return {}, print") }
    }
    try lua.collectGarbage()
    #expect(lua.memoryInUse < before + 20_000)
  }

  @Test("a value of another state is refused")
  func foreign() throws {
    let (a, b) = (try LuaState(), try LuaState())
    let table = try a.makeTable()
    #expect(throws: LuaError.self) { try b.globals.rawSet("t", .table(table)) }
    try b.register("leak") { _ in
      do { try a.run("error({})") }
      return []
    }
    #expect(b.failure("leak()")?.underlying != nil)
  }

  @Test("identity of tables is Lua's")
  func identity() throws {
    let lua = try LuaState()
    let values = try lua.run("local t = {} t.t = t return t, t, {}")
    #expect(values[0] == values[1] && values[0] != values[2])
    #expect(try values[0].asTable?.rawGet("t") == values[0])
    #expect(values[0].asTable?.rawPointer == values[1].asTable?.rawPointer)
  }
}
