import Lua
import Testing

@Suite("The replaced functions keep Lua's own semantics") struct CoroutineTests {
  @Test(
    "stock behaviour",
    arguments: [
      // yields pass through nested calls and pcall
      """
      local co = coroutine.create(function(...)
        local function deep(x) local y = coroutine.yield(x) return y end
        local ok, v = pcall(deep, 1)
        local ok2, e = pcall(function() coroutine.yield(2) error("x", 0) end)
        local ok3, e3 = xpcall(function() coroutine.yield(3) error("y", 0) end,
          function(m) return m .. "!" end)
        return v, e, e3, select("#", ...)
      end)
      assert(select(2, coroutine.resume(co, nil, nil)) == 1)
      assert(select(2, coroutine.resume(co, "v")) == 2)
      assert(select(2, coroutine.resume(co)) == 3)
      local ok, v, e, e3, n = coroutine.resume(co)
      assert(ok and v == "v" and e == "x" and e3 == "y!" and n == 2)
      assert(coroutine.status(co) == "dead")
      local ok, m = coroutine.resume(co)
      assert(not ok and m == "cannot resume dead coroutine")
      """,
      // generators in for
      """
      local function range(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
      local s = 0
      for i in range(10) do s = s + i end
      assert(s == 55)
      """,
      // running, isyieldable, status
      """
      local main, ismain = coroutine.running()
      assert(ismain and not coroutine.isyieldable())
      local co
      co = coroutine.create(function()
        assert(coroutine.running() == co and coroutine.isyieldable())
        assert(coroutine.status(co) == "running" and coroutine.status(main) == "normal")
        local ok, e = pcall(coroutine.close, main)
        assert(e:match("cannot close a normal coroutine"))
        local ok, e = pcall(coroutine.close, co)
        assert(e:match("cannot close a running coroutine"))
      end)
      assert(coroutine.resume(co))
      """,
      // close runs to-be-closed variables and gives their error
      """
      local log = {}
      local function closer(name, err)
        return setmetatable({}, {__close = function(_, e)
          log[#log + 1] = name .. ":" .. tostring(e)
          if err then error(err, 0) end
        end})
      end
      local co = coroutine.create(function()
        local a <close> = closer("a")
        local b <close> = closer("b", "late")
        coroutine.yield()
      end)
      assert(coroutine.resume(co))
      local ok, e = coroutine.close(co)
      assert(not ok and e == "late" and log[1] == "b:nil" and log[2] == "a:late")
      assert(coroutine.close(coroutine.create(print)) == true)
      """,
      // wrap closes, adds position to strings and keeps other values
      """
      local closed
      local f = coroutine.wrap(function()
        local x <close> = setmetatable({}, {__close = function() closed = true end})
        error("inside", 0)
      end)
      local ok, e = pcall(function() f() end)
      assert(closed and e:match("^script.lua:%d+: inside$"), e)
      local t = {}
      local ok, e = pcall(coroutine.wrap(function() error(t) end))
      assert(e == t)
      """,
      // pcall and xpcall
      """
      assert(not pcall(pcall) and select("#", pcall(function() return nil, nil end)) == 3)
      assert(select(2, xpcall(function(...) return ... end, print, 7)) == 7)
      local ok, e = xpcall(error, function(e) return e + 1 end, 1)
      assert(not ok and e == 2)
      assert(not pcall(xpcall, print))
      """,
      // finalizers still run, with their object, and after errors
      """
      local seen = {}
      for i = 1, 3 do
        setmetatable({i}, {__gc = function(o) seen[o[1]] = true if o[1] == 2 then error("x") end end})
      end
      collectgarbage()
      assert(seen[1] and seen[2] and seen[3])
      local mt = {__gc = true}
      assert(getmetatable(setmetatable({}, mt)) == mt)
      assert(not pcall(setmetatable, setmetatable({}, {__metatable = 1}), {}))
      assert(not pcall(setmetatable, {}))
      """,
    ])
  func stock(source: String) throws { try LuaState().run(source) }
}
