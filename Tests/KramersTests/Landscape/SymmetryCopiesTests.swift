import Testing

@testable import Kramers

@Suite struct SymmetryCopiesTests {
  @Test("copies are group elements over those that leave the state in place")
  func counts() throws {
    let tanh = try Network(widths: [1, 3, 3, 1], activation: .tanh)
    var theta = [Double](repeating: 0, count: tanh.parameterCount)
    #expect(SymmetryCopies.count(tanh, theta) == 1)
    // One unit a layer: three places and two signs in each.
    theta[0] = 1.1
    theta[3] = 1.2
    theta[12] = 1.3
    #expect(SymmetryCopies.count(tanh, theta) == 36)
    // All units alike: signs only.
    theta =
      [Double](repeating: 0.5, count: 3) + [Double](repeating: 0.2, count: 9)
      + [Double](repeating: 0.7, count: 3)
    #expect(SymmetryCopies.count(tanh, theta) == 64)
    let relu = try Network(widths: [1, 3, 3, 1], activation: .relu)
    #expect(SymmetryCopies.count(relu, theta) == 1)
    let distinct = (0..<15).map { 0.1 + Double($0 * $0) }
    #expect(SymmetryCopies.count(relu, distinct) == 36)
    let wide = try Network(widths: [1, 9, 9, 1], activation: .tanh)
    #expect(
      SymmetryCopies.count(wide, [Double](repeating: 0, count: wide.parameterCount)) == nil)
  }
}
