import Foundation
import Testing

@testable import Lua

@Suite("Running out of memory") struct FaultTests {
  /// Uses every kind of helper; `boom` throws, `apply` calls back, `vec`, `mat` and `obj` make things.
  static let script = """
    local t = setmetatable({}, {__gc = function() str() end, __index = function(_, k) return str() .. k end})
    for i = 1, 1 do
      local s = str() .. i
      t[#t + 1] = vec()
      t[#t + 1] = mat()
      t[#t + 1] = obj()
      local ok, e = pcall(boom)
      if not ok then t[#t + 1] = tostring(e) .. e end
      t[#t + 1] = apply(function(x) local s = str() .. tostring(x) return #s, {s} end)
      xpcall(boom, function(e) return {e} end)
      t["k" .. i] = sum(t[1])
    end
    local co = coroutine.wrap(function()
      coroutine.yield(vec())
      apply(function() return obj() end)
      boom()
    end)
    co()
    pcall(co)
    local co2 = coroutine.create(function() local x <close> = obj() coroutine.yield(str()) end)
    coroutine.resume(co2)
    coroutine.close(co2)
    walk(t)
    assert(load("return " .. 1))()
    apply(boom)
    """

  /// Lua tries a failed allocation once more after a collection: two failures are one error, after
  /// which the script finds memory again.
  @Test(
    "the n-th allocation may fail: every callback is left, nothing leaks, the state goes on",
    arguments: [nil, 2])
  func everyAllocation(times: Int?) throws {
    let long = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil
    let (entered, left, live) = (Tally(), Tally(), Tally())
    var (memory, raised) = (0, 0)
    for n in 0...(long ? 1500 : 300) {
      var state: LuaState? = try LuaState()
      let core = try #require(state?.core)
      if let lua = state {
        try register(lua, entered, left, live)
        lua.failAllocations(after: n, times: times)
        do {
          try lua.register("late") { _ in [] }
          try lua.run(Self.script)
          Issue.record("the script should end with an error")
        } catch let error as LuaError {
          if error.kind == .memory { memory += 1 }
          if error.underlying is Boom { raised += 1 }
          #expect(
            error.kind == .memory || error.underlying is Boom
              || error.message.contains("not enough memory"), "\(n): \(error)")
        }
        lua.failAllocations(after: nil)
        #expect(try lua.run("collectgarbage() return #str()") == [100])
        #expect(lua.failure("boom()")?.underlying as? Boom == Boom(code: 1))
      }
      state = nil
      #expect(core.leftover?.bytes == 0 && core.leftover?.boxes == 0, "n = \(n)")
    }
    #expect(entered.value == left.value && entered.value > 0)
    #expect(live.value == 0)
    if long {
      print("faults: \(memory) memory errors, \(raised) ended in Boom, \(entered.value) callbacks")
    }
    #expect(memory > 50 && raised > 0)
  }

  @Test("a state that does not fit its limit is refused or works", .timeLimit(.minutes(1)))
  func opening() throws {
    var refused = 0
    for limit in stride(from: 500, through: 60_000, by: 500) {
      do {
        let lua = try LuaState(memoryLimit: limit)
        #expect(lua.memoryInUse <= limit)
      } catch let error as LuaError {
        #expect(error.kind == .memory)
        refused += 1
      }
    }
    #expect(refused > 10 && refused < 120)
  }

  private func register(_ lua: LuaState, _ entered: Tally, _ left: Tally, _ live: Tally) throws {
    func register(_ name: String, _ body: @escaping LuaBody) throws {
      try lua.register(name) { call in
        entered.add(1)
        defer { left.add(1) }
        return try body(call)
      }
    }
    try register("str") { _ in [LuaValue(String(repeating: "y", count: 100))] }
    try register("vec") { call in [.table(try call.state.tableFrom([1, 2, 3, 4]))] }
    try register("mat") { call in [.table(try call.state.tableFrom([1, 2, 3, 4], columns: 2))] }
    try register("boom") { _ in throw Boom(code: 1) }
    try register("apply") { call in try call.argument(1).asFunction?.call([3]) ?? [] }
    try register("sum") { call in
      [LuaValue(try call.argument(1).asTable?.numbers().reduce(0, +) ?? 0)]
    }
    try register("obj") { call in
      let meta = try call.state.makeTable(fields: [
        "__index": .function(try call.state.makeFunction { _ in [] }),
        "__close": .function(try call.state.makeFunction { _ in [] }),
      ])
      return [try call.state.wrap(Counted(live), metatable: meta)]
    }
    try register("walk") { call in
      for (key, value) in try call.argument(1).asTable?.rawPairs() ?? [] {
        _ = try call.state.describe(value)
        _ = try call.argument(1).asTable?.get(key)
      }
      return []
    }
  }
}
