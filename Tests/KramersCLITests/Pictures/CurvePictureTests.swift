import Foundation
import Testing

private let completion = """
  local task = data.completion { size = 8, fraction = 0.5, seed = 1 }
  experiment { data = task, depth = 3, width = 8, init = "balanced", l2 = 3e-3, lr = 0.05 }

  """

@Suite("pictures of training show their numbers") struct CurvePictureTests {
  @Test("run: train and test over the steps, without step 0 on the log axis, which is said")
  func run() throws {
    let picture = try DrawnPicture(completion + "r = train { steps = 200, every = 20 }")
    let steps = try picture.column("trace", "step")
    #expect(steps.first == 0)
    let train = try picture.named("train")
    #expect(train["x"] == Array(steps.dropFirst()))
    #expect(try train["y"] == Array(picture.column("trace", "loss").dropFirst()))
    #expect(
      try picture.named("test")["y"] == Array(try picture.column("trace", "test_loss").dropFirst()))
    #expect(picture.script.contains("step 0 has no place on a log axis"))
    #expect(picture.script.contains("\nset logscale x"))
  }

  @Test("run: a trace of start and end alone shows both, and says how to have more")
  func endsOnly() throws {
    let picture = try DrawnPicture(completion + "r = train { steps = 200 }")
    let steps = try picture.column("trace", "step")
    #expect(steps == [0, 200])
    let train = try picture.named("train")
    #expect(train["x"] == steps && train.drawing == "line")
    #expect(try train["y"] == picture.column("trace", "loss"))
    #expect(!picture.script.contains("\nset logscale x"))
    #expect(picture.script.contains("every = n keeps what"))
    let schedule = try DrawnPicture(completion + "r = schedule { steps = 200 }")
    #expect(try schedule.named("train").drawing == "points")
    #expect(schedule.script.contains("every = n keeps what"))
  }

  @Test("grok: curves of the run and its twin, and both times")
  func grok() throws {
    let picture = try DrawnPicture(
      completion + "set { temperature = 1e-5 } r = grok { steps = 300, every = 30, below = 0.5 }")
    #expect(try picture.named("train")["y"] == picture.column("curve", "train"))
    #expect(try picture.named("test")["y"] == picture.column("curve", "test"))
    #expect(
      try picture.named("test, noise off")["y"] == picture.column("control_curve", "test"))
    #expect(try picture.named("t_train")["x"][0] == picture.number("t_train"))
  }

  @Test("schedule: the curves, and each setting that varies")
  func schedule() throws {
    let picture = try DrawnPicture(
      completion + """
        r = schedule { steps = 200, every = 20, l2 = { {0, 0}, {100, 0.3}, shape = "ramp" } }
        """)
    #expect(try picture.named("train")["y"] == picture.column("trace", "loss"))
    let last = try #require(picture.series.last)
    #expect(try last["y"] == picture.column("trace", "l2"))
    #expect(picture.script.contains("L2 strength b"))
  }

  @Test("accelerate: times and speedups with their intervals")
  func accelerate() throws {
    let picture = try DrawnPicture(
      completion + """
        r = accelerate { seeds = 3, max_steps = 4000, below = 0.6, programmes = {
          { name = "constant" }, { name = "more decay", l2 = 1e-2 } } }
        """)
    let programmes = try #require(picture.result["programmes"] as? [[String: Any]])
    #expect(programmes.allSatisfy { $0["tau"] is Double })
    #expect(try picture.named("mean time")["x"] == picture.column("programmes", "tau"))
    let speedup = try picture.named("speedup")
    #expect(speedup["x"] == [programmes[1]["speedup"] as? Double])
    #expect(speedup["x_low"] == [programmes[1]["speedup_low"] as? Double])
    #expect(speedup["x_high"] == [programmes[1]["speedup_high"] as? Double])
  }

  @Test("any table by the names of its columns, rows or lists, with error bars")
  func tables() throws {
    let rows = try DrawnPicture(
      "r = { {a = 1, b = 2, b_low = 1, b_high = 3}, {a = 2, b = 4, b_low = 2, b_high = 5} }",
      plot: ", x = 'a', y = 'b'")
    let points = try #require(rows.all("points").first)
    #expect(points["x"] == [1, 2] && points["y"] == [2, 4])
    #expect(points["low"] == [1, 2] && points["high"] == [3, 5])
    let lists = try DrawnPicture(
      "r = { l2 = linspace(0, 1, 100), tau = logspace(1, 1e6, 100) }",
      plot: ", x = 'l2', y = 'tau', log = 'y'")
    #expect(lists.all("line")[0]["y"].last == 1e6)
    #expect(lists.script.contains("\nset logscale y"))
    #expect(lists.script.contains("escape time τ (steps)"))
    let columns = try DrawnPicture(
      completion + "r = train { steps = 100, every = 10 }", plot: ", x = 'time', y = 'norm'")
    #expect(try columns.series[0]["x"] == columns.column("trace", "time"))
    #expect(try columns.series[0]["y"] == columns.column("trace", "norm"))
  }
}
