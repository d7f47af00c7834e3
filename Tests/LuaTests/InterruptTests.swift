import Dispatch
import Foundation
import Synchronization
import Testing

@testable import Lua

/// Runs `body` on a thread of its own, with every signal blocked as on Dispatch's workers, and gives
/// up after 5 s: a loop that does not stop fails the test instead of hanging it. (Not on a Dispatch
/// queue, which would have no worker left after two such loops.)
private func watched<Result: Sendable>(
  _ what: String, _ body: @escaping @Sendable () throws -> Result
) throws -> Result {
  let result = Box<Swift.Result<Result, any Error>?>(nil)
  let done = DispatchSemaphore(value: 0)
  Thread.detachNewThread {
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    let outcome = Swift.Result { try body() }
    result.value.withLock { $0 = outcome }
    done.signal()
  }
  try #require(done.wait(timeout: .now() + 5) == .success, "did not stop: \(what)")
  return try #require(result.value.withLock { $0 }).get()
}

private final class Box<Value: Sendable>: Sendable {
  let value: Mutex<Value>
  init(_ value: Value) { self.value = Mutex(value) }
}

@Suite("The interrupt stops whatever Lua does", .serialized) struct InterruptTests {
  /// The error that `source` ends with when `request` is called after 50 ms.
  private func stopped(
    _ source: String, by request: @escaping @Sendable (LuaInterrupt) -> Void = { $0.request() }
  ) throws -> LuaError {
    try watched(source) {
      let lua = try LuaState()
      try lua.register("apply") { call in try call.argument(1).asFunction?.call() ?? [] }
      try lua.register("spin") { call in
        while !call.state.interrupt.isRequested {}
        throw LuaInterrupted()
      }
      try lua.register("boom") { _ in throw Boom(code: 1) }
      let interrupt = lua.interrupt
      Thread.detachNewThread {
        Thread.sleep(forTimeInterval: 0.05)
        request(interrupt)
      }
      let error = lua.failure(source)
      interrupt.clear()
      #expect(try lua.run("local n = 0 for i = 1, 1000 do n = n + i end return n") == [500500])
      return try #require(error, "ended by itself: \(source)")
    }
  }

  @Test(
    "a loop stops",
    arguments: [
      "while true do end",
      "repeat until false",
      "for i = 1, math.huge do end",
      "local function f() return f() end f()",
      "::top:: goto top",
      "while true do pcall(error) end",
      "while true do pcall(function() while true do end end) end",
      "while true do pcall(pcall, pcall, error) end",
      "while true do xpcall(error, function() while true do end end) end",
      "while true do xpcall(function() while true do end end, function() while true do end end) end",
      "xpcall(error, function() while true do pcall(error) end end)",
      "local t = setmetatable({}, {__index = function(_, k) while true do end end}) while true do pcall(function() return t.x end) end",
      "local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end",
      "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
      "for x in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end",
      "while true do pcall(coroutine.wrap(function() pcall(function() while true do end end) end)) end",
      "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do pcall(co) end",
      "local function deep(n) if n == 0 then while true do end end return coroutine.wrap(deep)(n - 1) end while true do pcall(deep, 20) end",
      "while true do local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield() end) coroutine.resume(co) coroutine.close(co) end",
      "while true do pcall(coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x') end)) end",
      "while true do pcall(table.sort, {3, 2, 1, 5, 4}, function(a, b) while true do end end) end",
      "local t = {} for i = 1, 1e5 do t[i] = (i * 7919) % 100003 end while true do table.sort(t, function(a, b) return a < b end) end",
      "while true do string.gsub(string.rep('a', 1000), '.', function() return 'b' end) end",
      "string.gsub('abc', '.', function() while true do end end)",
      "setmetatable({}, {__gc = function() while true do end end}) while true do collectgarbage() end",
      "while true do setmetatable({}, {__gc = function() while true do end end}) collectgarbage() end",
      "setmetatable({}, {__gc = function() while true do pcall(error) end end}) collectgarbage() while true do end",
      "while true do local x <close> = setmetatable({}, {__close = function() while true do end end}) end",
      "while true do pcall(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x') end) end",
      "for i = 1, math.huge do pcall(pcall, pcall, pcall, function() local t = {} t.x.y = 1 end) end",
      "while true do pcall(load, function() return ' ' end) end",
      "while true do pcall(load, function() while true do end end) end",
      "while true do pcall(boom) end",
      "while true do pcall(apply, function() while true do end end) end",
      "while true do pcall(apply, function() apply(function() while true do end end) end) end",
      "while true do pcall(coroutine.wrap(function() apply(function() while true do end end) end)) end",
      "while true do pcall(spin) end",
      "while true do xpcall(spin, function() while true do end end) end",
      "coroutine.wrap(function() pcall(spin) while true do end end)()",
      "local function f() pcall(f) pcall(f) end while true do f() end",
      "debug.sethook(function() end, '', 1000) while true do end",
      "while true do tostring(setmetatable({}, {__tostring = function() while true do end end})) end",
    ])
  func stops(source: String) throws {
    let error = try stopped(source)
    #expect(error.kind == .interrupted, "\(source): \(error)")
    #expect(error.message.hasSuffix("interrupted"))
  }

  @Test("the stop names the line that ran")
  func position() throws {
    let error = try stopped("local n = 0\nwhile true do\n  n = n + 1\nend")
    #expect(error.position?.chunk == "script.lua" && (2...4).contains(error.position?.line ?? 0))
    #expect(error.traceback?.contains("in main chunk") == true)
  }

  @Test("a request before the call stops it, and clearing lets it run")
  func before() throws {
    try watched("before") {
      let lua = try LuaState()
      lua.interrupt.request()
      #expect(lua.failure("return 1")?.kind == .interrupted)
      #expect(lua.failure("return 1")?.kind == .interrupted)
      lua.interrupt.clear()
      #expect(try lua.run("return 1") == [1])
    }
  }

  @Test("LuaInterrupted passes every pcall and asks for the stop itself")
  func thrown() throws {
    try watched("thrown") {
      let lua = try LuaState()
      try lua.register("stop") { _ in throw LuaInterrupted() }
      #expect(lua.failure("pcall(stop) survived = true")?.kind == .interrupted)
      #expect(lua.interrupt.isRequested)
      lua.interrupt.clear()
      #expect(try lua.globals.rawGet("survived") == nil)
    }
  }

  @Test("a Swift error thrown at a stop keeps its cause")
  func partial() throws {
    try watched("partial") {
      let lua = try LuaState()
      try lua.register("work") { call in
        call.state.interrupt.request()
        throw Boom(code: 3)
      }
      let error = try #require(lua.failure("return work()"))
      #expect(error.underlying as? Boom == Boom(code: 3) && error.kind == .interrupted)
      lua.interrupt.clear()
    }
  }

  @Test("one state's interrupt leaves the others alone")
  func separate() throws {
    try watched("separate") {
      let (a, b) = (try LuaState(), try LuaState())
      a.interrupt.request()
      #expect(try b.run("local n = 0 for i = 1, 1e5 do n = n + 1 end return n") == [100_000])
      try b.register("inner") { _ in
        #expect(a.failure("while true do end")?.kind == .interrupted)
        return []
      }
      try b.run("inner()")
      #expect(!b.interrupt.isRequested)
    }
  }

  /// To the process, as a terminal does: this thread may block the signal.
  private func send(_ signal: Int32) {
    let before = LuaSignals.count
    kill(getpid(), signal)
    for _ in 0..<2000 where LuaSignals.count == before { usleep(1000) }
  }

  @Test("SIGINT reaches the state, counts, and a second one within two seconds is level 2")
  func signals() throws {
    defer { LuaSignals.restore() }
    let error = try stopped("while true do pcall(error) end") {
      LuaSignals.install($0)
      kill(getpid(), SIGINT)
    }
    #expect(error.kind == .interrupted)
    #expect(LuaSignals.received == SIGINT && LuaSignals.level == 1 && LuaSignals.count == 1)
    send(SIGINT)
    #expect(LuaSignals.level == 2 && LuaSignals.count == 2)
    LuaSignals.clear()
    #expect(LuaSignals.level == 0 && LuaSignals.received == 0)
    send(SIGTERM)
    #expect(LuaSignals.received == SIGTERM && LuaSignals.level == 1)
    LuaSignals.clear()
  }
}
