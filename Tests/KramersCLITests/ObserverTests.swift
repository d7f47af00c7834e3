import Testing

@Suite struct ObserverTests {
  static let setup = """
    local x = experiment{data = data.population{singular = {0.9, 0.8}}, depth = 3, width = 3,
      lr = 0.1, seed = 1}

    """

  @Test("what an observer returns joins the trace, row by row")
  func joins() throws {
    let run = try kramers(
      "-",
      input: Self.setup + """
        local r = x:train{steps = 30, every = 10, observe = function(y)
          return {corner = y:map()[1][1], seen = y.step}
        end}
        emit{rows = #r.trace, same = r.trace[4].corner == x:map()[1][1], step = r.trace[3].step,
          seen = r.trace[3].seen, time = r.trace[3].time}
        """)
    let record = try #require(run.records.last, "\(run.errors)")
    #expect(record["rows"] as? Int == 4)
    #expect(record["same"] as? Bool == true)
    #expect(record["step"] as? Int == 20 && record["seen"] as? Int == 20)
    #expect(record["time"] as? Double == 2)
  }

  @Test("looking does not change the run")
  func onlyLooks() throws {
    let plain = try kramers("-", input: Self.setup + "x:train(30) print(x:map()[1][1])")
    let seen = try kramers(
      "-",
      input: Self.setup
        + "x:train{steps = 30, every = 7, observe = function() end} print(x:map()[1][1])")
    #expect(plain.status == 0 && plain.output == seen.output)
  }

  @Test("an error in the observer stops the run at that step and keeps the trace")
  func failing() throws {
    let run = try kramers(
      "-",
      input: Self.setup + """
        x:train{steps = 30, every = 10, observe = function(y)
          if y.step == 20 then error("enough") end
        end}
        """)
    #expect(run.status == 1)
    #expect(run.errors.contains("enough"))
    let record = try #require(run.records.last)
    #expect(record["outcome"] as? String == "interrupted")
    #expect(record["steps"] as? Int == 20)
    #expect((record["trace"] as? [Any])?.count == 3)
  }

  @Test("an observer may not change what it looks at")
  func mayNotChange() throws {
    for call in ["train(1)", "set{lr = 1}", "set_l2(1)", "reset()", "restore(y:snapshot())"] {
      let run = try kramers(
        "-", input: Self.setup + "x:train{steps = 5, observe = function(y) y:\(call) end}")
      #expect(run.status == 1)
      #expect(run.errors.contains("may only look"), "\(call): \(run.errors)")
    }
  }

  @Test("weights, map and predict agree with one another")
  func agree() throws {
    let run = try kramers(
      "-",
      input: Self.setup + """
        local product = {}
        local w1, w2, w3 = x:weights(1), x:weights(2), x:weights(3)
        local function times(a, b)
          local c = {}
          for i = 1, #a do c[i] = {} for j = 1, #b[1] do
            local s = 0
            for k = 1, #b do s = s + a[i][k] * b[k][j] end
            c[i][j] = s
          end end
          return c
        end
        local map, by_hand, f = x:map(), times(w3, times(w2, w1)), x:predict{{1, 0}, {0, 1}}
        local worst = 0
        for i = 1, 2 do for j = 1, 2 do
          worst = math.max(worst, math.abs(map[i][j] - by_hand[i][j]),
            math.abs(map[i][j] - f[j][i]))
        end end
        print(worst < 1e-15, #w1, #w1[1])
        """)
    #expect(run.output == "true\t3\t2\n", "\(run.errors)")
  }
}
