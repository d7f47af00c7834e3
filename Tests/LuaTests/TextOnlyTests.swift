import Foundation
import Lua
import Testing

@Suite("Only text is loaded") struct TextOnlyTests {
  @Test("bytecode is refused on every path, with a sentence")
  func refused() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lua-text-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let lua = try LuaState()
    try lua.globals.rawSet("folder", LuaValue(folder.path))
    let source = """
      local code = string.dump(function() return 1 end)
      local path = folder .. "/binary.lua"
      local file = assert(io.open(path, "wb"))
      file:write(code)
      file:close()
      package.path = folder .. "/?.lua"
      local words = {}
      local function refused(ok, message)
        assert(not ok)
        words[#words + 1] = assert(message:match("bytecode is refused: only Lua source text can be loaded"), message)
      end
      refused(load(code))
      refused(load(code, "x", "b"))
      refused(load(code, "x", "bt", {}))
      refused(load("return 1", "x", "b"))
      local pieces = {code:sub(1, 5), code:sub(6)}
      refused(load(function() return table.remove(pieces, 1) end))
      refused(loadfile(path))
      refused(loadfile(path, "b"))
      refused(pcall(dofile, path))
      refused(pcall(require, "binary"))
      return #words, code
      """
    let results = try lua.run(source)
    #expect(results[0] == 9)
    guard case .string(let code) = results[1] else { return #expect(Bool(false), "no bytecode") }
    let error = #expect(throws: LuaError.self) { try lua.load(code, chunkName: "=x") }
    #expect(error?.kind == .syntax)
    #expect(error?.message.contains("bytecode is refused") == true)
  }

  @Test("text still loads, with its environment, name and arguments")
  func accepted() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lua-text-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let lua = try LuaState()
    try lua.globals.rawSet("folder", LuaValue(folder.path))
    try lua.run(
      """
      local path = folder .. "/module.lua"
      local file = assert(io.open(path, "w"))
      file:write("#!/usr/bin/env lua\\nlocal name, where = ... return {name = name, where = where}")
      file:close()
      package.path = folder .. "/?.lua"
      local m, where = require("module")
      assert(m.name == "module" and m.where == path and where == path)
      assert(not pcall(require, "missing"))
      assert(select(2, pcall(require, "missing")):find("no file", 1, true))
      assert(load("return x", "=n", "t", {x = 5})() == 5)
      assert(load("return x", "=n", nil, {x = 6})() == 6)
      assert(load("x = 1; return _ENV", "=n", "t", nil) ~= nil)
      assert(select(2, load("= 1", "=n")):match("^n:1:"))
      assert(loadfile(path)().name == nil and dofile(path).where == nil)
      assert(loadfile(folder .. "/none.lua") == nil)
      local co = coroutine.wrap(function()
        local f = assert(io.open(path, "w")) f:write("return coroutine.yield(1)") f:close()
        return dofile(path)
      end)
      assert(co() == 1 and co(2) == 2)
      """)
  }
}
