import Testing

@testable import Lua

@Suite("what Swift holds of Lua") struct CollectingTests {
  /// Every allocation that may collect then collects everything.
  private func collectAlways(_ lua: LuaState) throws {
    try lua.run(
      "collectgarbage('setpause', 0) collectgarbage('incremental', 0, 1000, 100) collectgarbage()")
  }

  @Test("an object that only Swift holds stays the same value, and goes when Swift drops it")
  func heldObject() throws {
    let live = Tally()
    let lua = try LuaState()
    let meta = try lua.makeTable(fields: ["__name": "counted"])
    try lua.run("seen = setmetatable({}, {__mode = 'k'})")
    var value: LuaValue = try lua.wrap(Counted(live), metatable: meta)
    try lua.load("seen[...] = 'mine'", chunkName: "=note").call([value])
    for _ in 0..<3 { try lua.collectGarbage() }
    #expect(try lua.load("return seen[...]", chunkName: "=look").call([value]) == ["mine"])
    value = try lua.load("return ...", chunkName: "=id").call([value])[0]
    for _ in 0..<3 { try lua.collectGarbage() }
    #expect(try lua.load("return seen[...], ...", chunkName: "=look").call([value])[1] == value)
    #expect(live.value == 1)
    value = nil
    try lua.collectGarbage()
    #expect(live.value == 0)
    try lua.collectGarbage()  // a weak key goes in the cycle after its finalizer
    #expect(try lua.run("return next(seen)") == [nil])
  }

  @Test("values of every kind survive collections between any two calls of the border")
  func everyBorder() throws {
    let live = Tally()
    do {
      let lua = try LuaState()
      let meta = try lua.makeTable(fields: ["__name": "counted"])
      try lua.register("make") { call in
        let value = try call.state.wrap(Counted(live), metatable: meta)
        _ = try call.state.makeTable(array: [value, "x"])
        return [value, .table(try call.state.makeTable(fields: ["o": value]))]
      }
      try lua.register("apply") { call in
        let results = try #require(call.argument(1).asFunction).call([call.argument(2)])
        _ = try call.state.makeTable()
        return results + [call.argument(2)]
      }
      try collectAlways(lua)
      for _ in 0..<50 {
        let made = try lua.run("return make()")
        let object = try #require(made[0].asObject(Counted.self))
        #expect(try made[1].asTable?.rawGet("o") == made[0])
        let table = try lua.makeTable(array: [made[0]], fields: ["k": made[1]])
        try table.set("again", made[0])
        try table.rawSet(made[0], true)
        #expect(try table.rawGet(made[0]) == true)
        #expect(try lua.wrap(object, metatable: meta) == made[0])
        let through = try lua.load(
          "return apply(function(o) return {o}, o end, ...)", chunkName: "=t"
        ).call([made[0]])
        #expect(through[1] == made[0] && through[2] == made[0])
        #expect(try through[0].asTable?.get(1) == made[0])
        #expect(try table.rawPairs().contains { $0.0 == made[0] })
        let failure = lua.failure("error((make()))")
        #expect(failure?.value.asObject(Counted.self) != nil)
        #expect(try lua.describe(made[0]).hasPrefix("counted: "))
        let co = try lua.run("local o = make() return coroutine.wrap(function() return o end)")
        #expect(try co[0].asFunction?.call().first?.asObject(Counted.self) != nil)
      }
    }
    #expect(live.value == 0)
  }

  @Test("a hundred thousand entries leave nothing behind")
  func registry() throws {
    let lua = try LuaState()
    let meta = try lua.makeTable(fields: ["__name": "counted"])
    let live = Tally()
    try lua.register("make") { call in [try call.state.wrap(Counted(live), metatable: meta)] }
    let entry = try lua.load("return make(), {}, function() end, ...", chunkName: "=entry")
    let size = try lua.load(
      "local n = 0 for _ in next, debug.getregistry() do n = n + 1 end return n",
      chunkName: "=size")
    func rest() throws -> (fields: Int, bytes: Int) {
      for _ in 0..<2 { try lua.collectGarbage() }
      return (try #require(size.call()[0].int), lua.memoryInUse)
    }
    func enter(_ count: Int) throws {
      for i in 0..<count {
        let values = try entry.call([.integer(Int64(i))])
        if i % 10 == 0 { _ = try lua.describe(values[1]) }
        if i % 100 == 0 { _ = lua.failure("error({})") }
      }
    }
    try enter(10_000)
    let before = try rest()
    try enter(100_000)
    let after = try rest()
    #expect(after.fields <= before.fields, "\(before), \(after)")
    // What grows does so by less than a byte an entry: tables keep the size that they once had.
    #expect(after.bytes < before.bytes + 100_000, "\(before), \(after)")
    #expect(live.value == 0)
  }
}
