import Foundation
import Testing

@Suite struct NamesTests {
  @Test(
    "an undefined name is an error with the nearest one",
    arguments: [
      ("set_12 {}", "unknown name 'set_12'; did you mean 'set_l2'?"),
      ("prnt(1)", "unknown name 'prnt'; did you mean 'print'?"),
      ("local t = {}\nt.x = zzzzzzzz", "unknown name 'zzzzzzzz'\n"),
      ("data.gausian {}", "unknown name 'data.gausian'; did you mean 'data.gaussian'?"),
      ("local f = function() return _G.tran end f()", "unknown name 'tran'"),
      ("length = 1\nprint(lenght)", "unknown name 'lenght'; did you mean 'length'?"),
    ])
  func unknown(code: String, words: String) throws {
    for run in [try kramers("-e", code), try kramers("-", input: code)] {
      #expect(run.status == 1)
      #expect(run.errors.contains(words), "\(run.errors)")
      #expect(run.errors.contains("^"))
    }
  }

  @Test("the public names cannot be assigned, from anywhere; locals and fields can")
  func taken() throws {
    let words = "is a verb of Kramers; choose another name (local train = ... is fine)"
    #expect(try kramers("-e", "train = 3").errors.contains("'train' \(words)"))
    #expect(try kramers("-e", "function train() end").errors.contains(words))
    #expect(try kramers("-e", "load('train = 3')()").errors.contains(words))
    #expect(try kramers("-e", "_G.train = 3").errors.contains(words))
    for name in ["data", "emit", "help", "experiment", "log"] {
      let run = try kramers("-e", "\(name) = 1")
      #expect(run.status == 1, "\(name)")
      #expect(run.errors.contains("'\(name)' is a"))
    }
    let fine = """
      local train = 3
      local t = { emit = 4 }
      print = print
      tau = 5
      io.write(train, t.emit, tau)
      """
    #expect(try kramers("-", input: fine).output == "345")
  }

  @Test("modules see nil for an undefined name, as in Lua")
  func modules() throws {
    let module = """
      local M = { at_load = undefined_there }
      function M.later() return undefined_later end
      return M
      """
    try withFile(module) { path in
      let url = URL(fileURLWithPath: path)
      let name = url.deletingPathExtension().lastPathComponent
      let code = """
        package.path = '\(url.deletingLastPathComponent().path)/?.lua'
        local m = require('\(name)')
        print(m.at_load, m.later(), dofile('\(path)').later())
        """
      let run = try kramers("-", input: code)
      #expect(run.output == "nil\tnil\tnil\n")
    }
  }

  @Test("rawget, rawset and pairs of the globals behave, their metatable is protected")
  func raw() throws {
    let code = """
      print(rawget(_G, "nothing"), rawget(_G, "train"))
      rawset(_G, "mine", 1)
      local seen = {}
      for name in pairs(_G) do seen[name] = true end
      print(mine, seen.mine, seen.train, seen.string)
      print(pcall(setmetatable, _G, {}))
      """
    let run = try kramers("-", input: code)
    #expect(
      run.output
        == "nil\tnil\n1\ttrue\ttrue\ttrue\nfalse\tcannot change a protected metatable\n")
  }

  @Test("a public name costs little more than a global of Lua's own")
  func cost() throws {
    let code = """
      local function time(f)
        local best = math.huge
        for _ = 1, 5 do
          local start = os.clock()
          for _ = 1, 1e6 do f() end
          best = math.min(best, os.clock() - start)
        end
        return best
      end
      print(time(function() return train end) / time(function() return type end))
      """
    let run = try kramers("-", input: code)
    #expect((Double(run.output.dropLast()) ?? .infinity) < 4, "\(run.output)")
  }
}
