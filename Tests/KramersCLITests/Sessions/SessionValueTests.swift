import Foundation
import KramersStore
import Testing

@Suite("what a session keeps") struct SessionValueTests {
  private let folder: SessionFolder

  init() throws { folder = try SessionFolder() }

  /// Saves in one process, checks in another.
  private func roundTrip(_ make: String, _ check: String) throws -> Run {
    let path = folder.path("values.kramers")
    let first = try folder.kramers("--session", path, "-e", make)
    #expect(first.status == 0, "\(first.errors)")
    return try folder.kramers("--session", path, "-e", check)
  }

  @Test("numbers and strings of every kind come back bit for bit")
  func scalars() throws {
    let run = try roundTrip(
      """
      a = { math.mininteger, math.maxinteger, 2^53 + 1, -0.0, 5e-324, 1/0, -1/0, 0/0, 0.1 + 0.2 }
      s = { "", "a\\0b", "\\xff\\xfe", ("x"):rep(100000), "ü" }
      yes, no = true, false
      t = { [1.5] = "half", [true] = "flag", [-3] = "minus", ["with space"] = 1 }
      """,
      """
      assert(a[1] == math.mininteger and math.type(a[1]) == "integer" and a[2] == math.maxinteger)
      assert(math.type(a[3]) == "float" and 1 / a[4] == -1/0 and a[5] == 5e-324)
      assert(a[6] == 1/0 and a[7] == -1/0 and a[8] ~= a[8] and a[9] == 0.1 + 0.2)
      assert(s[1] == "" and s[2] == "a\\0b" and s[3] == "\\xff\\xfe" and #s[4] == 100000)
      assert(s[5] == "ü" and yes == true and no == false)
      assert(t[1.5] == "half" and t[true] == "flag" and t[-3] == "minus" and t["with space"] == 1)
      print("good")
      """)
    #expect(run.status == 0 && run.output == "good\n", "\(run.errors)")
  }

  @Test("shared and cyclic tables stay what they are, however deep")
  func references() throws {
    let run = try roundTrip(
      """
      shared = {1}
      t = { a = shared, b = shared }
      t.me = t
      key = {}
      t[key] = "by identity"
      chain = {}
      local at = chain
      for i = 1, 100000 do at.next = { i = i } at = at.next end
      """,
      """
      assert(t.a == t.b and t.a == shared and t.me == t and t[key] == "by identity")
      local at, n = chain, 0
      while at.next do at = at.next n = n + 1 assert(at.i == n) end
      assert(n == 100000)
      print("good")
      """)
    #expect(run.status == 0 && run.output == "good\n", "\(run.errors)")
  }

  @Test("so do those that an entry began from")
  func start() throws {
    let path = folder.path("start.kramers")
    let run = try folder.kramers(
      "--session", path, "-e",
      "chain = {} local at = chain for i = 1, 18000 do at.next = {} at = at.next end", "-e",
      "chain = chain.next session.save() os.execute('kill -9 $PPID')")
    #expect(run.signal == SIGKILL, "\(run)")
    let contents = try SessionFile.open(path)
    #expect(contents.interrupted?.entry == 1 && contents.interrupted!.start.values.count > 18_000)
  }

  @Test("experiments, snapshots, data and results are what they were")
  func objects() throws {
    let run = try roundTrip(
      """
      d = data.gaussian { singular = {0.9, 0.5}, samples = 60, test = 20, seed = 3 }
      x = experiment { data = d, depth = 3, width = 2, lr = 0.05, l2 = 0.02, batch = 7,
        optimizer = "momentum", temperature = 1e-4, seed = 11 }
      y = x:clone()
      use(x)
      x:train(333)
      before = x:snapshot()
      r = x:train { steps = 777, every = 100 }
      w = x:sweep { l2 = {0.02, 0.05}, hold = 50 }
      same = { x, x }
      expected = x:clone():train(500).loss
      """,
      """
      assert(current() == x and same[1] == same[2] and same[1] == x and x ~= y)
      assert(r.kind == "run" and #r.trace == 9 and r:json():find('"kind":"run"'))
      assert(w:state(1) == x and x.l2 == 0.02 and w:state(2) == x and x.l2 == 0.05)
      assert(x:clone():train(500).loss == expected, "it goes on another way")
      x:restore(before)
      assert(x.step == 333 and y.step == 0)
      assert(d.samples == 60 and d.test_samples == 20 and x.data.name == "gaussian")
      local p = r:provenance()
      assert(p.verb == "train" and p.options.steps == 777 and p.settings.step == 333)
      assert(p.settings.optimizer == "momentum" and #p.data.checksum == 16)
      assert(p.program:find("kramers ") and p.instruction_set and p.seconds > 0)
      print("good")
      """)
    #expect(run.status == 0 && run.output == "good\n", "\(run.errors)")
  }

  @Test("values of the library are saved by name; other functions are named when it is opened")
  func functions() throws {
    let run = try roundTrip(
      """
      sine, verb, lib = math.sin, train, string
      f = function() end
      t = { callbacks = { print, function() end }, co = coroutine.create(print) }
      """,
      "print(sine == math.sin, verb == train, lib == string, t.callbacks[1] == print, f == nil)")
    #expect(run.status == 1, "f is gone, and strict names say so")
    #expect(run.errors.contains("not saved: f (function, entry 1)"), "\(run.errors)")
    #expect(run.errors.contains("t.callbacks[2] (function, entry 1)"))
    #expect(run.errors.contains("t.co (thread, entry 1)"))
    let path = folder.path("values.kramers")
    let again = try folder.kramers(
      "--session", path, "-e",
      "print(sine == math.sin, verb == train, lib == string, t.callbacks[1] == print)")
    #expect(again.output == "true\ttrue\ttrue\ttrue\n", "\(again.errors)")
  }

  @Test("seed and random streams go on")
  func random() throws {
    let path = folder.path("random.kramers")
    let whole = try folder.kramers(
      "--seed", "7", "-e", "math.random()", "-e", "print(math.random())",
      "-e", "print(experiment{data = data.population{singular = {1}}, depth = 2, width = 1}.seed)")
    _ = try folder.kramers("--seed", "7", "--session", path, "-e", "math.random()")
    let rest = try folder.kramers(
      "--session", path, "-e", "print(math.random())",
      "-e", "print(experiment{data = data.population{singular = {1}}, depth = 2, width = 1}.seed)")
    #expect(whole.output.hasSuffix(rest.output) && !rest.output.isEmpty)
    let verified = try folder.kramers("--verify", path)
    #expect(verified.status == 0, "\(verified.output)")
  }

  @Test("nothing is changed when a session cannot be opened")
  func failure() throws {
    _ = try folder.write("this is no session", to: "bad.kramers")
    let run = try folder.kramers(
      "-e",
      """
      x = 1
      for _, name in ipairs { "\(folder.path("bad.kramers"))", "\(folder.path("missing.kramers"))", "" } do
        print(select(2, pcall(session.open, name)))
      end
      print(x)
      """)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 4 && lines[3] == "1", "\(run.output) \(run.errors)")
    #expect(lines[0].contains("bad.kramers") && lines[1].contains("does not exist"))
    #expect(
      try String(contentsOfFile: folder.path("bad.kramers"), encoding: .utf8)
        == "this is no session")
  }
}
