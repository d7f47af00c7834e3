import Kramers

@main
struct KramersCommand {
  static func main() throws {
    let net = try Network(widths: [5, 5, 5, 5])
    let r = RandomStream(seed: 1, purpose: .data)
    let s = Samples(
      count: 200, inputs: 5, outputs: 5, x: r.normals(1000, step: 0), y: r.normals(1000, step: 1))
    let d = Dataset(name: "x", train: s)
    var set = Settings(); set.batch = .size(4); set.learningRate = 0.01; set.l2 = 0.01
    let clock = ContinuousClock()
    for sampling in [Sampling.permutation, .replacement, .subset] {
      set.sampling = sampling
      let key = RandomKey(seed: 1)
      let t = try Trainer(
        data: d, network: net, settings: set, key: key,
        state: TrainingState(parameters: net.initialParameters(.gaussian, scale: 1, key: key)))
      t.run(steps: 1000)
      let e = clock.measure { t.run(steps: 1_000_000) }
      print(sampling, e, t.state.parameters[0])
    }
    let net1 = try Network(widths: [1, 1, 1, 1])
    let d1 = Dataset(
      name: "p", population: SecondMoments(xx: Matrix(1, 1, [1]), yx: Matrix(1, 1, [1]), traceYY: 1)
    )
    set.batch = .full; set.temperature = 1e-3; set.l2 = 0.3; set.learningRate = 0.2
    let t = try Trainer(
      data: d1, network: net1, settings: set, key: RandomKey(seed: 1),
      state: TrainingState(parameters: [0, 0, 0]))
    print(clock.measure { t.run(steps: 1_000_000) })
    let net2 = try Network(widths: [2, 2, 2, 2])
    let d2 = Dataset(
      name: "p",
      population: SecondMoments(
        xx: Matrix.identity(2), yx: Matrix(2, 2, diagonal: [0.9, 0.8]), traceYY: 1))
    let t2 = try Trainer(
      data: d2, network: net2, settings: set, key: RandomKey(seed: 1),
      state: TrainingState(parameters: [Double](repeating: 0, count: 12)))
    print(clock.measure { t2.run(steps: 1_000_000) })
  }
}
