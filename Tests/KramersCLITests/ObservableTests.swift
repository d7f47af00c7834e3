import Kramers
import Testing

@testable import KramersBindings

/// Every observable as a user meets it.
@Suite("every observable, in every verb that takes one")
struct ObservableTests {
  /// Classes, a test set and a hidden layer: every observable is defined. `far(name)` is a threshold
  /// that the present state has not reached.
  private static let setup = """
    local rows = { {1, 0.2}, {0.1, 1}, {1, 0.9}, {-1, 0.5}, {0.3, -0.4} }
    local classes = { {1, 0}, {0, 1}, {1, 0}, {0, 1}, {1, 0} }
    local d = data.from { x = rows, y = classes, test_x = {{0.5, 0}, {0, 0.5}, {1, 1}},
      test_y = {{1, 0}, {0, 1}, {0, 1}} }
    local x = experiment { data = d, widths = {2, 3, 2}, activation = "tanh", lr = 0.1, l2 = 0.01,
      seed = 1 }
    local function now(name)
      local m = x:measure()
      return name == "mode" and m.modes[1] or m[name]
    end
    local down = { loss = true, test_loss = true, objective = true, gradient_norm = true }
    local function far(name) return now(name) + (down[name] and -0.01 or 0.01) end
    -- Options of an escape; both modes are learned, so that a mode can only collapse.
    local function watch(name, o)
      o.observable, o.threshold, o.replicas, o.max_steps = name, far(name), 4, 40
      if name == "mode" then o.mode, o.threshold = 1, now(name) - 0.01 end
      return o
    end

    """

  /// A call of each verb, for the observable `name`. It fails unless the observable has worked.
  private static let calls = [
    "train": """
    local r = x:train { steps = 6, every = 3, observable = name }
    assert(r.observable == name)
    for _, row in ipairs(r.trace) do
      assert(row.observable == (name == "mode" and row.modes[1] or row[name]))
    end
    assert(r.trace[3].observable == now(name))
    """,
    "sweep": """
    local r = x:sweep { l2 = {0.01, 0.02}, hold = 5, observable = name }
    assert(r.observable == name)
    for _, p in ipairs(r.points) do
      assert(p.observable == (name == "mode" and p.modes[1] or p[name]))
    end
    assert(r.points[2].observable == now(name))
    """,
    "measure_escape": """
    local e = x:measure_escape(watch(name, { temperature = 1e-3 }))
    assert(e.observable == name and e.replicas == 4 and e.method == "direct")
    assert(e.direction == (name == "mode" and "down" or nil))
    local s = x:measure_escape(watch(name, { temperature = 1e-3, method = "splitting", runs = 2,
      level = (now(name) + watch(name, {}).threshold) / 2 }))
    assert(s.observable == name and s.method == "splitting")
    """,
    "arrhenius": """
    local a = x:arrhenius(watch(name, { temperatures = {1e-3, 2e-3} }))
    assert(#a.points == 2 and a.points[2].replicas == 4)
    """,
    "control": """
    local c = x:control(watch(name, { temperature = 1e-3, ladder = false }))
    assert(#c.twins == 2 and c.twins[2].replicas == 4)
    """,
  ]

  @Test("the table of this test has every verb that takes an observable")
  func complete() throws {
    let catalog = try Program(ProgramOptions()).catalog
    let verbs = catalog.all.filter { $0.options.contains { $0.kind == .observable } }.map(\.name)
    #expect(Set(verbs) == Set(Self.calls.keys))
  }

  @Test(
    "it works in every verb, in measurements, traces, live views and grokking curves",
    arguments: Observable.all.map(\.name))
  func works(name: String) throws {
    var script = Self.setup + "local name = '\(name)'\nassert(type(now(name)) == 'number')\n"
    for (verb, call) in Self.calls.sorted(by: { $0.key < $1.key }) {
      script += """
        do
          local ok, problem = pcall(function() \(call) end)
          if not ok then error("observable '\(name)' in \(verb): " .. tostring(problem), 0) end
        end

        """
    }
    script += """
      assert(shell.watch(name) == name)
      local curve = x:grok { steps = 20 }.curve
      assert(name == "mode" and curve[1].modes or curve[1][name])
      """
    let run = try kramers("-", input: script)
    #expect(run.status == 0, "\(run.errors)")
  }

  @Test("its name, its meaning and its direction stand in help, and completion offers it")
  func documented() throws {
    let help = try kramers("-e", "help(measure_escape) help(shell.watch)").output
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for one in Observable.all {
      #expect(help.contains("\(one.name) (\(one.summary))"), "\(one.name)")
      #expect(Program.watchable.contains(one.name))
      #expect(OptionKind.observable.choices.contains(one.name))
    }
  }

  @Test("a name that is none is refused with the nearest, where it is not defined with the reason")
  func refused() throws {
    let linear = "experiment { data = data.population { singular = {1} }, widths = {1, 1} }\n"
    let cases: [(String, String)] = [
      ("measure_escape { observable = 'test_los' }", "did you mean \"test_loss\"?"),
      ("train { observable = 'acuracy' }", "did you mean \"accuracy\"?"),
      ("measure_escape { observable = 3 }", "or a function of the experiment, got 3"),
      ("shell.watch('nrm')", "did you mean 'norm'?"),
      ("measure_escape { observable = 'accuracy', threshold = 1 }", "needs data with classes"),
      ("train { observable = 'test_accuracy' }", "needs data with a test set"),
      ("sweep { l2 = {0, 0.1}, observable = 'test_loss' }", "needs data with a test set"),
      ("train { observable = 'active_units' }", "needs a network with a hidden layer"),
      ("measure_escape { observable = 'norm' }", "threshold is required"),
      ("measure_escape { observable = 'norm', mode = 1, threshold = 9 }", "mode goes with"),
      ("measure_escape { observable = 'norm', direction = 'left' }", "direction must be one of"),
    ]
    for (call, words) in cases {
      let run = try kramers("-e", linear + call)
      #expect(run.status == 1 && run.errors.contains(words), "\(call): \(run.errors)")
    }
    #expect(try kramers("-e", linear + "print(measure().active_units)").output == "nil\n")
  }

  @Test("the direction can be turned: a norm that falls below the threshold escapes")
  func direction() throws {
    let run = try kramers(
      "-",
      input: Self.setup + """
        local e = x:measure_escape { observable = "norm", direction = "down",
          threshold = 0.9 * now("norm"), l2 = 0.5, temperature = 1e-4, replicas = 8 }
        print(e.escapes, e.direction, e.tau < 100)
        local ok, problem = pcall(x.measure_escape, x, { observable = "norm",
          threshold = 0.9 * now("norm"), temperature = 1e-4 })
        print(ok, problem:match("lies past it already"))
        """)
    #expect(run.output == "8\tdown\ttrue\nfalse\tlies past it already\n", "\(run.errors)")
  }

  @Test("a mode that is learned now and named escapes downwards, alone and in lanes")
  func collapse() throws {
    let run = try kramers(
      "-",
      input: """
        local x = experiment { data = data.population { singular = {1} }, widths = {1, 1, 1, 1},
          lr = 0.2, seed = 1, l2 = 0.1, init = "balanced" }
        x:train(500)
        local function collapse(o)
          o.mode, o.threshold, o.l2, o.temperature = 1, 0.1, 0.6, 1e-4
          return x:measure_escape(o)
        end
        local e = collapse { replicas = 8 }
        -- Without noise the same strength is lost at about the same time.
        x:set { l2 = 0.6 }
        local steps = 0
        while x:measure().modes[1] > 0.1 do x:train(1) steps = steps + 1 end
        print(e.escapes, e.direction, e.tau > 0.8 * steps and e.tau < 1.25 * steps)
        """)
    #expect(run.output == "8\tdown\ttrue\n", "\(run.errors)")
  }
}
