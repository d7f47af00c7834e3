import Foundation
import Testing

@Suite("what the shell shows", .serialized) struct ValueTests {
  @Test("values print themselves, nil and several included; a semicolon mutes")
  func values() throws {
    let shell = try ShellSession()
    for (code, shown) in [
      ("1 + 1", "2"), ("1 / 3", "0.333333"), ("2^10", "1024.0"), ("nil", "nil"),
      ("1, nil, 'a'", "1  nil  \"a\""), ("'it\\'s \"q\"'", "\"it's \\\"q\\\"\""), ("1 + 1;", ""),
      ("x = 5", ""), ("= x", "5"), ("(function() end)()", ""), ("{}", "{}"),
      ("{1, 2, 3}", "{1, 2, 3}"),
      ("{a = 1, b = 'two'}", "{a = 1, b = \"two\"}"), ("1/0, -1/0, 0/0", "inf  -inf  nan"),
      ("return 7", "7"), ("train", "function train; ?train explains it"),
      ("data.population { singular = {0.9} }", "population data: 1 input, 1 output, exact moments"),
    ] {
      let text = shell.enter(code)
      if code.hasPrefix("data") || code.contains("0/0") {
        #expect(text.hasPrefix(String(shown.prefix(8))), "\(code): \(text)")
      } else {
        #expect(text == shown, "\(code)")
      }
    }
  }

  @Test("_ is the last value, _1 to _9 those before it")
  func history() throws {
    let shell = try ShellSession()
    for i in 1...12 { shell.enter("\(i)" + (i % 2 == 0 ? ";" : "")) }
    #expect(shell.enter("local a, b, c = _, _1, _9 print(a, b, c)") == "12\t11\t3")
    #expect(shell.enter("_ * 2") == "24")
    #expect(shell.enter("_ + _1") == "36")
    shell.enter("nil")
    #expect(shell.enter("_") == "36")
  }

  @Test("rows are tables, long lists are cut with their count, cycles are marked")
  func tables() throws {
    let shell = try ShellSession()
    #expect(
      shell.enter(
        "{{l2 = 0.1, loss = 1/3, phase = 'zero'}, {l2 = 0.25, loss = 2, phase = 'learned'}}")
        == "  phase      loss    l2\n   zero  0.333333   0.1\nlearned         2  0.25")
    #expect(shell.enter("{{1, 2}, {3, 40}}") == "1   2\n3  40")
    #expect(shell.enter("linspace(1, 1000, 1000)").hasSuffix("20, ... 1000 in all}"))
    shell.enter("rows = {} for i = 1, 1e6 do rows[i] = {i = i} end")
    let rows = shell.enter("rows")
    #expect(rows.hasPrefix(" i\n 1\n") && rows.hasSuffix("20\n... 999980 more rows"))
    shell.enter(
      "t = {name = 'loop'} t.self = t t.inner = {up = t, deep = {}} t.inner.deep.back = t.inner")
    let cycle = shell.enter("t")
    #expect(
      cycle.contains("self   <cycle: the whole>") && cycle.contains("<cycle: inner>"), "\(cycle)")
    let nested = shell.enter("{a = {b = {c = {1, 2, {d = 3}}}}, list = {1, 2}}")
    #expect(nested == "a\n  b\n    c\n      [1]  1\n      [2]  2\n      [3]  {d = 3}\nlist  {1, 2}")
    shell.enter("deep = {} d = deep for i = 1, 50 do d.next = {} d = d.next end")
    #expect(shell.enter("deep").contains("{...}"))
    #expect(shell.enter("setmetatable({}, {__tostring = function() return 'mine' end})") == "mine")
    #expect(
      shell.enter("setmetatable({}, {__tostring = function() error('broken') end})")
        .contains("broken"))
    #expect(shell.enter("setmetatable({1}, {__index = error, __len = error})") == "{1}")
  }

  @Test("an expression behind statements is shown; an entry never swallows the next one")
  func lastExpressions() throws {
    let shell = try ShellSession()
    for (code, shown) in [
      ("q = {}; q.q = q; q", "{q = <cycle: the whole>}"), ("x = 5; x", "5"),
      ("x = 5; x + 1", "6"), ("local y = 2; y, y", "2  2"), ("x = 7; x;", ""),
      ("a = {1; 2}; {a[1]; 3}", "{1, 3}"), ("x = 1 -- no; 3", ""), ("x = ';'; x", "\";\""),
      ("f = function() return 1; end; f", "function: 1"),
      ("a = {}; a.b = a; {a, a}", "         b\n<cycle: 1>\n<cycle: 2>"),
    ] {
      let text = shell.enter(code)
      #expect(text == shown, "\(code): \(text)")
      #expect(shell.enter("11 + 1") == "12", "after \(code)")
    }
    for code in ["do x = 1; y end", "while true do x = 1; x end", "x = 3 4", "x = 3; 4 5"] {
      #expect(shell.enter(code).contains(" near '"), "\(code)")
      #expect(shell.enter("11 + 1") == "12", "after \(code)")
    }
  }

  @Test("tables that want to be awkward print soon, the same way twice, and disturb nothing")
  func awkward() throws {
    let code = #"""
      local m = {} m.__index = m setmetatable(m, m) print(m)
      print(setmetatable({1}, {__index = function() while true do end end, __len = error,
        __pairs = error, __name = ("x"):rep(1e6), __metatable = 5}))
      print({[true] = 1, [false] = 2, [{}] = 3, [{}] = 4, [print] = 5, [1.5] = 6, [-1] = 7})
      print({["a\nb\27[2J"] = 1, [("k"):rep(1e6)] = 2})
      print({("s"):rep(1e6), print, coroutine.create(print), io.stdout})
      local wide = {} for i = 1, 1e5 do wide["k" .. i] = i end print(wide)
      local all = {} for i = 1, 100 do all[{}] = i end print(all)
      local tree = {} for _ = 1, 8 do
        local next = {} for j = 1, 60 do next["k" .. j] = tree end tree = next
      end
      print(tree)
      local deep = {} for _ = 1, 1e5 do deep = {deep} end print(deep)
      """#
    let start = Date()
    let first = try kramers("-", input: code)
    #expect(first.status == 0 && first.errors.isEmpty, "\(first.errors)")
    #expect(first.output.utf8.count < 2_000_000 && Date().timeIntervalSince(start) < 10)
    #expect(try kramers("-", input: code).output == first.output)
    for words in [
      "{__index = <cycle: the whole>}\n", "\n{1}\n", "[-1]        7\n", "[true]      1",
      "[table]     3\n[table]     4\n", #"["a\nb\x1b[2J"]"#, "\"... 1000000 bytes",
      "... 100000 fields in all", "... 100 fields in all",
    ] {
      #expect(first.output.contains(words), "\(words)")
    }
  }

  @Test("a __tostring that errors or loops stops its entry and no other")
  func broken() throws {
    let shell = try ShellSession()
    shell.enter("t = setmetatable({}, {__tostring = function() error('broken') end})")
    #expect(shell.enter("t").contains("broken") && shell.enter("print(t)").contains("broken"))
    #expect(shell.enter("setmetatable({}, {__tostring = coroutine.yield})").contains("yield"))
    shell.enter("t = setmetatable({}, {__tostring = function() while true do end end})")
    for code in ["t", "print(t)", "'' .. tostring(t)"] {
      let before = shell.prompts
      shell.send(code + "\r")
      #expect(shell.wait { $0.text.contains(code) })
      usleep(300_000)
      shell.send("\u{3}")
      #expect(shell.wait { $0.prompts > before }, "\(code)")
      #expect(shell.enter("11 + 1") == "12")
    }
  }

  @Test("a collection at every allocation loses nothing that the shell shows")
  func collecting() throws {
    let shell = try ShellSession()
    shell.enter(
      "collectgarbage('setpause', 0) collectgarbage('incremental', 0, 1000, 100) collectgarbage()")
    let summary = "experiment: deep linear 1-1-1-1 on population, l2 = 0, lr = 0.05, step 0"
    let make = "experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1 }"
    for _ in 0..<5 {
      #expect(shell.enter(make) == summary)
      #expect(shell.enter("_") == summary && shell.enter("current()") == summary)
      #expect(shell.enter("_.data").hasPrefix("population: exact moments"))
      #expect(shell.enter("snapshot(), _1").hasPrefix("snapshot of deep linear 1-1-1-1"))
      #expect(shell.enter("train(3).steps") == "3")
      #expect(shell.enter("use(current())").hasPrefix("experiment: deep linear"))
    }
  }

  @Test("results and experiments read well")
  func results() throws {
    let shell = try ShellSession()
    #expect(
      shell.enter(
        "experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1 }")
        == "experiment: deep linear 1-1-1-1 on population, l2 = 0, lr = 0.05, step 0")
    let phases = shell.enter("phases()")
    #expect(phases.hasPrefix("phases (all ") && phases.contains("spinodal"))
    #expect(shell.enter("train(10);") == "")
    #expect(shell.enter("_.steps") == "10")
  }

  @Test("errors show their line and a caret, :bt the way there, nothing is lost")
  func errors() throws {
    let shell = try ShellSession()
    let text = shell.enter("train { stepz = 3 }")
    #expect(
      text
        == "error: [1]:1: train: unknown option 'stepz'; did you mean 'steps'?\n"
        + "  1 | train { stepz = 3 }\n    |         ^")
    shell.enter("function f() error('deep') end function g() f() end")
    #expect(shell.enter("g()").contains("[2]:1: deep"))
    let trace = shell.enter(":bt")
    #expect(trace.contains("function 'f'") && trace.contains("function 'g'"))
    #expect(shell.enter("x = 'unfinished").contains("unfinished string"))
    #expect(shell.enter(":wacth loss").contains("did you mean ':watch'?"))
    #expect(shell.enter("local kept = 5") == "")
    #expect(shell.enter("kept") == "5")
    #expect(shell.enter("local data = 1 print(data)") == "1")
    #expect(shell.enter("do local gone = 1 end print(gone)").contains("unknown name 'gone'"))
  }
}
