import Foundation
import Testing

@testable import Kramers

@Suite struct RootBracketTests {
  private struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let f: @Sendable (Double) -> Double
    let bracket: (Double, Double)
    let root: Double
  }

  private static let cases = [
    Case(testDescription: "x^2 = 2", f: { $0 * $0 - 2 }, bracket: (0, 3), root: 2.0.squareRoot()),
    Case(
      testDescription: "the other way", f: { 2 - $0 * $0 }, bracket: (3, 0), root: 2.0.squareRoot()),
    Case(testDescription: "exp x = 5", f: { exp($0) - 5 }, bracket: (-4, 9), root: log(5)),
    Case(
      testDescription: "a far end forty times as high", f: { 1 - exp(4 * ($0 - 0.3)) },
      bracket: (0, 1.2), root: 0.3),
    Case(testDescription: "a cubic root at zero", f: { $0 * $0 * $0 }, bracket: (-1, 0.7), root: 0),
    Case(
      testDescription: "a square root's slope", f: { $0 < 0.4 ? -sqrt(0.4 - $0) : sqrt($0 - 0.4) },
      bracket: (0, 1), root: 0.4),
    Case(testDescription: "a step", f: { $0 < 0.123 ? -1 : 1 }, bracket: (0, 1), root: 0.123),
  ]

  @Test("a root is bracketed to 1e-12 in less than twice the steps of halving", arguments: cases)
  private func roots(_ example: Case) {
    let (a, b) = example.bracket
    var bracket = RootBracket((a, example.f(a)), (b, example.f(b)))
    var steps = 0
    while bracket.width > 1e-12, steps < 200 {
      let x = bracket.next
      #expect(x >= min(a, b) && x <= max(a, b))
      bracket.take((x, example.f(x)))
      steps += 1
    }
    #expect(abs(bracket.best.x - example.root) <= 1e-12, "\(bracket.best.x)")
    #expect(steps <= 2 * Int(log2(abs(b - a) / 1e-12)), "\(steps)")
  }

  @Test("smooth functions take at most nine values to 1e-13")
  func smooth() {
    for example in Self.cases.prefix(4) {
      let (a, b) = example.bracket
      var bracket = RootBracket((a, example.f(a)), (b, example.f(b)))
      var steps = 0
      while abs(bracket.best.x - example.root) > 1e-13, steps < 200 {
        let x = bracket.next
        bracket.take((x, example.f(x)))
        steps += 1
      }
      #expect(steps <= 9, "\(example.testDescription): \(steps)")
    }
  }
}
