import Foundation
import Testing

private let trap = """
  local task = data.gaussian { singular = {0.9, 0.8}, samples = 128, test = 128, seed = 1 }
  experiment { data = task, depth = 3, width = 2, lr = 0.2, seed = 42 }
  trap { rank = 1, release = 0.10 }

  """

@Suite("pictures of escapes show their numbers") struct EscapePictureTests {
  @Test("escape: steps, band, fit, theory, censored marks and the number at risk")
  func escape() throws {
    let picture = try DrawnPicture(
      trap + "r = measure_escape { temperature = 4e-4, replicas = 24, max_steps = 2500 }")
    let rows = try picture.column("survival", "step")
    let times = try #require(picture.result["times"] as? [Double])
    let escaped = try #require(picture.result["escaped"] as? [Bool])
    let last = try #require(times.max())
    let s = try picture.column("survival", "s")

    let curve = try picture.named("Kaplan-Meier, 24 replicas")
    #expect(curve.drawing == "steps")
    #expect(curve["x"] == [0] + rows + [last])
    #expect(curve["y"] == [1] + s + [s[s.count - 1]])

    let band = try picture.named("95 % band")
    // Behind each event the band is that row's.
    for (k, row) in zip(
      rows, try zip(picture.column("survival", "low"), picture.column("survival", "high")))
    {
      let place = try #require(band["x"].lastIndex(of: k))
      #expect(band["low"][place] == row.0 && band["high"][place] == row.1)
    }

    let tau = try picture.number("tau")
    let fit = try picture.named("exponential")
    #expect(areClose(fit["y"], fit["x"].map { exp(-$0 / tau) }))
    #expect(fit["x"].last == last)
    let expected = try picture.number("theory")
    let theory = try picture.named("theory")
    #expect(areClose(theory["y"], theory["x"].map { exp(-$0 / expected) }))

    let censored = Set(zip(times, escaped).filter { !$1 }.map(\.0))
    #expect(!censored.isEmpty)
    let marks = try picture.named("censored (\(Int(try picture.number("censored"))))")
    #expect(Set(marks["x"]) == censored && marks["y"].allSatisfy { $0 == s[s.count - 1] })

    #expect(picture.script.contains("'0'.\"\\n\".'24' 0.0"))
    let later = times.filter { $0 >= 1000 }.count
    #expect(picture.script.contains("'1000'.\"\\n\".'\(later)' 1000.0"), "\(picture.script)")
    let summary = try #require(picture.result["summary"] as? String)
    let title = try #require(
      picture.script.split(separator: "\n").first { $0.hasPrefix("set title") })
    #expect(title.contains(summary.prefix(20)))
  }

  @Test("in characters the first number at risk stands behind their name")
  func namedCounts() throws {
    let run = try kramers(
      "--format", "table", "-e",
      trap + "plot(measure_escape { temperature = 4e-4, replicas = 124, max_steps = 2500 })")
    let line = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("at risk") })
    #expect(line.hasPrefix("at risk 124 "), "\(line)")
  }

  @Test("nobody escapes: a level curve, marks, and the bound in words")
  func nobody() throws {
    let picture = try DrawnPicture(
      trap + "r = measure_escape { temperature = 1e-6, replicas = 4, max_steps = 500 }")
    #expect(try picture.named("Kaplan-Meier")["y"] == [1, 1])
    #expect(!picture.series.contains { $0.name?.hasPrefix("exponential") == true })
    #expect(picture.script.contains("no escape"))
  }

  @Test("splitting: its time beside theory and brute force, with their intervals")
  func splitting() throws {
    let picture = try DrawnPicture(
      trap
        + "r = measure_escape { temperature = 2e-4, replicas = 32, method = 'splitting', runs = 2 }"
    )
    let points = picture.all("points")
    #expect(try points[0]["x"] == [picture.number("tau")])
    #expect(try points[0]["x_low"] == [picture.number("tau_low")])
    #expect(try points[1]["x"] == [picture.number("theory")])
    let overlap = try #require(picture.result["overlap"] as? [String: Any])
    #expect(points[3]["x"] == [overlap["tau_direct"] as? Double])
    #expect(points[3]["x_high"] == [overlap["tau_high"] as? Double])
  }

  @Test("arrhenius: points with intervals, the fitted and the theoretical line, residuals, rivals")
  func arrhenius() throws {
    let picture = try DrawnPicture(
      trap + "r = arrhenius { temperatures = {5e-4, 4e-4, 3.3e-4}, replicas = 16 }",
      plot: ", rivals = true")
    let lr = try picture.number("lr")
    let x = try picture.column("points", "temperature").map { 1 / $0 }
    let measured = try picture.named("measured")
    #expect(measured["x"] == x)
    for (column, field) in [("y", "tau"), ("low", "tau_low"), ("high", "tau_high")] {
      #expect(try areClose(measured[column], picture.column("points", field).map { $0 * lr }))
    }
    let theory = try picture.named("theory")
    #expect(theory["x"] == x)
    #expect(try areClose(theory["y"], picture.column("points", "theory").map { $0 * lr }))

    let laws = try #require(picture.result["laws"] as? [[String: Any]])
    let fitted = try #require(laws.first { $0["law"] as? String == "arrhenius" })
    let (prefactor, barrier) = (
      try #require(fitted["prefactor"] as? Double), try #require(fitted["barrier"] as? Double)
    )
    let line = try picture.named("Arrhenius")
    #expect(areClose(line["y"], line["x"].map { prefactor * exp(barrier * $0) }, 1e-9))
    #expect(line["x"].first == x.min() && line["x"].last == x.max())
    let residuals = try #require(picture.all("points", panel: 2).first)
    #expect(
      areClose(
        residuals["y"], zip(x, measured["y"]).map { log($1 / (prefactor * exp(barrier * $0))) },
        1e-6))
    #expect(try Set(picture.named("clock")["y"]).count == 1)
    let power = try #require(laws.first { $0["law"] as? String == "power" })
    let exponent = try #require(power["power"] as? Double)
    let curve = try picture.named("power")
    #expect(
      abs(log(curve["y"][0] / curve["y"][80]) - exponent * log(curve["x"][80] / curve["x"][0]))
        < 1e-9)
  }

  @Test("control: every twin with its interval, and an arrow where nobody left")
  func control() throws {
    let picture = try DrawnPicture(
      trap + "r = control { temperature = 5e-4, replicas = 8, max_steps = 20000 }")
    let twins = try #require(picture.result["twins"] as? [[String: Any]])
    let left = twins.indices.filter { twins[$0]["escapes"] as? Double ?? 0 > 0 }
    let points = try picture.named("mean time")
    #expect(points["y"] == left.map { Double($0 + 1) })
    for (column, field) in [("x", "tau"), ("x_low", "tau_low"), ("x_high", "tau_high")] {
      #expect(points[column] == left.compactMap { twins[$0][field] as? Double })
    }
    let stayed = twins.indices.filter { twins[$0]["escapes"] as? Double ?? 0 == 0 }
    #expect(!stayed.isEmpty)
    let arrows = try picture.named("nobody")
    #expect(arrows["x"] == stayed.compactMap { twins[$0]["tau_low"] as? Double })
    for twin in twins {
      let name = try #require(twin["name"] as? String)
      #expect(picture.script.contains(name.split(separator: " ")[0]), "\(name)")
    }
  }

  @Test("a list: one picture, a colour each, the legend by the setting that differs")
  func list() throws {
    let picture = try DrawnPicture(
      trap + """
        local a = measure_escape { temperature = 5e-4, replicas = 8, max_steps = 2000 }
        local b = measure_escape { temperature = 4e-4, replicas = 8, max_steps = 2000 }
        r = { a, b }
        """)
    #expect(Set(picture.series.map(\.panel)) == [1])
    #expect(try picture.named("T = 0.0005").drawing == "steps")
    #expect(try picture.named("T = 0.0004").drawing == "steps")
    #expect(picture.script.contains("#0072B2") && picture.script.contains("#D55E00"))
  }
}
