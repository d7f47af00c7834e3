import Foundation
import Testing

@testable import Kramers
@testable import KramersBindings

private let small =
  "experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = 'zero', "
  + "l2 = 0.3, lr = 0.2 } "
private let two =
  "experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2, lr = 0.2 } "
private let bent =
  "experiment { data = data.from { x = {{-1}, {0.5}, {2}}, y = {{-1}, {0.6}, {1}} }, "
  + "widths = {1, 2, 1}, activation = 'tanh', l2 = 0.05, lr = 0.1 } "
private let task =
  "experiment { data = data.completion { size = 8, fraction = 0.5, seed = 1 }, depth = 3, "
  + "width = 8, init = 'gaussian', l2 = 3e-3, lr = 0.05 } "

/// Code whose value is a result of each kind, and what its last line says.
private let kinds: [(kind: String, code: String, last: String)] = [
  ("run", two + "return train { steps = 200, every = 10 }", "completed after 200 steps: loss "),
  ("measurement", two + "return measure()", "step 0: objective "),
  ("trap", two + "return trap { rank = 1, release = 0.1 }", "certified: rank 1 at l2 = 0.1"),
  ("phases", two + "return phases()", "l2 = 0, depth 3"),
  ("escape", small + "return measure_escape { temperature = 0.005 }", " steps"),
  (
    "escape",
    small + "return measure_escape { temperature = 0.0139 / 6, method = 'splitting', "
      + "replicas = 30, runs = 4 }", " steps"
  ),
  (
    "escape_comparison",
    small + "local function at(T, seed) return measure_escape { temperature = T, seed = seed } end "
      + "return escape.compare { at(0.006, 1), at(0.005, 2) }", "log-rank p = "
  ),
  ("sweep", two + "return sweep { from = 0.1, to = 0.5, points = 11 }", "up, points: 11; "),
  (
    "continuation",
    two + "trap { rank = 2, release = 0.1 } return continuation { branches = 4 }",
    "transitions: 2"
  ),
  ("settling", bent + "return settle()", "settled: objective 0.06"),
  ("deflation", bent + "return deflate()", "found: index 0, objective 0.06"),
  ("hessian", bent + "return hessian { which = 'density' }", "completed: trace 1."),
  (
    "learning_coefficient",
    bent + "settle() return learning_coefficient { temperature = 1e-4, steps = 2000 }",
    " parameters"
  ),
  ("metastable", bent + "return metastable { quenches = 3 }", "at least 1 metastable states at"),
  ("barrier", small + "return barrier()", "height 0.0138981 energy, theory 0.0138981"),
  ("hessian", two + "return hessian { dense = true }", "index "),
  (
    "noise",
    "experiment { data = data.gaussian { singular = {1, 0.6}, samples = 64, seed = 1 }, depth = 3, "
      + "width = 3, lr = 0.1, batch = 8 } return noise()", "absorbing"
  ),
  (
    "arrhenius",
    small + "return arrhenius { temperatures = {0.0055, 0.0046, 0.0039}, replicas = 32 }",
    "barrier 0.0"
  ),
  ("control", small + "return control { temperature = 0.0035, replicas = 32 }", "activated: "),
  (
    "hysteresis",
    "experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 } "
      + "return hysteresis { from = 0.1, to = 0.6, points = 21 }",
    "transitions: 1, of them jumps: 1"
  ),
  ("bifurcation", two + "return bifurcation { from = 0.05, to = 0.45, points = 9 }", "depth 3: "),
  ("metastable", two + "return metastable { l2 = 0.1, quenches = 4 }", "metastable states at l2"),
  (
    "phase_diagram",
    small + "return phase_diagram { l2 = {0.1, 0.5}, temperature = {0, 1e-4}, "
      + "steps = 500 }", "mode 1 at 4 points"
  ),
  ("grok", task + "return grok { steps = 200 }", "t_test is censored"),
  (
    "accelerate",
    task + "return accelerate { seeds = 2, max_steps = 300, programmes = { { name = 'a' }, "
      + "{ name = 'b', l2 = 1e-2 } } }", "2 programmes"
  ),
  ("schedule", two + "return schedule { steps = 200, every = 10 }", "completed after 200 steps"),
  ("replication", "return replicate('2606.17120', '2b', { scale = 'small' })", "does not agree."),
  ("check", "return check { 'spinodal', 'loss' }", "agrees with theory: 4 of 4 rows"),
  ("protocol_check", "return protocol.check('bifurcation')", "bifurcation passes"),
]

@Suite("what a result shows first", .serialized) struct AnswerTests {
  @Test("every kind that the catalogue speaks of says what it shows first, of its own fields")
  func declared() throws {
    var seen: Set<String> = []
    for entry in catalog.all {
      for match in entry.returns.matches(of: /kind="([a-z_]+)"/) {
        let kind = String(match.output.1)
        seen.insert(kind)
        let answer = try #require(
          catalog.answer(kind), "\(entry.name): kind \(kind) has no answer in its entry")
        #expect(!answer.fields.isEmpty && !answer.summary.isEmpty, "\(kind)")
      }
    }
    #expect(seen.count >= 17)
    let tested = Set(kinds.map(\.kind)).union(["verification"])
    #expect(seen.subtracting(tested).isEmpty, "no result of these kinds is looked at below")
  }

  @Test(
    "on 80 columns: at most 12 lines within the width, the summary last", arguments: 0..<kinds.count
  )
  func fits(_ k: Int) throws {
    let (kind, code, last) = kinds[k]
    let shell = try ShellSession(columns: 80)
    let text = shell.enter(code, timeout: 120)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.first?.hasPrefix("\(kind) (all ") == true, "\(text)")
    #expect(lines.count <= 12, "\(lines.count) lines\n\(text)")
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(text)")
    #expect(lines.suffix(3).joined(separator: " ").contains(last), "\(text)")
    #expect(!text.contains(/\{#?[a-z_]+/), "a template was not filled\n\(text)")
  }

  @Test("results in a list or a table are a line each, with kind and summary")
  func lists() throws {
    let shell = try ShellSession(columns: 80)
    shell.enter(small + "l = {} for i = 1, 3 do l[i] = measure_escape { temperature = 0.005 } end")
    let summary = try #require(shell.enter("l[1].summary").split(separator: "\"").last)
    let words = summary.split(separator: " ")
    for (code, names) in [("l", ["[1]", "[2]", "[3]"]), ("{ a = l[1], bc = l[2] }", ["a", "bc"])] {
      let text = shell.enter(code)
      let lines = text.split(separator: "\n")
      #expect(lines.count <= 2 * names.count && lines.allSatisfy { $0.count <= 80 }, "\(text)")
      let starts = lines.filter { !$0.hasPrefix("  ") }
      #expect(starts.count == names.count, "\(text)")
      for (line, name) in zip(starts, names) {
        #expect(line.hasPrefix(name + " ") && line.contains("  escape: \(words[0]) of"), "\(text)")
      }
      let flat = text.split { $0 == "\n" || $0 == " " }
      #expect(words.allSatisfy(flat.contains), "\(text)")
    }
    #expect(shell.enter("print(l)").split(separator: "\n").count <= 6)
  }

  @Test("r:all() and :all show every field and row; emit and JSON are as they were")
  func all() throws {
    let shell = try ShellSession(columns: 80)
    #expect(shell.enter(two + "return train { steps = 200, every = 10 }").contains("more rows"))
    let text = shell.enter(":all")
    #expect(text.hasPrefix("run\n  outcome"), "\(text)")
    #expect(text.contains(#/\n +190 /#) && text.contains(#/\n +200 /#), "\(text)")
    #expect(shell.enter("_:all()") == text)
    #expect(shell.enter("shell.all(7)").contains("shell.all: shows a result"))
    let code = two + "local r = train { steps = 200, every = 10 } "
    let emitted = try kramers("--format", "table", "-e", code + "emit(r)").output
    #expect(emitted.contains("epochs") && emitted.contains("... 21 rows in all"))
    #expect(
      try kramers("-e", code + "print(r)").output
        == kramers("-e", code + "emit(r)").output
        .replacing("emit(r)", with: "print(r)"))
  }

  @Test("numbers stand with unit and interval; tables are cut with the number of rows left")
  func words() {
    let record: Record = [
      "kind": "escape", "tau": 7128.34, "tau_low": 6307.2, "tau_high": 8089.1, "theory": 7040.0,
      "theory_error": 0.03, "certified": false, "reason": "because",
      "rungs": [["rung": "a", "holds": true] as Record, ["rung": "b"] as Record],
      "rows": (1...40).map {
        ["n": $0, "tau": Double.infinity, "tau_low": 5.0, "tau_high": Double.infinity] as Record
      },
    ]
    let answer = Answer(
      "escape", ["tau steps", "theory steps", "rungs: rung=holds", "missing", "rows: n tau"],
      summary: ["[certified=true] yes", "{missing}", "no: {reason}, {#rows} rows"])
    #expect(
      AnswerText(record, answer, width: 80, bold: false).text == """
        escape (all 10 fields: r:all())
          tau     7128 steps (6307 ... 8089)
          theory  7040 steps (+- 3 %)
          rungs   a: true, b: not tried
          rows
            n  tau
            1  > 5
            2  > 5
            3  > 5
            4  > 5
            ... 36 more rows
          no: because, 40 rows
        """)
  }

  @Test("a kind that nothing is declared of shows its first fields, and its verdict last")
  func undeclared() throws {
    let run = try kramers(
      "--format", "table", "-e",
      "local r = " + "(function() " + two + "return measure() end)() "
        + "r.kind, r.verdict = 'mystery', 'odd' print(r)")
    #expect(run.output.hasPrefix("mystery (all "), "\(run.output)\(run.errors)")
    #expect(run.output.hasSuffix("\n  odd\n"), "\(run.output)")
  }

  @Test("a protocol's file may declare its answer; a wrong one is refused")
  func ofProtocol() throws {
    let folder = PictureFolder()
    func file(_ answer: String) throws -> Run {
      try """
      return { entry = { summary = "counts", returns = "kind=\\"counting\\": n", example = "x",
        answer = \(answer) }, body = function() return { n = 3, other = 4 } end }
      """.write(toFile: folder.path + "/counting.lua", atomically: true, encoding: .utf8)
      return try kramers(
        "--format", "table", "-e",
        "protocol.load('\(folder.path)/counting.lua') " + two + "print(counting())")
    }
    let run = try file("{ fields = { 'n steps' }, summary = { 'counted {n}' } }")
    #expect(run.output.hasSuffix("\n  n  3 steps\n  counted 3\n"), "\(run.output)\(run.errors)")
    #expect(try file("{ field = {} }").errors.contains("did you mean 'fields'?"))
  }
}
