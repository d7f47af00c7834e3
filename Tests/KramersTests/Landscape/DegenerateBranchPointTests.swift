#if canImport(Glibc)
  import Glibc
#endif
import Testing

@testable import Kramers

/// Hidden units that do the same make several eigenvalues vanish at once.
@Suite struct DegenerateBranchPointTests {
  /// 2-6-2 of tanh on the grid of X2, of two modes; and the largest singular value of the mean of
  /// y x', where the weights of a network of two layers vanish: there it is a linear one.
  private static func network() throws -> (Experiment, onset: Double) {
    let grid = [-1.5, -0.75, 0, 0.75, 1.5]
    let x = grid.flatMap { a in grid.map { [a, $0] } }
    let y = x.map { [1.2 * hyperbolicTangent(1.5 * $0[0]), 0.7 * hyperbolicTangent(1.5 * $0[1])] }
    var settings = Settings()
    settings.l2 = 0.3
    let network = try Network(widths: [2, 6, 2], activation: .tanh)
    var experiment = try Experiment(data: .from(x: x, y: y), network: network, settings: settings)
    try experiment.setParameters((0..<24).map { 0.6 * sin(1 + 5 * Double($0)) })
    let mean = zip(x, y).reduce(0) { $0 + $1.0[0] * $1.1[0] } / Double(x.count)
    return (try #require(try experiment.settled().state?.experiment), mean)
  }

  @Test("every branch is followed to an end over kernels of up to six")
  func followed() throws {
    let (start, onset) = try Self.network()
    var options = ContinuationOptions()
    options.to = 1.6
    options.branches = 24
    let r = try start.continuation(options)
    #expect(r.branches.count > 10)
    #expect(r.branches.allSatisfy { $0.end != "lost" })
    let many = r.branchPoints.filter { abs($0.indexAfter - $0.indexBefore) >= 4 }
    #expect(many.count >= 3, "\(r.branchPoints.map { ($0.indexBefore, $0.indexAfter) })")
    // Training comes to zero weights exactly where those become stable.
    let last = try #require(r.transitions.last)
    #expect(abs(last.spinodal - onset) < 1e-9, "\(last.spinodal) \(onset)")
    let onsets = r.branchPoints.filter { abs($0.l2 - onset) < 1e-3 }
    #expect(onsets.count >= 2)
    #expect(onsets.allSatisfy { abs($0.l2 - onset) < 1e-9 }, "\(onsets.map(\.l2))")
    // The same event from different branches. Two of them arrive at a point with a kernel of twelve,
    // near which nothing is regular.
    let places = r.branchPoints.map(\.l2).sorted()
    for (a, b) in zip(places, places.dropFirst()) where b - a < 1e-5 {
      #expect(b - a < 1e-7, "\(a) \(b)")
    }
  }

  @Test("of mirror images one axis is taken: the simplex of units that do the same")
  func axes() {
    // Eigenvectors of any mixture of what tells four equal units of two parameters apart.
    let shape = [0.6, -0.8]
    let mixtures = [[1.0, -2, 3, 0.5], [0.3, 1, -1, 2], [-1, 0.2, 0.7, 0.4]]
    let kernel = orthonormalized(
      mixtures.map { mixture in
        let mean = mixture.reduce(0, +) / 4
        return mixture.flatMap { c in shape.map { (c - mean) * $0 } }
      })
    let axes = kernelAxes(kernel)
    #expect(axes.count == 1)
    let norms = (0..<4).map { i in norm(Array(axes[0][2 * i..<2 * i + 2])) }.sorted()
    // e_i - 1/4, of length 1.
    for (found, expected) in zip(norms, [1, 1, 1, 3].map { $0 / 12.0.squareRoot() }) {
      #expect(abs(found - expected) < 1e-12)
    }
    // Of different units one each.
    let two = orthonormalized([[1, 1, 0, 2, 0], [1, -1, 0, 2, 0]])
    #expect(kernelAxes(two).count == 2)
    #expect(kernelAxes([[0.6, 0.8]]) == [[0.6, 0.8]])
  }
}
