import Foundation
import Lua
import Testing

@Suite struct CostTests {
  @Test("an empty call from Lua to Swift and back stays far below ten microseconds")
  func emptyCall() throws {
    let lua = try LuaState()
    try lua.register("noop") { _ in [] }
    try lua.register("twice") { call in [LuaValue((call.arguments[0].double ?? 0) * 2)] }
    try lua.register("apply") { call in try call.argument(1).asFunction?.call() ?? [] }
    try lua.globals.rawSet("object", lua.wrap(Counted(Tally()), metatable: lua.makeTable()))
    try lua.globals.rawSet("tbl", .table(lua.makeTable()))
    func nanoseconds(_ source: String, _ n: Int) throws -> Double {
      let function = try lua.load("for i = 1, \(n) do \(source) end", chunkName: "=cost")
      let start = ContinuousClock.now
      try function.call()
      return (ContinuousClock.now - start) / .nanoseconds(1) / Double(n)
    }
    let empty = try nanoseconds("noop()", 200_000)
    let parts = [
      "empty \(Int(empty))", "number \(Int(try nanoseconds("twice(1.5)", 200_000)))",
      "object \(Int(try nanoseconds("noop(object)", 200_000)))",
      "table \(Int(try nanoseconds("noop(tbl)", 200_000)))",
      "callback \(Int(try nanoseconds("apply(noop)", 50_000)))",
    ]
    if ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil {
      print("ns per call:", parts.joined(separator: ", "))
    }
    #expect(empty < 10_000)
  }
}
