import Foundation
import Testing

@testable import Kramers

private let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

@Suite struct HessianEndsTests {
  @Test("chunks on any number of threads: the same bits, and the product of the whole batch")
  func chunks() throws {
    for (activation, loss) in GradientTests.cases {
      let problem = try randomProblem([3, 5, 4, 2], activation, loss, bias: true, samples: 50)
      let v = RandomStream(seed: 8, purpose: .data).normals(problem.parameters.count)
      let whole = HessianWorkspace(problem.network, capacity: 50)
        .product(problem.parameters, v, problem.batch, l2: 0.3)
      let products = [1, 2, 3].map { threads in
        let curvature = HessianOperator(
          problem.network, at: problem.parameters, problem.batch, l2: 0.3, threads: threads,
          chunk: 16)
        let first = curvature.product(v)
        // The second product leaves the forward pass out.
        #expect(curvature.product(v) == first)
        return first
      }
      #expect(products[0] == products[1] && products[1] == products[2])
      for (a, b) in zip(products[0], whole) { #expect(abs(a - b) < 1e-13 * (1 + abs(b))) }
    }
  }

  @Test("chunks keep loss, offset and weights")
  func batches() throws {
    let data = try Dataset.completion(size: 10, rank: 1, fraction: 0.5, seed: 1)
    let network = try Network(widths: [10, 3, 10])
    let batch = try data.fullBatch(for: network)
    let theta = RandomStream(seed: 8, purpose: .data).normals(network.parameterCount)
    let workspace = GradientWorkspace(network, capacity: batch.count)
    let sum = batch.chunks(of: 8).map { workspace.loss(theta, $0) }.reduce(0, +)
    #expect(isClose(sum, workspace.loss(theta, batch), 1e-13))
  }

  @Test("Lanczos on the digits agrees with the dense spectrum at both ends")
  func digits() throws {
    let data = try Dataset.digits(classes: [0, 1, 2], train: 0.8, seed: 1)
    let network = try Network(
      widths: [64, 6, 3], activation: .tanh, bias: true, loss: .crossEntropy)
    var settings = Settings()
    settings.l2 = 0.01
    settings.learningRate = 0.3
    var x = try Experiment(data: data, network: network, settings: settings, seed: 1)
    _ = try x.train(TrainingOptions(steps: 300))
    var request = HessianRequest()
    request.isDense = true
    let dense = try x.hessian(request)
    #expect(dense.values.count == network.parameterCount && dense.isDense)
    request.isDense = false
    request.count = 10
    request.tolerance = 1e-8
    let largest = try x.hessian(request, threads: 2)
    #expect(largest.converged && largest.residuals.count == 10)
    for (a, b) in zip(largest.values, dense.values.reversed()) { #expect(isClose(a, b, 1e-9)) }
    request.end = .smallest
    request.count = 3
    let smallest = try x.hessian(request, threads: 2)
    for (a, b) in zip(smallest.values, dense.values) { #expect(abs(a - b) < 1e-8) }
  }

  @Test("a layer's block and eigenvectors are those of the dense matrix")
  func blocks() throws {
    let data = try Dataset.gaussian(singular: [1, 0.5], samples: 40, seed: 3)
    let network = try Network(widths: [2, 4, 3, 2], activation: .tanh, bias: true)
    var x = try Experiment(data: data, network: network)
    x.reset(seed: 5)
    let whole = try denseHessian(
      network, x.state.parameters, try data.fullBatch(for: network), l2: 0)
    let range = network.layers[1].weights.lowerBound..<network.layers[1].biases.upperBound
    let n = range.count
    #expect(n == 4 * 3 + 3)
    let block = Matrix(n, n, range.flatMap { i in range.map { whole[i, $0] } })
    let expected = SymmetricEigen(block).values
    var request = HessianRequest()
    request.layer = 2
    request.isDense = true
    let dense = try x.hessian(request)
    #expect(dense.values.count == n && dense.predictedZeroModes == nil)
    for (a, b) in zip(dense.values, expected) { #expect(abs(a - b) < 1e-12) }
    request.isDense = false
    request.count = 3
    request.tolerance = 1e-10
    let top = try x.hessian(request)
    #expect(top.vectors.count == 3)
    for (value, vector) in zip(top.values, top.vectors) {
      #expect(vector.count == n && isClose(norm(vector), 1, 1e-12))
      let residual = zip(block * vector, vector).map { $0 - value * $1 }
      #expect(norm(residual) < 1e-8)
    }
    for (a, b) in zip(top.values, expected.reversed()) { #expect(abs(a - b) < 1e-9) }
    var density = DensityRequest()
    density.layer = 2
    density.steps = n
    let trace = try x.hessianDensity(density)
    // z = 4.
    #expect(abs(trace.trace - expected.reduce(0, +)) < 4 * trace.traceError)
    request.layer = 4
    #expect(throws: InputError.self) { try x.hessian(request) }
  }

  @Test("zero modes are counted within the tolerance, beside what rotations predict")
  func zeroModes() throws {
    var x = try deepLinear(Dataset.population(singular: [0.9, 0.8]), width: 4, l2: 0.1)
    var options = TrapOptions()
    options.rank = 1
    options.exact = true
    _ = try x.trap(options)
    var request = HessianRequest()
    request.isDense = true
    let dense = try x.hessian(request)
    #expect(dense.zeroModes == 6 && dense.predictedZeroModes == 6 && dense.index == 0)
    #expect(isClose(dense.zeroTolerance, 1e-6 * (dense.values.last ?? 0), 1e-12))
    request.isDense = false
    request.end = .smallest
    request.count = 8
    let found = try x.hessian(request)
    #expect(found.zeroModes == 6 && found.index == 0)
    request.count = 3
    let few = try x.hessian(request)
    #expect(few.zeroModes == nil && few.index == 0)
    request.count = 41
    #expect(throws: InputError.self) { try x.hessian(request) }
  }

  @Test("a network too large for a dense spectrum is refused with the memory it would take")
  func tooLarge() throws {
    let x = try deepLinear(Dataset.population(singular: [0.9]), width: 60)
    var request = HessianRequest()
    request.isDense = true
    let error = #expect(throws: InputError.self) { try x.hessian(request) }
    #expect(error?.description.contains("the limit is 2000 parameters") == true)
  }

  @Test("784-128-128-10 on 4,000 MNIST images: the top ten in under two minutes")
  func mnist() throws {
    let folder = "../shared/data/mnist5k-train-"
    guard isLong, let images = FileManager.default.contents(atPath: folder + "images-idx3-ubyte"),
      let labels = FileManager.default.contents(atPath: folder + "labels-idx1-ubyte")
    else {
      print("hessian: the MNIST measurement is skipped (KRAMERS_LONG and the extract are needed)")
      return
    }
    let data = try Dataset.idx(images: Array(images), labels: Array(labels))
    let network = try Network(
      widths: [784, 128, 128, 10], activation: .sigmoid, bias: true, loss: .crossEntropy)
    var settings = Settings()
    settings.optimizer = .adam
    settings.learningRate = 1.5e-3
    settings.batch = .size(64)
    var x = try Experiment(data: data, network: network, settings: settings, seed: 1)
    _ = try x.train(TrainingOptions(steps: 60))
    var request = HessianRequest()
    request.count = 10
    let clock = ContinuousClock()
    let start = clock.now
    let result = try x.hessian(request, threads: 2)
    let duration = clock.now - start
    print("MNIST Hessian: \(result.values), \(result.products) products, \(duration)")
    #expect(result.converged)
    #expect(duration < .seconds(120))
  }
}
