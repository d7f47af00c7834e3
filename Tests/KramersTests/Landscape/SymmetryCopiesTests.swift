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

  @Test("a reflection that the data has doubles the copies of a state that breaks it")
  func ofData() throws {
    let network = try Network(widths: [2, 1, 2], activation: .tanh)
    func symmetries(_ y: [[Double]], _ network: Network) throws -> [DataSymmetry] {
      let data = try Dataset.from(x: [[1, 0], [-1, 0], [0, 1], [0, -1]], y: y)
      return try #require(DataSymmetry.all(network, try data.fullBatch(for: network)))
    }
    let odd = try symmetries([[2, 0], [-2, 0], [0, 1], [0, -1]], network)
    #expect(odd.count == 4)
    // Both inputs alike: they may be exchanged with the outputs as well.
    #expect(try symmetries([[2, 0], [-2, 0], [0, 2], [0, -2]], network).count == 8)
    #expect(try symmetries([[2, 0.1], [-2, 0], [0, 1], [0, -1]], network).count == 1)
    // Four sign changes of which W_1 = (a, 0) feels one, and the unit's own flip undoes it.
    #expect(SymmetryCopies.count(network, [1, 0, 2, 0], data: odd) == 2)
    #expect(SymmetryCopies.count(network, [1, 0.5, 2, 0.3], data: odd) == 4)
    #expect(SymmetryCopies.count(network, [1, 0.5, 2, 0.3]) == 2)
    // Classes are exchanged, never negated.
    let classes = try Network(widths: [2, 1, 2], activation: .tanh, loss: .crossEntropy)
    #expect(try symmetries([[1, 0], [0, 1], [0.5, 0.5], [0.5, 0.5]], classes).count == 4)
  }

  @Test("of many columns: the identity where no two are alike, unknown where two are")
  func manyColumns() throws {
    let network = try Network(widths: [8, 2, 2], activation: .tanh)
    let normals = RandomStream(seed: 4, purpose: .statistics).normals(12 * 10)
    let x = (0..<12).map { Array(normals[$0 * 8..<$0 * 8 + 8]) }
    let y = (0..<12).map { Array(normals[96 + $0 * 2..<98 + $0 * 2]) }
    func symmetries(_ x: [[Double]]) throws -> [DataSymmetry]? {
      let data = try Dataset.from(x: x, y: y)
      return DataSymmetry.all(network, try data.fullBatch(for: network))
    }
    #expect(try symmetries(x)?.count == 1)
    // Pixels that are always dark change nothing.
    #expect(try symmetries(x.map { [0, 0] + $0.dropFirst(2) })?.count == 1)
    #expect(try symmetries(x.map { [$0[1]] + $0.dropFirst() }) == nil)
    #expect(try symmetries(x.map { [-$0[1]] + $0.dropFirst() }) == nil)
    // One column that is its own mirror image.
    let odd = x.indices.map { n in [n < 6 ? Double(n + 1) : -Double(n - 5)] + x[n].dropFirst() }
    #expect(try symmetries(odd) == nil)
  }
}
