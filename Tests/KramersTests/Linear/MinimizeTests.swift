import Glibc
import Kramers
import Testing

@Suite struct MinimizeTests {
  @Test(
    "a quadratic of condition 1e4 converges to 1e-12 of its first gradient", arguments: [1, 2, 50])
  func quadratic(n: Int) {
    let curvature = (0..<n).map { pow(10, 4 * Double($0) / Double(max(n - 1, 1))) }
    let center = RandomStream(seed: 31, purpose: .data).normals(n)
    let result = minimize(from: [Double](repeating: 3, count: n)) { x, gradient in
      var value = 7.0
      for i in 0..<n {
        let d = x[i] - center[i]
        gradient[i] = curvature[i] * d
        value += 0.5 * curvature[i] * d * d
      }
      return value
    }
    #expect(result.converged)
    #expect(zip(result.x, center).allSatisfy { abs($0 - $1) < 1e-7 })
    #expect(abs(result.value - 7) < 1e-13)
  }

  @Test("Rosenbrock's valley ends at (1, ..., 1)", arguments: [2, 10, 100])
  func rosenbrock(n: Int) {
    let start = (0..<n).map { $0 % 2 == 0 ? -1.2 : 1.0 }
    let result = minimize(from: start) { x, gradient in
      var value = 0.0
      for i in 0..<n { gradient[i] = 0 }
      for i in 0..<n - 1 {
        let u = x[i + 1] - x[i] * x[i]
        value += 100 * u * u + (1 - x[i]) * (1 - x[i])
        gradient[i + 1] += 200 * u
        gradient[i] += -400 * x[i] * u - 2 * (1 - x[i])
      }
      return value
    }
    #expect(result.converged && result.gradientNorm < 1e-8)
    // The chain has a second minimum near (-1, 1, ..., 1) for n >= 4: any minimum counts there.
    if n == 2 { #expect(result.x.allSatisfy { abs($0 - 1) < 1e-9 }) }
  }

  @Test("a minimum with a large constant still converges: f - 1e6 is below rounding")
  func offset() {
    let result = minimize(from: [0.3, -0.4]) { x, gradient in
      gradient = [2 * sinh(x[0]), 8 * x[1] * x[1] * x[1] + x[1]]
      return 1e6 + 2 * cosh(x[0]) + 2 * pow(x[1], 4) + 0.5 * x[1] * x[1]
    }
    #expect(result.converged && norm(result.x) < 1e-11)
  }

  @Test("steps out of the domain are shortened: x - ln x has its minimum at 1")
  func domain() {
    let result = minimize(from: [1e-3]) { x, gradient in
      gradient[0] = 1 - 1 / x[0]
      return x[0] > 0 ? x[0] - log(x[0]) : .nan
    }
    #expect(result.converged && abs(result.x[0] - 1) < 1e-8)
  }

  @Test("an unbounded function, a start outside the domain and no iterations are not converged")
  func failures() {
    let line = minimize(from: [0], maximumIterations: 20) { x, gradient in
      gradient[0] = -1
      return -x[0]
    }
    #expect(!line.converged)
    let outside = minimize(from: [0]) { _, gradient in
      gradient[0] = 1
      return .nan
    }
    #expect(!outside.converged && outside.iterations == 0)
    let there = minimize(from: [0]) { x, gradient in
      gradient[0] = x[0]
      return 0.5 * x[0] * x[0]
    }
    #expect(there.converged && there.iterations == 0)
  }
}
