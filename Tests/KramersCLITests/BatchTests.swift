import Foundation
import Testing

@testable import KramersBindings

private let setup =
  "experiment{data = data.population{singular = {0.9}}, depth = 3, width = 2, lr = 0.1} "

@Suite struct BatchTests {
  @Test("an error exits with 1 and shows file, line and caret, from -e, file and stdin alike")
  func errors() throws {
    let code = "local a = 1\nerror('broken')\n"
    try withFile(code) { path in
      let runs = [
        ("(-e)", try kramers("-e", code)), (path, try kramers(path)),
        ("stdin", try kramers("-", input: code)), ("stdin", try kramers(input: code)),
      ]
      for (name, run) in runs {
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(
          run.errors == "kramers: \(name):2: broken\n  2 | error('broken')\n    |        ^\n",
          "\(run.errors)")
      }
    }
  }

  @Test("a syntax error names its line; a missing script exits with 66, as a directory does")
  func unreadable() throws {
    let syntax = try kramers("-", input: "x = = 1\n")
    #expect(syntax.status == 1)
    #expect(syntax.errors.contains("stdin:1:"))
    #expect(try kramers("-e", "x = = 1").errors.contains("(-e):1:"))
    let missing = try kramers("no-such-script.lua")
    #expect(missing.status == 66)
    #expect(missing.errors.contains("no-such-script.lua: No such file or directory"))
    #expect(try kramers("/tmp").status == 66)
    #expect(try shell("$KRAMERS < /tmp").status == 66)
  }

  @Test("arguments reach the script as arg and as ..., options end at the script")
  func arguments() throws {
    let code = "print(arg[0], arg[1], arg[2], arg[3], #arg, select('#', ...))"
    try withFile("#!/usr/bin/env kramers\n" + code) { path in
      let dashes = try kramers(path, "-x", "--", "y")
      #expect(dashes.output == "\(path)\t-x\t--\ty\t3\t3\n")
      let own = try kramers(path, "--seed", "3")
      #expect(own.output == "\(path)\t--seed\t3\tnil\t2\t2\n")
    }
    #expect(try kramers("-", "a", "-b", input: code).output == "-\ta\t-b\tnil\t2\t2\n")
  }

  @Test("a shebang line and a UTF-8 byte order mark are skipped, line numbers kept")
  func preamble() throws {
    for start in ["#!/usr/bin/env kramers\n", "\u{FEFF}#!/usr/bin/env kramers\n", "\u{FEFF}\n"] {
      try withFile(start + "error('here')") { path in
        let run = try kramers(path)
        #expect(run.errors.hasPrefix("kramers: \(path):2: here\n"))
      }
    }
  }

  @Test("a wrong command line exits with 64 and names the nearest option")
  func usage() throws {
    let unknown = try kramers("--sed", "3")
    #expect(unknown.status == 64 && unknown.output.isEmpty)
    #expect(unknown.errors.contains("--seed"))
    for arguments in [
      ["--format", "xml"], ["--threads", "0"], ["--seed", "x"], ["--color", "blue"],
      ["--json", "--format", "csv"],
    ] {
      let run = try RunningBinary([binary.path] + arguments).finish()
      #expect(run.status == 64 && run.output.isEmpty, "\(arguments)")
    }
    #expect(try kramers("--seed", "-5", "-e", "1").status == 0)
    let help = try kramers("--help")
    #expect(help.status == 0 && help.errors.isEmpty)
    let example = try #require(help.output.range(of: "kramers script.lua small"))
    let options = try #require(help.output.range(of: "OPTIONS:"))
    #expect(example.lowerBound < options.lowerBound)
    #expect(try kramers("--version").output == "0.2.0\n")
  }

  @Test("-e prints the value of an expression, nil and several included")
  func expression() throws {
    #expect(try kramers("-e", "1 + 1", "-e", "x = 2", "-e", "x").output == "2\n2\n")
    #expect(try kramers("-e", "nil, 2").output == "nil\t2\n")
    let other = try kramers("-e", "function f() error('first') end", "-e", "\nf()")
    #expect(other.errors.contains("1 | function f() error('first') end"))
  }

  @Test(
    "errors point at the user's line and at the name they are about",
    arguments: [
      ("local a\na.b = 1", 2, "a.b", "attempt to index a nil value (local 'a')"),
      ("local t = {}\nprint(1 + t.count)", 2, "count)", "attempt to perform arithmetic"),
      (setup + "\ntrain{steps = 5, lrate = 3}", 2, "lrate", "unknown option 'lrate'"),
      ("train{steps = 5}", 1, "train", "there is no experiment yet"),
      (setup + "\narrhenius{temperatures = {1}}", 2, "temperatures", "needs at least two values"),
      (setup + "\nreturn train{steps = -1}", 2, "steps", "steps must be 0 or positive, got -1"),
      ("local f = coroutine.wrap(function()\nlocal x\nx()\nend)\n\nf()", 3, "x()", "local 'x'"),
      ("error({})", 1, "error", "(error object is a table value)"),
      ("error()", 1, "error", "(error object is a nil value)"),
      (
        "error(setmetatable({}, {__tostring = function() return 'own words' end}))", 1, "own",
        "own words"
      ),
      ("\tlocal s = 'é' .. missing_one", 1, "missing_one", "unknown name 'missing_one'"),
    ])
  func caret(code: String, line: Int, at: String, words: String) throws {
    for run in [try kramers("-", input: code), try kramers("-e", code)] {
      #expect(run.status == 1)
      #expect(run.errors.contains(words), "\(run.errors)")
      #expect(!run.errors.contains("stdlib/"))
      let shown = run.errors.split(separator: "\n")
      let source = code.split(separator: "\n", omittingEmptySubsequences: false)[line - 1]
      #expect(shown.count >= 3 && shown[shown.count - 2].hasPrefix("  \(line) | "), "\(run.errors)")
      let text = shown[shown.count - 2].dropFirst(6)
      #expect(text == source.replacing("\t", with: " "))
      let column = shown[shown.count - 1].dropFirst(6).prefix { $0 == " " }.count
      #expect(text.dropFirst(column).hasPrefix(at), "\(run.errors)")
    }
  }

  @Test("an expression that fails in a tail call still shows its line")
  func tailCall() throws {
    let run = try kramers("-e", setup, "-e", "arrhenius{temperatures = {1}}")
    #expect(run.errors.contains("1 | arrhenius{"), "\(run.errors)")
  }

  @Test("os.exit gives its status and writes what was printed")
  func exit() throws {
    let run = try kramers("-e", "io.write('a') print('b') emit{x = 1} io.write('c') os.exit(7)")
    #expect(run.status == 7)
    #expect(run.output.hasPrefix("ab\n{") && run.output.hasSuffix("\nc"))
    #expect(try kramers("-e", "os.exit(true, true)").status == 0)
    #expect(try kramers("-e", "os.exit(false)").status == 1)
  }

  @Test("equal seeds give equal bytes, whatever --threads")
  func sameBytes() throws {
    let script = """
      local x = experiment{data = data.gaussian{singular = {0.9}, samples = 64, seed = 3},
        depth = 3, width = 2, lr = 0.1, batch = 8, temperature = 1e-4}
      emit(train{steps = 300, every = 100})
      for k, v in pairs{b = 1, a = math.random(1000), [x] = 2, [3] = 3} do emit{key = tostring(k), v = v} end
      """
    let one = try kramers("--threads", "1", "-e", script)
    #expect(one.status == 0, "\(one.errors)")
    for threads in ["2", "3"] {
      #expect(try kramers("--threads", threads, "-e", script).output == one.output)
    }
    #expect(try kramers("--seed", "1", "-e", script).output != one.output)
  }

  @Test("an ensemble of replicas gives equal bytes on any number of threads")
  func sameBytesOfAnEnsemble() throws {
    let script = """
      experiment{data = data.gaussian{singular = {0.9}, samples = 64}, depth = 3, width = 2,
        init = "zero", l2 = 0.05, lr = 0.2}
      emit(measure_escape{temperature = 2e-3, replicas = 24, max_steps = 20000, threshold = 0.3})
      """
    let one = try kramers("--threads", "1", "-e", script)
    #expect(one.status == 0, "\(one.errors)")
    for threads in ["2", "3"] {
      #expect(try kramers("--threads", threads, "-e", script).output == one.output)
    }
    #expect(try kramers("--seed", "1", "-e", script).output != one.output)
  }

  @Test("numbers keep their points under a German locale")
  func locale() throws {
    let code = """
      os.setlocale("") os.setlocale("de_DE.UTF-8")
      print(0.5, string.format("%.2f", 1.5), tonumber("0.25"), 1.25 .. "")
      emit { x = 0.5 }
      """
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "locale-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Where the sources of locales are installed, a real one; elsewhere the calls alone.
    _ = try shell("localedef -i de_DE -f UTF-8 \(folder.path)/de_DE.UTF-8")
    let german = ["LC_ALL": "de_DE.UTF-8", "LOCPATH": folder.path]
    for format in ["table", "jsonl", "csv"] {
      let run = try kramers("--format", format, "-", input: code, environment: german)
      #expect(run.output.hasPrefix("0.5\t1.50\t0.25\t1.25\n"), "\(run.output)")
      #expect(run.output.contains("0.5\n") || run.output.contains(":0.5}"))
      #expect(!run.output.contains("0,5"))
    }
  }
}
