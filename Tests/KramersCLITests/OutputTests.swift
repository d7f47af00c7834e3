import Foundation
import Testing

private let setup =
  "experiment{data = data.population{singular = {0.9}}, depth = 3, width = 2, lr = 0.1} "

@Suite struct OutputTests {
  @Test("records are JSON lines: sorted keys, a header first, non-finite numbers named")
  func records() throws {
    let run = try kramers("-e", "emit{b = 1, a = {0.1, 1/0}, c = {}, d = {e = 0/0}}")
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].contains("\"kind\":\"header\""))
    #expect(
      lines[1]
        == "{\"a\":[0.1,null],\"b\":1,\"c\":[],\"d\":{\"e\":null},"
        + "\"nonfinite\":{\"a.2\":\"inf\",\"d.e\":\"nan\"}}")
  }

  @Test("every value that Lua has leaves as JSON that jq reads, one object a line")
  func values() throws {
    let code = """
      emit { z = 1, Z = 2, ["é"] = 3, a = 4, ["a\\0"] = 5 }
      emit { s = "\\xff\\xfe ok \\0 \\27 \\127 \\" \\\\ \\n\\r\\t" }
      emit { i = 1 << 53, j = (1 << 53) + 1, k = math.mininteger, l = math.maxinteger }
      emit { x = 0.1 + 0.2, y = 5e-324, v = 1.7976931348623157e308, w = -0.0, u = 100.0, t = 1e16 }
      emit { t = true, f = false, n = -math.huge, list = { 1, "a", {} , { b = {} } } }
      emit {}
      emit(7)
      emit { 1, 0/0 }
      emit { [10] = "sparse", [-1] = "negative", [0.5] = "half" }
      """
    let run = try kramers("-", input: code)
    let expected = [
      #"{"Z":2,"a":4,"a\u0000":5,"z":1,"é":3}"#,
      #"{"s":"\#u{FFFD}\#u{FFFD} ok \u0000 \u001b \u007f \" \\ \n\r\t"}"#,
      #"{"i":9007199254740992,"j":"9007199254740993","k":"-9223372036854775808","#
        + #""l":"9223372036854775807"}"#,
      #"{"t":1e+16,"u":100.0,"v":1.7976931348623157e+308,"w":-0.0,"x":0.30000000000000004,"#
        + #""y":5e-324}"#,
      #"{"f":false,"list":[1,"a",[],{"b":[]}],"n":null,"nonfinite":{"n":"-inf"},"t":true}"#,
      "{}", #"{"value":7}"#, #"{"nonfinite":{"value.2":"nan"},"value":[1,null]}"#,
      #"{"-1":"negative","0.5":"half","10":"sparse"}"#,
    ]
    let lines = run.output.split(separator: "\n").dropFirst().map(String.init)
    #expect(lines == expected, "\(run.output)\(run.errors)")
    let jq = try shell("$KRAMERS -e '\(code.replacing("'", with: ""))' | jq -e . > /dev/null")
    #expect(jq.status == 0, "\(jq.errors)")
  }

  @Test("what is no data is refused, with its path")
  func noData() throws {
    for (code, words) in [
      ("emit { a = { b = print } }", "emit: a.b is a function, which is no data"),
      ("local t = {} t.t = t emit(t)", "nested more than 100 deep, or contains itself"),
      ("emit { [{}] = 1 }", "emit: the value has a table as a key"),
      ("emit { [1] = 1, ['1'] = 2 }", "two keys that read '1'"),
      ("emit(1, 2)", "emit: takes one value, got 2"),
    ] {
      let run = try kramers("-e", code)
      #expect(run.status == 1 && run.errors.contains(words), "\(run.errors)")
      #expect(run.output.isEmpty)
    }
  }

  @Test("the header says what made the records, and only those have one")
  func header() throws {
    #expect(try kramers("-e", "print('a', 1)").output == "a\t1\n")
    try withFile("emit { x = 1 }") { path in
      let run = try kramers("--seed", "7", "--timings", "--threads", "2", path, "u", "--v")
      let header = try #require(run.records.first)
      #expect(header["kind"] as? String == "header")
      #expect(header["version"] as? String == "0.2.0")
      #expect(header["seed"] as? Int == 7)
      #expect(header["script"] as? String == path)
      #expect(header["arguments"] as? [String] == ["u", "--v"])
      #expect(header["timings"] as? Bool == true)
      #expect(header["threads"] == nil)
    }
  }

  @Test("fields that depend on the clock stand in results only with --timings")
  func timings() throws {
    let code = setup + "local r = train(10) emit(r) emit{seconds = 5} emit{run = r}"
    let plain = try kramers("-e", code).records
    #expect(plain[1]["seconds"] == nil && plain[1]["steps_per_second"] == nil)
    #expect(plain[2]["seconds"] as? Int == 5)
    #expect((plain[3]["run"] as? [String: Any])?["seconds"] == nil)
    let timed = try kramers("--timings", "-e", code).records
    #expect(timed[1]["seconds"] is Double)
  }

  @Test("a printed result leaves in the current format, other values as Lua's text")
  func formats() throws {
    let code = setup + "print(train(10)) print(1.5, 'x')"
    let json = try kramers("--json", "-e", code)
    #expect(json.records.count == 2 && json.output.hasSuffix("1.5\tx\n"))
    let table = try kramers("--format", "table", "-e", code)
    #expect(table.output.hasPrefix("run (all ") && table.output.hasSuffix("1.5\tx\n"))
    let emitted = try kramers("--format", "table", "-e", setup + "emit(train(10))")
    #expect(emitted.output.hasPrefix("run\n  outcome"))
    #expect(!table.output.contains("\u{1B}"))
    let csv = try kramers("--format", "csv", "-e", code)
    #expect(csv.output.hasPrefix("kind,outcome,steps,"))
    #expect(csv.errors.contains("left out of the CSV, as nested: modes, trace"))
    #expect(try kramers("--quiet", "--format", "csv", "-e", code).errors.isEmpty)
    #expect(try kramers("-e", setup + "print(tostring(train(10)))").output.hasPrefix("run (all "))
  }

  @Test("print and log show what is in a table; no address leaves the program")
  func noAddresses() throws {
    let code = """
      local t = { 1, 2 }
      print(t)
      print("a", t, { x = 1/3, y = "s" }, 2.0)
      print({ a = { 1, { 2 } }, b = 1e300 }, 3)
      log("of", t)
      print(setmetatable({ 5 }, { __name = "Point" }), setmetatable({}, { __tostring = function() return "mine" end }))
      print(t == t, print, coroutine.create(print), io.stdout, tostring(t) == tostring(t))
      print(("%s %p %q"):format(t, t, "x"), table.concat({ tostring({}), tostring(print) }, " "))
      print(pcall(error, t))
      print(select(2, pcall(function() return t .. "x" end)))
      io.write(tostring(function() end), "\\n")
      emit { text = tostring(t) }
      print(debug.traceback("trace"))
      error(setmetatable({}, { __name = "Odd" }))
      """
    let first = try kramers("-", input: code)
    #expect(
      first.output.hasPrefix(
        "{1, 2}\na\t{1, 2}\t{x = 0.33333333333333, y = \"s\"}\t2.0\n"
          + "a\n  [1]  1\n  [2]  {2}\nb  1e+300\n3\n{5}\tmine\n"
          + "true\tfunction: 2\tthread: 3\tfile (4)\ttrue\ntable: 1 table: 1 \"x\"\t"
          + "table: 5 function: 2\nfalse\t{1, 2}\n"), "\(first.output)")
    #expect(first.errors.hasPrefix("of\t{1, 2}\n"))
    #expect(!(first.output + first.errors).contains("0x"))
    let second = try kramers("-", input: code)
    #expect(second.output == first.output && second.errors == first.errors)
  }

  @Test("CSV quotes what it must and starts a header when the fields change")
  func csv() throws {
    let code = #"emit{a=1,b="x,\"y\"\r\n"} emit{a=0.1,b="z"} emit{c=1/0}"#
    let run = try kramers("--format", "csv", "-e", code)
    #expect(run.output == "a,b\n1,\"x,\"\"y\"\"\r\n\"\n0.1,z\nc\ninf\n")
  }

  @Test("r:csv and r:json write whole files or none, and name what they leave out")
  func files() throws {
    try withFile("old", suffix: ".csv") { path in
      let code =
        setup + """

          local r = train{steps = 20, every = 10}
          r:csv(arg[1])
          for line in io.lines(arg[1]) do print(line) end
          measure():csv(arg[1])
          print(select(2, io.open(arg[1]):read("a"):gsub("\\n", "")))
          r:json(arg[1])
          print(io.open(arg[1]):read("a") == r:json() .. "\\n", r:json():sub(1, 1))
          """
      let run = try kramers("-", path, input: code)
      let lines = run.output.split(separator: "\n")
      #expect(lines[0].hasPrefix("step,") || lines[0].hasPrefix("epochs,step,"), "\(lines[0])")
      #expect(lines.count == 6 && lines[4] == "2" && lines[5] == "true\t{", "\(run.output)")
      #expect(run.errors.contains("left out of \(path), as nested: modes"))
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(!left.contains { $0.hasPrefix(URL(fileURLWithPath: path).lastPathComponent + ".") })
    }
    for (path, reason) in [
      ("/no/such/folder/x.csv", "No such file or directory"), ("/tmp", "is a directory"),
      ("/dev/full", "No space left on device"),
    ] {
      let run = try kramers("-e", setup + "measure():csv('\(path)')")
      #expect(run.status == 1 && run.errors.contains("\(path): \(reason)"), "\(run.errors)")
    }
    #expect(try kramers("-e", setup + "measure():csv()").errors.contains("r:csv: takes the path"))
  }

  @Test("linspace and logspace are exact at their ends and at decades")
  func spacing() throws {
    let code = """
      print(table.concat(linspace(0, 1, 11), " "))
      print(table.concat(logspace(1e-5, 1e3, 9), " "))
      print(table.concat(linspace(2, 1, 3), " "), #linspace(5, 6, 1), linspace(5, 6, 1)[1])
      print(logspace(0.3, 0.7, 5)[1], logspace(0.3, 0.7, 5)[5])
      print(pcall(logspace, 0, 1, 5))
      print(pcall(linspace, 0, 1, 0))
      print(pcall(linspace, 0, 1))
      """
    let lines = try kramers("-", input: code).output.split(separator: "\n").map(String.init)
    #expect(lines[0] == "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0")
    #expect(lines[1] == "1e-05 0.0001 0.001 0.01 0.1 1.0 10.0 100.0 1000.0")
    #expect(lines[2] == "2.0 1.5 1.0\t1\t5.0")
    #expect(lines[3] == "0.3\t0.7")
    #expect(lines[4].contains("logspace: the first point must be positive, got 0"))
    #expect(lines[5].contains("linspace: the number of points must be in 1...2^28, got 0"))
    #expect(lines[6].contains("linspace(a, b, n)"))
  }

  @Test("log goes to standard error")
  func log() throws {
    let run = try kramers("-e", "log('a', nil, 1.5) log()")
    #expect(run.output.isEmpty && run.errors == "a\tnil\t1.5\n\n")
  }

  @Test("a closed pipe ends the program by SIGPIPE, silently, also where it was ignored")
  func closedPipe() throws {
    for code in ["while true do emit{x = 1} end", "while true do io.write(1) end"] {
      let run = try shell("$KRAMERS -e '\(code)' | head -c 1; echo ${PIPESTATUS[0]}")
      #expect(run.output.hasSuffix("141\n") && run.errors.isEmpty, "\(run)")
      let ignored = try shell(
        "trap '' PIPE; $KRAMERS -e '\(code)' | head -c 1; echo ${PIPESTATUS[0]}")
      #expect(ignored.output.hasSuffix("141\n") && ignored.errors.isEmpty, "\(ignored)")
    }
  }

  @Test(
    "output that cannot be written exits with 74 and says so, whoever wrote it",
    arguments: [
      "emit{x = 1}", "print(1)", "io.write(1)", "io.stdout:write(1)", "print(1) os.exit(0)",
      "print(1) os.exit(3)", "for i = 1, 1e5 do print(i) end", "help()",
    ])
  func fullDisk(code: String) throws {
    let full = try shell("$KRAMERS -e '\(code)' > /dev/full")
    #expect(full.status == 74)
    #expect(
      full.errors == "kramers: standard output could not be written: No space left on device\n")
    #expect(try shell("$KRAMERS -e '\(code)' >&-").status == 74)
  }

  @Test("--help and --version into a full disk exit with 74; nothing to write exits with 0")
  func fullHelp() throws {
    #expect(try shell("$KRAMERS --help > /dev/full").status == 74)
    #expect(try shell("$KRAMERS -e 'x = 1' > /dev/full").status == 0)
  }

  @Test("a hundred thousand records take well under six seconds and no more memory than ten")
  func throughput() throws {
    let code = """
      local function resident()
        for line in io.lines("/proc/self/status") do
          local kb = line:match("VmRSS:%s*(%d+)")
          if kb then return tonumber(kb) end
        end
      end
      for i = 1, 10000 do emit { kind = "point", i = i, tau = i * 0.1 } end
      local before = resident()
      for i = 1, 100000 do emit { kind = "point", i = i, tau = i * 0.1 } end
      log(resident() - before)
      """
    let start = Date()
    let run = try kramers("-", input: code)
    #expect(run.output.utf8.count > 4_000_000)
    #expect(Date().timeIntervalSince(start) < 6)
    #expect((Int(run.errors.dropLast()) ?? .max) < 2000, "\(run.errors)")
  }

  @Test("every record is flushed as it is emitted")
  func flushed() throws {
    let run = try RunningBinary([binary.path, "-e", "emit{x = 1} while true do end"])
    #expect(run.wait { $0.outputSoFar.hasSuffix("{\"x\":1}\n") })
    run.send(SIGKILL)
    _ = try run.finish()
  }
}
