import Foundation
import KramersStore
import Testing

@Suite("sessions on the command line") struct SessionCommandTests {
  private let folder: SessionFolder

  init() throws { folder = try SessionFolder() }

  @Test("a missing session is 66, a corrupt one 65, with a sentence; --session makes one")
  func statuses() throws {
    for option in ["--resume", "--verify"] {
      let run = try folder.kramers(option, "nothing")
      #expect(run.status == 66 && run.errors.contains("nothing.kramers"), "\(run)")
      #expect(run.errors.split(separator: "\n").count == 1)
    }
    let bad = try folder.write(
      String(repeating: "no session at all ", count: 1000), to: "b.kramers")
    for option in ["--session", "--resume", "--verify"] {
      let run = try folder.kramers(option, bad, "-e", "print(1)")
      #expect(run.status == (option == "--verify" ? 64 : 65) && run.output.isEmpty, "\(run)")
    }
    #expect(try folder.kramers("--verify", bad).status == 65)
    #expect(try folder.kramers("--session", "new", "-e", "y = 1").status == 0)
    #expect(try folder.kramers("--session", "new", "-e", "print(y)").output == "1\n")
    #expect(folder.files.contains("kramers"))
    #expect(try folder.kramers("--session", "/nowhere/at/all.kramers", "-e", "1").status == 74)
  }

  @Test("names are checked, and only one option about sessions is taken")
  func usage() throws {
    #expect(try folder.kramers("--session", "a", "--resume", "b").status == 64)
    #expect(try folder.kramers("--session", "", "-e", "1").status == 64)
    for call in ["session.save(42)", "session.journal({})", "session.verify(true)"] {
      let run = try folder.kramers("--session", folder.path("typed.kramers"), "-e", call)
      #expect(run.status == 1 && run.errors.contains("takes a name or a path"), "\(run)")
    }
    #expect(try folder.kramers("--sessions", "script.lua").status == 64)
    let list = try folder.kramers("--sessions")
    #expect(list.status == 0 && list.output.isEmpty)
  }

  @Test("--sessions lists them as records")
  func list() throws {
    _ = try folder.kramers("--session", "one", "-e", "a, b = 1, 2")
    _ = try folder.kramers(
      "--session", "two", "-e",
      "experiment{data = data.population{singular = {1}}, depth = 2, width = 1} r = measure()")
    let records = try folder.kramers("--sessions", "--json").records.dropFirst()
    #expect(records.map { $0["name"] as? String } == ["one", "two"])
    #expect(records.last?["results"] as? Int == 1 && records.last?["entries"] as? Int == 1)
    #expect(records.first?["variables"] as? Int == 2)
    #expect(records.first?["interrupted"] as? Bool == false)
  }

  @Test("the journal is a script that does the same again; failures are comments")
  func journal() throws {
    let path = folder.path("j.kramers")
    _ = try folder.kramers(
      "--seed", "3", "--session", path, "-e",
      "x = experiment{data = data.population{singular = {0.9}}, depth = 2, width = 2}",
      "-e", "train(100)", "-e", "r = measure()")
    _ = try folder.kramers("--session", path, "-e", "error('on purpose')")
    let script = try folder.write(
      "#!/usr/bin/env kramers\nlocal n = tonumber(arg[1])\ntotal = n + tonumber((...))\n",
      to: "add.lua")
    _ = try folder.kramers("--session", path, script, "20")
    let text = try folder.kramers("--session", path, "-e", "print(session.journal())").output
    #expect(
      text.contains("failed: (-e):1: on purpose") && text.contains("\n-- error('on purpose')"))
    let again = try folder.write(text, to: "again.lua")
    let replayed = try folder.kramers("-e", "dofile('\(again)') print(r.loss, total, x.seed)")
    let expected = try folder.kramers("--session", path, "-e", "print(r.loss, total, x.seed)")
    #expect(replayed.status == 0 && replayed.output.hasSuffix(expected.output), "\(replayed)")
    #expect(expected.output.hasSuffix("\t40\t3\n"))
  }

  @Test("--verify runs the journal again and tells what is another")
  func verify() throws {
    let good = folder.path("good.kramers")
    _ = try folder.kramers(
      "--session", good, "-e",
      """
      x = experiment{data = data.gaussian{singular = {0.9}, samples = 30}, depth = 2, width = 2,
        batch = 5, lr = 0.1}
      r = train{steps = 500, every = 100}
      """, "-e", "y = x:clone() y:train(10)", "-e", "error('no matter')")
    let same = try folder.kramers("--verify", good)
    #expect(same.status == 0 && same.records.last?["verdict"] as? String == "same", "\(same)")
    #expect(same.records.last?["experiments"] as? Int == 2)
    let file = try folder.write("0.25", to: "input.txt")
    let bad = folder.path("bad.kramers")
    _ = try folder.kramers(
      "--session", bad, "-e",
      """
      local lr = tonumber(io.open('\(file)'):read('a'))
      x = experiment{data = data.population{singular = {0.9}}, depth = 2, width = 2, lr = lr}
      r = train(3)
      t = { kept = 1 }
      """)
    try "0.2".write(toFile: file, atomically: true, encoding: .utf8)
    let different = try folder.kramers("--verify", bad)
    #expect(different.status == 1)
    let record = try #require(different.records.last)
    #expect(record["verdict"] as? String == "different")
    let names = (record["differences"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
    #expect(names?.contains("x") == true && names?.contains("r.loss") == true, "\(record)")
    #expect(names?.contains { $0.hasPrefix("t") } == false)
  }

  @Test("verifying writes no files of the journal's, and prints nothing of it")
  func harmless() throws {
    let csv = folder.path("r.csv")
    let path = folder.path("s.kramers")
    _ = try folder.kramers(
      "--session", path, "-e",
      "x = experiment{data = data.population{singular = {0.9}}, depth = 2, width = 2} "
        + "r = train{steps = 10, every = 5} r:csv('\(csv)') print('once') io.write('twice')")
    try FileManager.default.removeItem(atPath: csv)
    let run = try folder.kramers("--verify", path)
    #expect(run.status == 0 && !FileManager.default.fileExists(atPath: csv))
    #expect(!run.output.contains("once") && !run.output.contains("twice"), "\(run.output)")
  }

  @Test("a second program on a session is told, and only reads")
  func two() throws {
    let path = folder.path("both.kramers")
    let first = try folder.start(
      [
        "--session", path, "-e", "v = 1", "-e",
        "io.stdout:write('ready') io.stdout:flush() while true do end",
      ])
    #expect(first.wait { $0.outputSoFar.contains("ready") }, "\(first.errorsSoFar)")
    let second = try folder.kramers("--session", path, "-e", "print(v) v = 2")
    #expect(second.status == 74 && second.output == "1\n", "\(second)")
    #expect(
      second.errors.contains("\(first.pid)") && second.errors.contains("nothing will be saved"))
    let save = try folder.kramers("-e", "session.save('\(path)')")
    #expect(save.status == 1 && save.errors.contains("another program"), "\(save)")
    let delete = try folder.kramers("-e", "session.delete('\(path)')")
    #expect(delete.status == 1, "\(delete)")
    first.send(SIGTERM)
    _ = try first.finish()
    #expect(try folder.kramers("--session", path, "-e", "print(v)").output == "1\n")
  }

  @Test(
    "a file that is removed or replaced under the program: a sentence, and nothing else is lost")
  func removed() throws {
    let path = folder.path("gone.kramers")
    let run = try folder.kramers(
      "--session", path, "-e", "v = 1", "-e", "os.remove('\(path)')", "-e", "v = 2 print(v)")
    #expect(run.status == 74 && run.output == "true\n2\n")
    #expect(run.errors.contains("not saved") && run.errors.contains("removed"), "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: path))
    // Asked to, it is made anew.
    let saved = try folder.kramers(
      "--session", path, "-e", "v = 1", "-e", "os.remove('\(path)') session.save()")
    #expect(saved.status == 0, "\(saved)")
    #expect(try folder.kramers("--session", path, "-e", "print(v)").output == "1\n")
  }

  @Test("a clock that has jumped: times before 1970 and in 2200 are shown, and work goes on")
  func clock() throws {
    let path = folder.path("clock.kramers")
    _ = try folder.kramers("--session", path, "-e", "v = 1")
    try {
      let file = try SessionFile(path: path)
      var contents = try file.contents()
      contents.created = -1e9
      contents.saved = 7.3e9
      contents.journal[0].started = -1e9
      try file.save(contents)
    }()
    let run = try folder.kramers("--session", path, "-e", "v = v + 1 print(v)")
    #expect(run.status == 0 && run.output == "2\n" && run.errors.contains("saved 2201-"), "\(run)")
    let text = try folder.kramers("--session", path, "-e", "print(session.journal())").output
    #expect(text.contains("-- [1] 1938-"), "\(text)")
    #expect(try folder.kramers("--verify", path).status == 0)
  }

  @Test("exit() and errors leave a session that holds what was done")
  func ends() throws {
    let path = folder.path("ends.kramers")
    #expect(try folder.kramers("--session", path, "-e", "v = 1 exit(3)").status == 3)
    #expect(try folder.kramers("--session", path, "-e", "w = v + 1 error('x')").status == 1)
    #expect(try folder.kramers("--session", path, "-e", "print(v, w)").output == "1\t2\n")
    #expect(try folder.kramers("--verify", path).status == 0)
  }

  @Test("a session without --session, saved and opened in scripts")
  func scripts() throws {
    let path = folder.path("own.kramers")
    let run = try folder.kramers(
      "-e",
      """
      x = experiment{data = data.population{singular = {0.9}}, depth = 2, width = 2}
      r = train(50)
      print(session.save("\(path)"))
      r = nil
      print(session.open("\(path)"))
      print(r.steps, session.export("\(folder.path("copy.kramers"))"))
      session.export("\(folder.path("results.jsonl"))")
      session.delete("\(folder.path("copy.kramers"))")
      """)
    #expect(run.status == 0 && run.output.contains("50\t"), "\(run)")
    #expect(!folder.files.contains("copy.kramers"))
    let lines = try String(contentsOfFile: folder.path("results.jsonl"), encoding: .utf8)
    let line = try #require(
      JSONSerialization.jsonObject(with: Data(lines.utf8)) as? [String: Any])
    #expect(line["name"] as? String == "r")
    #expect((line["provenance"] as? [String: Any])?["verb"] as? String == "train")
    #expect((line["result"] as? [String: Any])?["kind"] as? String == "run")
  }
}
