import Foundation
import Testing

@Suite struct BatchTests {
  @Test("an error exits with 1 and shows file, line and caret, from -e, file and stdin alike")
  func errors() throws {
    let script = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kramers-\(UUID().uuidString).lua")
    try "local a = 1\nerror('broken')\n".write(to: script, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: script) }
    let runs = [
      ("(-e)", try kramers("-e", "local a = 1\nerror('broken')\n")),
      (script.path, try kramers(script.path)),
      ("stdin", try kramers("-", input: "local a = 1\nerror('broken')\n")),
    ]
    for (name, run) in runs {
      #expect(run.status == 1)
      #expect(run.output.isEmpty)
      #expect(run.errors.hasPrefix("kramers: \(name):2: broken\n"), "\(run.errors)")
      #expect(run.errors.contains("2 | error('broken')\n"))
      #expect(run.errors.contains("^"))
    }
  }

  @Test("a syntax error names its line, a missing script its path")
  func unreadable() throws {
    let syntax = try kramers("-", input: "x = = 1\n")
    #expect(syntax.status == 1)
    #expect(syntax.errors.contains("stdin:1:"))
    let missing = try kramers("no-such-script.lua")
    #expect(missing.status == 1)
    #expect(missing.errors.contains("no-such-script.lua: No such file or directory"))
    #expect(try kramers("/tmp").status == 1)
  }

  @Test("arguments reach the script as arg and as ..., options end at the script")
  func arguments() throws {
    let script = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kramers-\(UUID().uuidString).lua")
    try
      "#!/usr/bin/env kramers\nprint(arg[0] ~= nil, arg[1], arg[2], arg[3], #arg, select('#', ...))"
      .write(to: script, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: script) }
    let run = try kramers(script.path, "-x", "--", "y")
    #expect(run.output == "true\t-x\t--\ty\t3\t3\n")
  }

  @Test("an unknown option of the command line exits with 64")
  func usage() throws {
    #expect(try kramers("--nonsense").status == 64)
    #expect(try kramers("--format", "xml").status == 64)
    #expect(try kramers("--threads", "0").status == 64)
    #expect(try kramers("--help").status == 0)
    #expect(try kramers("--version").output == "0.1.0\n")
  }

  @Test("-e prints the value of an expression")
  func expression() throws {
    #expect(try kramers("-e", "1 + 1", "-e", "x = 2", "-e", "x").output == "2\n2\n")
  }

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

  @Test("a script that only prints writes no header")
  func plainPrint() throws {
    #expect(try kramers("-e", "print('a', 1)").output == "a\t1\n")
  }

  @Test("equal seeds give equal bytes on any number of threads")
  func sameBytes() throws {
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
}
