import Foundation
import Testing

/// A function of Lua as observable.
@Suite struct LuaObservableTests {
  private static let chain = """
    local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1,
      init = "zero", l2 = 0.3, lr = 0.2, seed = 1 }

    """

  @Test("physics: the strongest mode as a function gives the escape times of observable = \"mode\"")
  func sameTimes() throws {
    let cases = [
      // In lanes, with a look that is no divisor of the budget, a stay, and single precision.
      chainCall("temperature = 0.00695, replicas = 24, every = 7, max_steps = 2000"),
      chainCall("temperature = 0.00695, replicas = 24, dwell = 25"),
      chainCall("temperature = 0.00695, replicas = 24, precision = 'single'"),
      // Replica by replica: biases have no lane form; and wide ones.
      """
      local x = experiment { data = data.gaussian { singular = {1, 0.5}, samples = 16, seed = 1 },
        widths = {2, 3, 2}, activation = "tanh", bias = true, lr = 0.1, seed = 2, init_scale = 0.1 }
      local call = { threshold = 0.9, mode = 1, direction = "up", batch = 4, label_noise = 1,
        replicas = 6, max_steps = 3000, every = 5 }
      """,
      // Without noise; minibatch noise of a frozen covariance.
      chainCall("replicas = 4, max_steps = 500"),
      """
      local x = experiment { data = data.gaussian { singular = {1, 0.5}, samples = 16, seed = 1 },
        widths = {2, 2, 2}, lr = 0.1, seed = 2, init_scale = 0.3 }
      local call = { threshold = 0.8, mode = 1, direction = "up", batch = 2, replacement = true,
        frozen = true, replicas = 6, every = 3, max_steps = 400 }
      """,
    ]
    for code in cases {
      let run = try kramers(
        "-",
        input: code + """

          local a = x:measure_escape(call)
          call.mode = nil
          call.observable = function(y) return y:measure().modes[1] end
          local b = x:measure_escape(call)
          for _, e in ipairs { a, b } do
            emit { times = e.times, escaped = e.escaped, censored = e.censored, stays = e.residence }
          end
          print(a.escapes, b.observable, #b.note > 0)
          """)
      let lines = run.output.split(separator: "\n")
      #expect(lines.count == 4 && lines[1] == lines[2], "\(code): \(run.errors) \(run.output)")
      #expect(lines.last?.hasSuffix("function\ttrue") == true)
    }
  }

  private func chainCall(_ options: String) -> String {
    Self.chain + "local call = { mode = 1, threshold = 0.3, \(options) }\n"
  }

  @Test("the same bytes on any number of threads, by every verb that takes one")
  func threads() throws {
    let script =
      Self.chain + """
        local function f(y) return y:map()[1][1] ^ 2 end
        local o = { observable = f, threshold = 0.09, replicas = 20, max_steps = 3000 }
        local function with(extra)
          local t = {}
          for k, v in pairs(o) do t[k] = v end
          for k, v in pairs(extra) do t[k] = v end
          return t
        end
        emit(x:measure_escape(with { temperature = 0.00695 }))
        emit(x:measure_escape(with { temperature = 0.004, method = "splitting", runs = 4 }))
        emit(x:arrhenius(with { temperatures = {0.0046, 0.00695} }))
        emit(x:control(with { temperature = 0.00695 }))
        emit(x:train { steps = 30, every = 10, observable = f })
        emit(x:sweep { l2 = {0.3, 0.35}, hold = 20, observable = f })
        """
    let one = try kramers("--threads", "1", "-", input: script)
    #expect(one.status == 0 && one.records.count == 7, "\(one.errors)")
    for threads in ["2", "4"] {
      #expect(try kramers("--threads", threads, "-", input: script).output == one.output)
    }
    let records = one.records
    #expect(records.allSatisfy { $0["kind"] as? String != nil })
    let source = try #require(records[1]["observable_source"] as? String)
    #expect(source.hasPrefix("stdin:3, code "), "\(source)")
    let trace = try #require(records[5]["trace"] as? [[String: Any]])
    #expect(trace.count == 4 && trace.allSatisfy { $0["observable"] is Double })
  }

  @Test("it sees the weights of the look, the settings of the measurement, by any name")
  func sees() throws {
    let run = try kramers(
      "-",
      input: Self.chain + """
        x:train { steps = 5, temperature = 0.001 }
        x:set { temperature = 0 }
        local before = x:measure().norm
        local function check(name, f)
          local values, seen = {}, {}
          local e = x:measure_escape { observable = function(y)
            values[#values + 1] = f(y)
            seen[#seen + 1] = y.temperature == 0.01 and y.l2 == 0.2 and y.step == 5
            return values[#values]
          end, threshold = 1e9, temperature = 0.01, l2 = 0.2, replicas = 1, every = 1, max_steps = 8 }
          local differ = 0
          for i, v in ipairs(values) do
            assert(seen[i])
            if v ~= values[1] then differ = differ + 1 end
          end
          print(name, #values, differ)
        end
        check("argument", function(y) return y:measure().norm end)
        check("closure", function() return x:measure().norm end)
        check("current", function() return measure().norm end)
        print(x:measure().norm == before, x.l2, x.step)
        local steps = {}
        x:train { steps = 20, every = 10, l2 = 0.25, observable = function(y)
          steps[#steps + 1] = y.step .. "/" .. y.l2
          return 1
        end }
        print(table.concat(steps, " "))
        steps = {}
        x:sweep { l2 = {0.1, 0.2}, hold = 3, observable = function(y)
          steps[#steps + 1] = y.step .. "/" .. y.l2
          return 1
        end }
        print(table.concat(steps, " "))
        """)
    #expect(
      run.output == """
        argument\t9\t8
        closure\t9\t8
        current\t9\t8
        true\t0.3\t5
        5/0.25 15/0.25 25/0.25
        28/0.1 31/0.2

        """, "\(run.errors)")
  }

  private static let verbs = [
    "x:measure_escape { observable = f, threshold = 0.3, temperature = 0.00695, replicas = 9 }",
    "x:measure_escape { observable = f, threshold = 0.3, temperature = 0.00695, replicas = 9, "
      + "method = 'splitting', runs = 3 }",
    "x:arrhenius { observable = f, threshold = 0.3, temperatures = {0.005, 0.00695}, replicas = 9 }",
    "x:control { observable = f, threshold = 0.3, temperature = 0.00695, replicas = 9 }",
    "x:sweep { l2 = {0.3, 0.4}, hold = 5, observable = f }",
    "x:train { steps = 50, every = 10, observable = f }",
  ]

  @Test("an error in it is raised once, at its line", arguments: verbs)
  func fails(verb: String) throws {
    let run = try kramers(
      "-", input: Self.chain + "local function f(y)\n  return y:measure().mode.x\nend\n" + verb)
    #expect(run.status == 1)
    let pieces = run.errors.components(separatedBy: "attempt to index a nil value")
    #expect(pieces.count == 2 && run.errors.contains("stdin:4:"), "\(run.errors)")
    // At a later look as well.
    let later = try kramers(
      "-",
      input: Self.chain + "local n = 0\nlocal function f(y)\n  n = n + 1\n"
        + "  if n > 3 then error('enough') end return 0 end\nf2 = f\n"
        + (verb.contains("sweep") ? verb.replacing("{0.3, 0.4}", with: "{1, 2, 3, 4, 5}") : verb))
    #expect(later.status == 1 && later.errors.contains("stdin:6: enough"), "\(later.errors)")
  }

  @Test("what is no number is an error that says where the function stands", arguments: verbs)
  func noNumber(verb: String) throws {
    for (value, words) in [("nil", "nil"), ("'0.5'", "\"0.5\""), ("0/0", "nan"), ("{}", "a table")]
    {
      let run = try kramers(
        "-", input: Self.chain + "local function f() return \(value) end\n" + verb)
      #expect(run.status == 1)
      #expect(
        run.errors.contains("the function at stdin:3 must return a number, got \(words)"),
        "\(value): \(run.errors)")
    }
  }

  @Test("it can change nothing, on any route, and the experiment is as it was")
  func changesNothing() throws {
    let routes = [
      "y:train(1)", "x:train(1)", "train(1)", "y:set { lr = 1 }", "set_l2(1)", "y:reset()",
      "y:restore(s)", "x:restore(s)", "y:trap { rank = 0 }", "y:sweep { l2 = {1, 2}, hold = 1 }",
      "y:clone():train(1)", "z:train(1)", "use(z)", "result:state(1)", "y:import('nowhere')",
      "experiment { data = y.data, depth = 1 }", "y:hysteresis { l2 = {1, 2} }",
      "session.save('nowhere')", "session.open('nowhere')", "resume()",
      "coroutine.wrap(function() y:train(1) end)()",
      "local ok, e = pcall(y.train, y, 1) if not ok then error(e, 0) end",
    ]
    let run = try kramers(
      "-",
      input: Self.chain + """
        local s, z = x:snapshot(), x:clone()
        local result = x:clone():sweep { l2 = {0.1, 0.2}, hold = 1 }
        local routes = {
          \(routes.map { "function(y) \($0) end" }.joined(separator: ",\n  "))
        }
        for i, route in ipairs(routes) do
          local before = tostring(x) .. tostring(current()) .. z.step
          local ok, problem = pcall(x.measure_escape, x, { threshold = 1, temperature = 1e-3,
            replicas = 1, observable = function(y) route(y) return 0 end })
          print(i, not ok and tostring(problem):match("may only look") or problem)
          assert(before == tostring(x) .. tostring(current()) .. z.step)
        end
        x:train(1)
        print(x.step)
        """)
    let lines = run.output.split(separator: "\n").map(String.init)
    #expect(lines.count == routes.count + 1, "\(run.errors)")
    for (i, line) in lines.enumerated() where i < routes.count {
      #expect(line == "\(i + 1)\tmay only look", "\(routes[i]): \(line)")
    }
    #expect(lines.last == "1")
  }

  @Test("looking at other measurements from inside is allowed, endless nesting is an error")
  func nested() throws {
    let run = try kramers(
      "-",
      input: Self.chain + """
        local e = x:measure_escape { threshold = 1e9, temperature = 1e-3, replicas = 1, every = 10,
          max_steps = 20, observable = function(y)
            return y:measure_escape { threshold = 5, mode = 1, temperature = 1e-3, replicas = 1,
              max_steps = 10 }.censored
          end }
        print(e.censored, x.step)
        local function f(y)
          return y:measure_escape { threshold = 1, temperature = 1e-3, observable = f }.tau
        end
        print((pcall(f, x)))
        local function g(y)
          return y:measure_escape { threshold = 1, temperature = 1e-3, observable = g }.tau
        end
        print((pcall(f, x)), x.step)
        """)
    #expect(run.status == 0 && run.output == "1\t0\nfalse\nfalse\t0\n", "\(run.errors)")
  }

  @Test("SIGINT stops it with what it has; nothing is taken for a look that was not made")
  func interrupted() throws {
    let code =
      Self.chain + """
        emit { kind = "ready" }
        x:measure_escape { threshold = 1e9, temperature = 0.00695, replicas = 2, max_steps = 1e9,
          observable = function(y) for i = 1, 1e4 do end return y:map()[1][1] end }
        """
    let run = try RunningBinary([binary.path, "-e", code])
    #expect(run.wait { $0.outputSoFar.contains("ready") }, "\(run.errorsSoFar)")
    usleep(300_000)
    run.send(SIGINT)
    let end = try run.finish(timeout: 20)
    #expect(end.signal == SIGINT, "\(end.errors)")
    let last = try #require(end.records.last)
    #expect(last["outcome"] as? String == "interrupted" && last["escapes"] as? Int == 0)
    let times = try #require(last["times"] as? [Int])
    #expect(times.contains { $0 > 0 } && times.allSatisfy { $0 % 10 == 0 })
  }

  @Test("shell.watch takes one, by name too, and drops it after its first error")
  func watched() throws {
    let run = try kramers(
      "-",
      input: Self.chain + """
        function size(y) return y:measure().norm end
        print(shell.watch(size) == size, shell.watch("size"))
        print(select(2, pcall(shell.watch, "nothing")))
        shell.watch(function() error("odd") end)
        x:train(200000)
        print(x.step)
        """)
    let lines = run.output.split(separator: "\n")
    #expect(lines.first == "true\tsize" && lines.last == "200000", "\(run.errors)")
    #expect(lines.dropFirst().first?.contains("and functions, not 'nothing'") == true)
    #expect(run.errors.components(separatedBy: "odd").count <= 2, "\(run.errors)")
  }

  @Test("results of two functions are not combined, of one they are; provenance names it")
  func provenance() throws {
    let run = try kramers(
      "-",
      input: Self.chain
        + """
        local function make(k) return function(y) return y:map()[1][1] * k end end
        local f = make(1)
        local function g(y) return y:map()[1][1] end
        local function times(f, seed)
          return x:measure_escape { observable = f, threshold = 0.3, temperature = 0.00695,
            replicas = 8, seed = seed }
        end
        local a, b, c = times(f, 1), times(f, 2), times(g, 3)
        print(escape.combine({ a, b }).replicas)
        print((select(2, pcall(escape.combine, { a, c }))):match("differ in observable_source"))
        print(a:provenance().options.observable)
        """)
    let lines = run.output.split(separator: "\n")
    #expect(lines.count == 3, "\(run.errors)")
    #expect(lines.first == "16" && lines[1] == "differ in observable_source")
    #expect(lines.last?.hasPrefix("function at stdin:3, code ") == true)
  }
}
