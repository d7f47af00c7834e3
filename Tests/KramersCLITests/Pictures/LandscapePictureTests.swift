import Foundation
import Testing

private let two = """
  experiment { data = data.population { singular = {1, .6} }, depth = 3, width = 2, lr = .1, seed = 2 }

  """

@Suite("pictures of landscapes and sweeps show their numbers") struct LandscapePictureTests {
  private func modes(_ rows: Any?, _ k: Int) throws -> [Double] {
    try #require(rows as? [[String: Any]]).map { ($0["modes"] as? [Double])?[k] ?? .nan }
  }

  @Test("hysteresis: both ways, the area between them, jumps, spinodals")
  func hysteresis() throws {
    let picture = try DrawnPicture(
      two + "train(500) r = hysteresis { from = .05, to = .6, points = 23 }")
    let up = (picture.result["up"] as? [String: Any])?["points"]
    let down = (picture.result["down"] as? [String: Any])?["points"]
    let l2 = try DrawnPicture.column(up, "l2")
    let lines = picture.all("line")
    #expect(lines.count == 4)
    let area = try #require(picture.result["area"] as? [Double])
    let bands = picture.all("band")
    for k in 0..<2 {
      #expect(try lines[k]["x"] == l2 && lines[k]["y"] == modes(up, k))
      #expect(try lines[2 + k]["x"] == DrawnPicture.column(down, "l2"))
      #expect(try lines[2 + k]["y"] == modes(down, k))
      let gap = zip(bands[k]["high"], bands[k]["low"]).map { $0 - $1 }
      let x = bands[k]["x"]
      var shaded = 0.0
      for i in 1..<gap.count { shaded += (x[i] - x[i - 1]) * (gap[i] + gap[i - 1]) / 2 }
      #expect(abs(shaded - area[k]) < 1e-9)
      #expect(bands[k].name?.hasPrefix("mode \(k + 1): area") == true)
    }
    let theory = try #require(picture.result["theory"] as? [String: Any])
    let rules = try picture.named("spinodal")
    #expect(Set(rules["x"]) == Set(theory["spinodal"] as? [Double] ?? []))
    let jumps = try DrawnPicture.column(picture.result["jumps"], "l2")
    #expect(!jumps.isEmpty)
    let arrows = picture.all("arrows").filter { $0["x"] == $0["to_x"] }.flatMap { $0["x"] }
    #expect(Set(jumps).isSubset(of: arrows))
  }

  @Test("hysteresis over rates: delays with their grid step, theory's line")
  func rates() throws {
    let picture = try DrawnPicture(two + "r = hysteresis { rate = {3e-4, 1e-3} }")
    let rows = try #require(picture.result["rates"] as? [[String: Any]])
    let first = rows.filter { $0["mode"] as? Double == 1 }
    let points = try picture.named("mode 1, exponent")
    #expect(try points["y"] == DrawnPicture.column(first, "excess"))
    #expect(try picture.named("mode 1, theory")["y"] == DrawnPicture.column(first, "theory"))
    let step = try DrawnPicture.column(first, "uncertainty")
    #expect(areClose(points["high"], zip(points["y"], step).map { $0 + $1 }))
  }

  @Test("sweep: a line of each mode")
  func sweep() throws {
    let picture = try DrawnPicture(two + "train(500) r = sweep { from = .05, to = .3, points = 6 }")
    for k in 0..<2 {
      let line = try picture.named("mode \(k + 1)")
      #expect(try line["x"] == picture.column("points", "l2"))
      #expect(try line["y"] == modes(picture.result["points"], k))
    }
  }

  @Test("bifurcation: stable full, unstable dashed, up to the spinodal")
  func bifurcation() throws {
    let picture = try DrawnPicture(two + "r = bifurcation { points = 12 }")
    let lines = picture.all("line")
    for (line, (table, mode)) in zip(
      lines, [("stable", 1.0), ("unstable", 1), ("stable", 2), ("unstable", 2)])
    {
      let rows = try #require(picture.result[table] as? [[String: Any]])
        .filter { $0["mode"] as? Double == mode }
      #expect(try line["x"] == DrawnPicture.column(rows, "l2"))
      #expect(try line["y"] == DrawnPicture.column(rows, "strength"))
    }
    #expect(lines.count == 4)
    let drawn = picture.script.split(separator: "\n").filter { $0.contains("with lines") }
    #expect(drawn[0].contains("dt solid") && drawn[1].contains("dt (10,5)"))
    #expect(try picture.named("spinodal")["x"].count == 4)
  }

  @Test("barrier: the path above its minimum, and the saddle at its height")
  func barrier() throws {
    let picture = try DrawnPicture(two + "trap { rank = 1, release = .05 } r = barrier()")
    let base = try picture.number("minimum_objective")
    let path = try picture.column("path", "objective").map { $0 - base }
    let lines = picture.series.filter { $0.drawing == "line" }
    #expect(lines.count == 2)
    for line in lines {
      #expect(try line["x"] == picture.column("path", "distance") && areClose(line["y"], path))
    }
    let saddle = try picture.named("saddle, index 1")
    #expect(try areClose(saddle["y"], [picture.number("height")], 1e-9))
  }

  @Test("phases: from 0 to coexistence to the spinodal, and where l2 stands")
  func phases() throws {
    let picture = try DrawnPicture(two + "set_l2(.1) r = phases()")
    let spinodal = try picture.column("modes", "spinodal")
    let coexistence = try picture.column("modes", "coexistence")
    #expect(try picture.named("learned")["to_x"] == coexistence)
    let metastable = try picture.named("metastable")
    #expect(metastable["x"] == coexistence && metastable["to_x"] == spinodal)
    #expect(try picture.named("b = 0.1")["x"] == [0.1, 0.1])
  }

  @Test("phase_diagram: every point in the marker of its phase")
  func phaseDiagram() throws {
    let picture = try DrawnPicture(
      two + "r = phase_diagram { l2 = {.1, .3, .5}, temperature = {0, 1e-3}, steps = 200 }")
    let rows = try #require(picture.result["points"] as? [[String: Any]])
    for phase in Set(rows.compactMap { $0["phase"] as? String }) {
      let own = rows.filter { $0["phase"] as? String == phase }
      let points = try picture.named(phase)
      #expect(try points["x"] == DrawnPicture.column(own, "l2"))
      #expect(try points["y"] == DrawnPicture.column(own, "temperature"))
    }
    #expect(picture.all("points").reduce(0) { $0 + $1["x"].count } == rows.count)
  }

  @Test("hessian: all eigenvalues in order on a symmetric logarithm, by their sign")
  func hessian() throws {
    let picture = try DrawnPicture(two + "train(30) r = hessian { dense = true }")
    let values = try #require(picture.result["values"] as? [Double]).sorted()
    let drawn = picture.all("points").flatMap { series in zip(series["x"], series["y"]) }
      .sorted { $0.0 < $1.0 }
    #expect(drawn.map(\.1) == values)
    #expect(drawn.map(\.0) == values.indices.map { Double($0 + 1) })
    #expect(picture.script.contains("\nset nonlinear y"))
    if let negative = picture.series.first(where: { $0.name?.hasPrefix("negative") == true }) {
      #expect(negative["y"].allSatisfy { $0 < 0 })
    }
  }

  @Test("noise, metastable, measurement and trap")
  func others() throws {
    let noise = try DrawnPicture(
      """
      local task = data.gaussian { singular = {0.9, 0.8}, samples = 64, seed = 1 }
      experiment { data = task, depth = 3, width = 2, lr = 0.2, batch = 16, seed = 42 }
      train(50) r = noise()
      """)
    let top = try #require(noise.result["top"] as? [Double])
    #expect(try noise.named("largest")["y"] == top.filter { $0 > 1e-12 * (top.max() ?? 0) })
    #expect(try Set(noise.named("trace")["y"]) == [noise.number("trace")])
    let states = try DrawnPicture(two + "r = metastable { l2 = .1, quenches = 2 }")
    #expect(try states.named("metastable")["x"] == states.column("states", "objective"))
    #expect(try states.named("saddles")["x"] == states.column("saddles", "objective"))
    for code in ["r = measure()", "r = trap { rank = 1, release = .05 }"] {
      let picture = try DrawnPicture(two + code)
      #expect(picture.all("points")[0]["y"] == picture.result["modes"] as? [Double])
    }
  }

  @Test("deflation: each state in the marker of its index; a settling says what draws it")
  func deflation() throws {
    let chain = """
      experiment { data = data.from { x = {{-1}, {0.5}, {2}}, y = {{-1}, {0.6}, {1}} },
        widths = {1, 1, 1}, activation = "tanh", l2 = 0.05 }
      settle()
      local low = snapshot()
      reset(2)

      """
    let picture = try DrawnPicture(chain + "r = deflate { known = { low } }")
    let rows = try #require(picture.result["states"] as? [[String: Any]])
    #expect(!rows.isEmpty)
    for (words, isMinimum) in [("minima", true), ("saddles", false)] {
      let own = rows.filter { ($0["index"] as? Double == 0) == isMinimum }
      guard !own.isEmpty else { continue }
      let points = try picture.named(words)
      #expect(try points["x"] == DrawnPicture.column(own, "norm"))
      #expect(try points["y"] == DrawnPicture.column(own, "objective"))
    }
    #expect(picture.all("points").reduce(0) { $0 + $1["x"].count } == rows.count)
    let run = try kramers("-", input: chain + "plot(settle(), 'settled.svg')")
    #expect(run.status == 1 && run.errors.contains("a settling is one state"), "\(run.errors)")
  }

  @Test("learning_coefficient: its interval beside the quadratic's value and half the rank")
  func learningCoefficient() throws {
    let picture = try DrawnPicture(
      """
      experiment { data = data.from { x = {{-1}, {0.5}, {2}}, y = {{-1}, {0.6}, {1}} },
        widths = {1, 1, 1}, activation = "tanh", l2 = 0.05 }
      settle()
      r = learning_coefficient { steps = 400 }
      """)
    let (value, error) = (try picture.number("lambda"), try picture.number("lambda_error"))
    let points = picture.all("points")
    #expect(points.count == 3 && value > 0 && error > 0)
    #expect(points[0]["x"] == [value] && points[0]["x_low"] == [value - 1.96 * error])
    #expect(points[0]["x_high"] == [value + 1.96 * error])
    #expect(try points[1]["x"] == [picture.number("quadratic")])
    #expect(try points[2]["x"] == [picture.number("rank") / 2])
  }
}
