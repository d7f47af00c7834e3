import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

/// |a - b| <= tolerance * |b|.
func isClose(_ a: Double?, _ b: Double, _ tolerance: Double) -> Bool {
  guard let a else { return false }
  return abs(a - b) <= tolerance * abs(b)
}

@Suite struct SingleModeTests {
  @Test("spinodals and their ratio to coexistence have the published values")
  func published() {
    for (s, depth, spinodal) in [
      (3.0, 3, 2.0443), (2, 3, 1.1906), (1, 3, 0.4725), (3, 4, 2.0), (2, 4, 1.0887),
      (1, 4, 0.3849),
    ] {
      let mode = SingleMode(singular: s, depth: depth)
      #expect(abs((mode.spinodal ?? 0) - spinodal) < 5.1e-5)
    }
    for (depth, ratio) in [(3, 1.1906), (4, 1.4142), (5, 1.6494)] {
      let mode = SingleMode(singular: 1, depth: depth)
      #expect(abs((mode.spinodal ?? 0) / (mode.coexistence ?? 1) - ratio) < 5.1e-5)
    }
    #expect(abs((SingleMode(singular: 0.8, depth: 3).coexistence ?? 0) - 0.2947) < 5e-5)
    #expect(abs((SingleMode(singular: 0.8, depth: 3).spinodal ?? 0) - 0.3509) < 5e-5)
    #expect(abs((SingleMode(singular: 0.9, depth: 3).spinodal ?? 0) - 0.4105) < 5e-5)
  }

  @Test("barriers from zero at s = 1, D = 3 have the tabulated values")
  func barriers() throws {
    let mode = SingleMode(singular: 1, depth: 3)
    let coexistence = try #require(mode.coexistence)
    // The table's own digits: five or six.
    for (ratio, barrier) in [
      (0.1, 3.1252e-5), (0.25, 4.88759e-4), (0.5, 0.00393751), (0.75, 0.0135624),
      (1, 0.0337211),
    ] { #expect(isClose(mode.barrierFromZero(l2: ratio * coexistence), barrier, 2e-5)) }
    #expect(isClose(mode.saddleWeight(l2: 0.3), 0.3091322, 2e-7))
    #expect(isClose(mode.barrierFromZero(l2: 0.3), 0.01389806, 1e-6))
    let saddle = try #require(mode.saddleStrength(l2: 0.3))
    #expect(isClose(mode.curvature(strength: saddle, l2: 0.3), -0.2726033, 1e-6))
  }

  @Test("roots satisfy the stationarity condition to rounding", arguments: 3...7)
  func roots(depth: Int) throws {
    let d = Double(depth)
    for (s, variance) in [(1.0, 1.0), (0.3, 2.5), (40, 0.01)] {
      let mode = SingleMode(singular: s, variance: variance, depth: depth)
      let spinodal = try #require(mode.spinodal)
      for fraction in [1e-9, 1e-3, 0.3, 0.9, 0.999] {
        let b = fraction * spinodal
        let learned = try #require(mode.learnedStrength(l2: b))
        let saddle = try #require(mode.saddleStrength(l2: b))
        #expect(saddle < mode.spinodalStrength && mode.spinodalStrength < learned)
        for w in [learned, saddle] {
          let residual = pow(w, 1 - 2 / d) * (s - variance * w) - b
          #expect(abs(residual) < 1e-14 * (b + pow(w, 1 - 2 / d) * s))
          // The eliminated energy is the energy; cancellation in `energy` bounds the comparison.
          let direct = mode.energy(weight: pow(w, 1 / d), l2: b)
          #expect(
            abs(mode.stationaryEnergy(strength: w) - direct) < 1e-14 * (s * w + b * pow(w, 2 / d)))
        }
      }
      #expect(mode.learnedStrength(l2: 1.0001 * spinodal) == nil)
      #expect(mode.saddleStrength(l2: 1.0001 * spinodal) == nil)
    }
  }

  @Test("at coexistence the learned state and zero have the same energy", arguments: 3...7)
  func coexistence(depth: Int) throws {
    let mode = SingleMode(singular: 0.7, variance: 1.3, depth: depth)
    let b = try #require(mode.coexistence)
    let learned = try #require(mode.learnedStrength(l2: b))
    #expect(abs(mode.energy(weight: pow(learned, 1 / Double(depth)), l2: b)) < 1e-15)
    #expect(mode.stationaryEnergy(strength: try #require(mode.learnedStrength(l2: 0.99 * b))) < 0)
  }

  @Test("the curvature is the second difference of the energy over D", arguments: 3...7)
  func curvature(depth: Int) throws {
    let mode = SingleMode(singular: 0.9, variance: 0.6, depth: depth)
    let b = 0.7 * (try #require(mode.spinodal))
    for w in [mode.learnedStrength(l2: b), mode.saddleStrength(l2: b)] {
      let w = try #require(w)
      let a = pow(w, 1 / Double(depth))
      let h = 1e-4
      let second =
        (mode.energy(weight: a + h, l2: b) - 2 * mode.energy(weight: a, l2: b)
          + mode.energy(weight: a - h, l2: b)) / (h * h)
      // Rounding eps/h^2 = 2e-8 and truncation h^2 E''''/12 of order 1e-6.
      #expect(abs(second / Double(depth) - mode.curvature(strength: w, l2: b)) < 2e-5)
    }
  }

  @Test("l2 scales as lambda (s/lambda)^(2-2/D) and energies as s^2/lambda", arguments: 2...7)
  func scaling(depth: Int) throws {
    let unit = SingleMode(singular: 1, depth: depth)
    let (s, variance) = (0.23, 1.7)
    let mode = SingleMode(singular: s, variance: variance, depth: depth)
    let factor = variance * pow(s / variance, 2 - 2 / Double(depth))
    #expect(isClose(mode.spinodal, factor * (unit.spinodal ?? 0), 1e-14))
    #expect(isClose(mode.coexistence, factor * (unit.coexistence ?? 0), 1e-14))
    guard depth > 2, let spinodal = unit.spinodal else { return }
    let b = 0.6 * spinodal
    let energy = s * s / variance
    #expect(
      isClose(mode.barrierFromZero(l2: factor * b), energy * unit.barrierFromZero(l2: b)!, 1e-12))
    #expect(
      isClose(
        mode.barrierFromLearned(l2: factor * b), energy * unit.barrierFromLearned(l2: b)!, 1e-12))
  }

  @Test("barriers follow their laws at small l2 and near the spinodal", arguments: 3...7)
  func laws(depth: Int) throws {
    let d = Double(depth)
    let mode = SingleMode(singular: 1, depth: depth)
    // a_s^D = (b/s)^(D/(D-2)) is the first neglected term: 1e-9 for D = 7.
    let b = 1e-7
    let law = (d - 2) / 2 * b * pow(b, 2 / (d - 2))
    #expect(isClose(mode.barrierFromZero(l2: b), law, 1e-8))
    let spinodal = try #require(mode.spinodal)
    let near = try #require(mode.barrierFromLearned(l2: spinodal * (1 - 1e-4)))
    let far = try #require(mode.barrierFromLearned(l2: spinodal * (1 - 2e-4)))
    // The correction to 3/2 is O(sqrt(1 - b/b_sp)) or smaller; measured below 1e-3.
    #expect(abs(log(far / near) / log(2) - 1.5) < 1e-3)
  }

  @Test("depth 2 is second order at l2 = s, depth 1 has no transition")
  func shallow() {
    let two = SingleMode(singular: 0.8, variance: 0.5, depth: 2)
    #expect(two.order == 2)
    #expect(two.spinodal == 0.8 && two.coexistence == 0.8)
    #expect(isClose(two.learnedStrength(l2: 0.3), 1.0, 1e-15))
    #expect(two.learnedStrength(l2: 0.9) == 0)
    #expect(two.saddleStrength(l2: 0.3) == nil && two.barrierFromZero(l2: 0.3) == nil)
    let one = SingleMode(singular: 0.8, variance: 0.5, depth: 1)
    #expect(one.order == nil && one.spinodal == nil && one.coexistence == nil)
    #expect(isClose(one.learnedStrength(l2: 0.3), 1.0, 1e-15))
    #expect(SingleMode(singular: 1, depth: 3).order == 1)
  }
}
