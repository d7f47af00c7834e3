import Glibc
import Kramers
import Testing

@Suite struct FirstPassageQuadratureTests {
  @Test("free motion from a reflecting wall: ((b-a)^2 - (x-a)^2)/2T, to 1e-10 relative")
  func free() throws {
    for start in [-1.0, 0, 0.7] {
      let tau = try meanFirstPassageTime(
        temperature: 0.3, from: start, to: 2, leftEnd: .reflecting(-1), potential: { _ in 5 })
      let exact = (9 - (start + 1) * (start + 1)) / 0.6
      #expect(abs(try #require(tau) / exact - 1) < 1e-10)
    }
  }

  @Test("linear potentials, uphill and downhill, match the closed form to 1e-9 relative")
  func linear() throws {
    // V = g x, wall at 0, from 0 to b: tau = (T/g^2)(e^(g b/T) - 1) - b/g.
    for (g, temperature) in [(1.0, 0.5), (1, 0.01), (-1, 0.5), (-1, 0.002), (3, 1)] {
      let tau = try meanFirstPassageTime(
        temperature: temperature, from: 0, to: 1.5, leftEnd: .reflecting(0),
        potential: { g * $0 })
      let exact = temperature / (g * g) * expm1(1.5 * g / temperature) - 1.5 / g
      #expect(abs(try #require(tau) / exact - 1) < 1e-9, "g = \(g), T = \(temperature)")
    }
  }

  @Test("a slope without a wall drifts down: tau = b/g exactly")
  func drift() throws {
    // V = -g x confines the left side, so the natural end is found; uphill does not confine.
    let tau = try meanFirstPassageTime(temperature: 0.2, from: 0, to: 3, potential: { -2 * $0 })
    #expect(abs(try #require(tau) / 1.5 - 1) < 1e-10)
    #expect(try meanFirstPassageTime(temperature: 0.2, from: 0, to: 3, potential: { $0 }) == nil)
  }

  @Test("the double well tends to Kramers' sqrt(2) pi e^(1/4T), with a correction of order T")
  func doubleWell() throws {
    func ratio(_ temperature: Double) throws -> Double {
      let tau = try meanFirstPassageTime(
        temperature: temperature, from: -1, to: 1,
        potential: { 0.25 * ($0 * $0 - 1) * ($0 * $0 - 1) })
      return try #require(tau) / (2.0.squareRoot() * Double.pi * exp(0.25 / temperature))
    }
    // The relative excess is c T + O(T^2): halving T halves it, with the O(T^2) term shrinking.
    let temperatures = [0.02, 0.01, 0.005, 0.0025, 0.00125]
    let excess = try temperatures.map { try ratio($0) - 1 }
    let halving = zip(excess, excess.dropFirst()).map { $0 / $1 }
    for (first, second) in zip(halving, halving.dropFirst()) {
      #expect(abs(second - 2) < abs(first - 2), "\(halving)")
    }
    #expect(abs(halving[3] - 2) < 0.02 && abs(excess[4]) < 0.01, "\(excess), \(halving)")
  }

  @Test("the Ornstein-Uhlenbeck process reaches b sqrt(T) in the tabulated time, to 1e-10")
  func ornsteinUhlenbeck() throws {
    // mpmath: sqrt(pi/2)*quad(lambda u: exp(u*u/2)*(1+erf(u/sqrt(2))), [0, b])
    let cases: [(b: Double, tau: Double)] = [
      (1, 2.09340664967832181),
      (3, 86.9316198988883407),
      (5, 140741.000473498301),
    ]
    for (b, exact) in cases {
      let tau = try meanFirstPassageTime(
        temperature: 0.04, from: 0, to: 0.2 * b, potential: { 0.5 * $0 * $0 })
      #expect(abs(try #require(tau) / exact - 1) < 1e-10)
    }
  }

  @Test("a barrier of 600 T neither overflows nor underflows")
  func large() throws {
    let tau = try meanFirstPassageTime(
      temperature: 1.0 / 2400, from: -1, to: 1,
      potential: { 1000 + 0.25 * ($0 * $0 - 1) * ($0 * $0 - 1) })
    let kramers = 2.0.squareRoot() * Double.pi * exp(600)
    #expect(abs(try #require(tau) / kramers - 1) < 0.01)
  }

  @Test("wrong temperatures and positions are refused, a pole gives nil")
  func refused() throws {
    #expect(throws: (InputError).self) {
      try meanFirstPassageTime(temperature: 0, from: 0, to: 1, potential: { $0 })
    }
    #expect(throws: (InputError).self) {
      try meanFirstPassageTime(temperature: 1, from: 1, to: 1, potential: { $0 })
    }
    #expect(throws: (InputError).self) {
      try meanFirstPassageTime(
        temperature: 1, from: 0, to: 1, leftEnd: .reflecting(0.5), potential: { $0 })
    }
    let pole = try meanFirstPassageTime(
      temperature: 1, from: 0, to: 1, leftEnd: .reflecting(0), potential: { _ in .nan })
    #expect(pole == nil)
  }
}
