import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct LearningCoefficientTests {
  /// z = 4 standard errors, and the first anharmonic correction, of the order of T.
  @Test("a regular valley has half the Hessian's rank, beside what the Gaussian takes off")
  func regular() throws {
    var x = try deepLinear(Dataset.population(singular: [1]), width: 1, l2: 0)
    try x.setParameters([1, 1, 1])
    var request = LearningCoefficientRequest(temperature: 1e-4)
    request.steps = 20_000
    let found = try x.learningCoefficient(request, threads: 2)
    #expect(found.rank == 1 && found.reason == nil && found.warning == nil, "\(found)")
    // H = [1 1 1]'[1 1 1]: one eigenvalue, 3.
    let quadratic = 0.5 * 3 / (3 + 100 * 1e-4)
    #expect(isClose(found.quadratic ?? 0, quadratic, 1e-9))
    let lambda = try #require(found.lambda)
    let error = found.error ?? 0
    #expect(error < 0.02 && abs(lambda - quadratic) < 4 * error + 0.005, "\(lambda) +- \(error)")
    #expect(try x.learningCoefficient(request, threads: 1).lambda == lambda)
  }

  /// E = (w1 w2)^2 / 2, whose Hessian at zero vanishes: quadrature in the plane; z = 4.
  @Test("a degenerate minimum: lambda is that of the quartic, not of the Hessian")
  func degenerate() throws {
    let data = try Dataset.from(x: [[1]], y: [[0]])
    var x = try Experiment(data: data, network: Network(widths: [1, 1, 1]))
    try x.setParameters([0, 0])
    for temperature in [1e-3, 1e-2] {
      var request = LearningCoefficientRequest(temperature: temperature)
      request.gamma = 10
      request.steps = 40_000
      let found = try x.learningCoefficient(request, threads: 2)
      let exact = planeMean(temperature: temperature, gamma: 10) / temperature
      let lambda = try #require(found.lambda, "\(found)")
      let error = found.error ?? 0
      #expect(found.rank == 0 && isClose(found.quadratic ?? 1, 0, 1e-9))
      #expect(exact > 0.1 && error < 0.1 * exact)
      #expect(abs(lambda - exact) < 4 * error, "\(lambda) +- \(error), by quadrature \(exact)")
    }
  }

  /// <E> over e^(-E/T - gamma |w|^2 / 2), by the trapezoidal rule.
  private func planeMean(temperature: Double, gamma: Double) -> Double {
    let (reach, count) = (8 / gamma.squareRoot(), 800)
    let step = 2 * reach / Double(count)
    var (weight, sum) = (0.0, 0.0)
    for i in 0...count {
      for j in 0...count {
        let (a, b) = (-reach + Double(i) * step, -reach + Double(j) * step)
        let energy = 0.5 * a * a * b * b
        let w = exp(-energy / temperature - 0.5 * gamma * (a * a + b * b))
        weight += w
        sum += w * energy
      }
    }
    return sum / weight
  }

  @Test("where the state is no minimum, or the chains are short, it says so")
  func conditions() throws {
    var x = try deepLinear(Dataset.population(singular: [1]), width: 1, l2: 0)
    try x.setParameters([0.1, 0.1, 0.1])
    var request = LearningCoefficientRequest(temperature: 1e-4)
    request.gamma = 1
    request.steps = 2_000
    let lost = try x.learningCoefficient(request)
    #expect(lost.lambda == nil && lost.reason?.contains("no minimum") == true, "\(lost)")
    try x.setParameters([1, 1, 1])
    let short = try x.learningCoefficient(request)
    #expect(short.warning?.contains("flat directions need") == true, "\(short)")
    for spoil in [
      { (r: inout LearningCoefficientRequest) in r.temperature = 0 }, { $0.gamma = -1 },
      { $0.chains = 1 }, { $0.steps = 10 },
    ] {
      var bad = request
      spoil(&bad)
      #expect(throws: InputError.self) { try x.learningCoefficient(bad) }
    }
  }
}
