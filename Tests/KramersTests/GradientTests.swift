import Testing

@testable import Kramers

/// A seeded random problem: classification targets for cross-entropy, real ones otherwise.
func randomProblem(
  _ widths: [Int], _ activation: Activation, _ loss: Loss, bias: Bool, samples: Int
) throws -> (network: Network, parameters: [Double], batch: Batch) {
  let network = try Network(widths: widths, activation: activation, bias: bias, loss: loss)
  let random = RandomStream(seed: 7, purpose: .data)
  let x = random.normals(samples * network.inputs, step: 0)
  var y = random.normals(samples * network.outputs, step: 1)
  if loss == .crossEntropy {
    for n in 0..<samples {
      for i in 0..<network.outputs { y[n * network.outputs + i] = n % network.outputs == i ? 1 : 0 }
    }
  }
  let parameters = random.normals(network.parameterCount, scale: 0.6, step: 2)
  let rows = Samples(count: samples, inputs: network.inputs, outputs: network.outputs, x: x, y: y)
  return (network, parameters, Batch(rows))
}

@Suite struct GradientTests {
  static let cases: [(Activation, Loss)] = Activation.allCases.flatMap { activation in
    Loss.allCases.map { (activation, $0) }
  }

  @Test("the gradient equals central differences", arguments: cases)
  func gradient(activation: Activation, loss: Loss) throws {
    for (widths, samples) in [
      ([3, 4, 2], 5), ([2, 3, 3, 2], 1), ([3, 2], 4), ([1, 1, 1, 1], 7),
    ] {
      for bias in [false, true] {
        let problem = try randomProblem(widths, activation, loss, bias: bias, samples: samples)
        let workspace = GradientWorkspace(problem.network, capacity: samples)
        var gradient = [Double](repeating: 0, count: problem.parameters.count)
        workspace.lossAndGradient(problem.parameters, problem.batch, into: &gradient)
        for k in gradient.indices {
          // Error of a central difference: h^2/6 f''' + eps/h; at h = 1e-5 about 1e-10.
          var theta = problem.parameters
          theta[k] += 1e-5
          let up = workspace.loss(theta, problem.batch)
          theta[k] -= 2e-5
          let down = workspace.loss(theta, problem.batch)
          #expect(abs((up - down) / 2e-5 - gradient[k]) < 2e-9 * (1 + abs(gradient[k])))
        }
      }
    }
  }

  @Test("Hessian-vector products equal central differences of the gradient", arguments: cases)
  func hessianVector(activation: Activation, loss: Loss) throws {
    for bias in [false, true] {
      let problem = try randomProblem([3, 4, 3, 2], activation, loss, bias: bias, samples: 6)
      let count = problem.parameters.count
      let v = RandomStream(seed: 8, purpose: .data).normals(count)
      let product = HessianWorkspace(problem.network, capacity: 6)
        .product(problem.parameters, v, problem.batch, l2: 0.1)
      let workspace = GradientWorkspace(problem.network, capacity: 6)
      func differences(_ h: Double) -> [Double] {
        var up = [Double](repeating: 0, count: count)
        var down = up
        workspace.lossAndGradient(
          zip(problem.parameters, v).map { $0 + h * $1 }, problem.batch, into: &up)
        workspace.lossAndGradient(
          zip(problem.parameters, v).map { $0 - h * $1 }, problem.batch, into: &down)
        return zip(up, down).map { ($0 - $1) / (2 * h) }
      }
      // Extrapolated to h = 0: squares of squares have large third derivatives of the gradient, and a
      // plain difference is 1e-5 off.
      let (wide, narrow) = (differences(1e-5), differences(5e-6))
      for k in 0..<count {
        let difference = (4 * narrow[k] - wide[k]) / 3 + 0.1 * v[k]
        #expect(abs(difference - product[k]) < 5e-9 * (1 + abs(product[k])))
      }
    }
  }

  @Test("the compressed batch has the loss, gradient and Hessian of all samples")
  func moments() throws {
    let problem = try randomProblem([3, 4, 2], .linear, .mse, bias: false, samples: 200)
    let random = RandomStream(seed: 7, purpose: .data)
    let samples = Samples(
      count: 200, inputs: 3, outputs: 2, x: random.normals(600, step: 0),
      y: random.normals(400, step: 1))
    let compressed = Batch(moments: SecondMoments(samples))
    #expect(compressed.count == 3)
    let workspace = GradientWorkspace(problem.network, capacity: 200)
    var a = [Double](repeating: 0, count: problem.parameters.count)
    var b = a
    let la = workspace.lossAndGradient(problem.parameters, problem.batch, into: &a)
    let lb = workspace.lossAndGradient(problem.parameters, compressed, into: &b)
    #expect(abs(la - lb) < 1e-13 * la)
    for k in a.indices { #expect(abs(a[k] - b[k]) < 1e-12) }
  }
}
