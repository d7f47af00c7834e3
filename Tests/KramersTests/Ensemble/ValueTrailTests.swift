import Testing

@testable import Kramers

@Suite struct ValueTrailTests {
  @Test("a long trail keeps its ends and extremes in bounded memory")
  func thinning() {
    var trail = ValueTrail(.loss)
    for step in 1...200_000 {
      let value = step == 54_321 ? 40.0 : step == 777 ? -40 : Double(step % 97) / 97
      trail.add(value, at: step)
      #expect(trail.count <= 1024)
    }
    #expect(trail.values.max() == 40 && trail.values.min() == -40)
    #expect(trail.series[.x].first == 1 && trail.series[.x].last == 200_000)
    #expect(trail.series[.x][trail.values.firstIndex(of: 40) ?? 0] == 54_321)
  }

  @Test("what is not later or not finite is left out; another quantity is another trail")
  func additions() {
    var trail = ValueTrail(.loss)
    for (value, step) in [(1.0, 5), (2, 5), (3, 4), (.nan, 6), (.infinity, 7), (4, 8)] {
      trail.add(value, at: step)
    }
    #expect(trail.values == [1, 4])
    let monitor = RunMonitor()
    #expect(monitor.shown == nil)
    for (observable, step, goesOn) in [
      (Observable.loss, 8, true), (.loss, 7, false), (.norm, 9, false),
    ] {
      monitor.show(1, of: observable, at: step)
      #expect(monitor.shown.map(trail.goesOn) == goesOn)
    }
    monitor.show(.nan, of: .norm, at: 10)
    #expect(monitor.shown?.step == 9)
  }

  @Test("a live picture has a line for its label, and fits a screen of ten lines")
  func figures() throws {
    var trail = ValueTrail(.mode(2))
    #expect(Figure(live: trail) == nil)
    for step in 1...50 { trail.add(1 / Double(step * step * step), at: step) }
    let figure = try #require(Figure(live: trail))
    #expect(figure.panels[0].y.scale == .log)
    for isPlain in [false, true] {
      let text = figure.text(.init(width: 37, height: 8, isPlain: isPlain))
      let lines = text.split(separator: "\n")
      #expect(lines.count == 8 && lines.allSatisfy { $0.count <= 37 }, "\(text)")
      #expect(lines.first == "mode 2 over steps")
    }
    #expect(Figure(live: EscapeTally()) == nil)
    #expect(Figure(live: Ramp(total: 4)) == nil)
  }
}
