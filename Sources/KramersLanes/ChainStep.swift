internal import CProcessor

/// Steps of a deep linear network of width 1 on one sample, the scalar chain of escape theory: the
/// operations of its `LaneProgram`, with weights that stay in registers from step to step and with
/// the normals of several steps drawn at once.
struct ChainStep<V: LaneVector> {
  let group: UnsafeMutablePointer<kp_lane_group>

  @inline(never)
  func run(steps count: Int) {
    typealias Last = LastLink<V>
    switch group.pointee.chain {
    case 1: run(Last.self, count)
    case 2: run(Link<Last>.self, count)
    case 3: run(Link<Link<Last>>.self, count)
    default: run(Link<Link<Link<Last>>>.self, count)
    }
  }

  @inline(__always)
  private func run<C: Chain>(_: C.Type, _ count: Int) where C.V == V {
    let rule = ChainRule<V>(group)
    let theta = group.pointee.theta.assumingMemoryBound(to: V.self)
    let input = group.pointee.x.assumingMemoryBound(to: V.self)[0]
    var chain = C(theta)
    let noise = ChainNoise<V>(group)
    var done = 0
    while done < count {
      let steps = min(count &- done, ChainNoise<V>.steps)
      noise.draw(steps, after: done)
      for k in 0..<steps {
        let (a, b) = noise.normals(k, 0)
        let (c, d) = noise.normals(k, 2)
        _ = chain.descend(input, rule, a, b, c, d)
      }
      done &+= steps
    }
    chain.store(to: theta)
    for lane in 0..<V.lanes { group.pointee.steps[lane] &+= UInt64(count) }
  }
}

/// The noise on up to four weights.
private struct ChainNoise<V: LaneVector> {
  private let group: UnsafeMutablePointer<kp_lane_group>
  private let purpose: UInt64
  private let scale: V

  @inline(__always)
  init(_ group: UnsafeMutablePointer<kp_lane_group>) {
    let isLangevin = group.pointee.langevin > 0
    let deviation = isLangevin ? group.pointee.langevin : group.pointee.gradient_noise
    self.group = group
    purpose = isLangevin ? Purpose.langevin : Purpose.gradientNoise
    scale = V(repeating: V.Scalar(-group.pointee.learning_rate * deviation))
  }

  /// As many steps as the group's words hold.
  @inline(__always)
  static var steps: Int { Int(kp_chain_words) / 4 }

  @inline(__always)
  func draw(_ steps: Int, after done: Int) {
    for k in stride(from: 0, to: steps, by: 2) {
      V.fillWordsOfTwoSteps(group, purpose: purpose, ahead: done &+ k, at: 4 &* k)
    }
  }

  /// Normals i and i + 1 (i even) of step k.
  @inline(__always)
  func normals(_ k: Int, _ i: Int) -> (V, V) {
    V.normals(group.pointee.words, 4 &* k &+ i, scale)
  }
}

private struct ChainRule<V: LaneVector> {
  private let target: V
  private let scale: V
  private let decay: V

  @inline(__always)
  init(_ group: UnsafeMutablePointer<kp_lane_group>) {
    target = group.pointee.x.assumingMemoryBound(to: V.self)[1]
    scale = V(repeating: V.Scalar(group.pointee.error_scale))
    decay = V(repeating: V.Scalar(group.pointee.decay))
  }

  /// `kp_add_residual`.
  @inline(__always)
  func error(_ weight: V, _ input: V) -> V {
    scale * (V.zero - target).addingProduct(weight, input)
  }

  /// `kp_add_to_noisy`.
  @inline(__always)
  func descend(_ weight: inout V, _ error: V, _ input: V, _ noise: V) {
    weight = noise.addingProduct(decay, weight).addingProduct(error, input)
  }
}

/// The weights from one layer on.
private protocol Chain {
  associatedtype V: LaneVector
  init(_ weights: UnsafePointer<V>)
  func store(to weights: UnsafeMutablePointer<V>)
  /// One step, with the noise on up to four weights.
  /// - Returns: the error of the layer's input.
  mutating func descend(
    _ input: V, _ rule: ChainRule<V>, _ n0: V, _ n1: V, _ n2: V, _ n3: V
  ) -> V
}

private struct LastLink<V: LaneVector>: Chain {
  var weight: V

  @inline(__always) init(_ weights: UnsafePointer<V>) { weight = weights[0] }
  @inline(__always) func store(to weights: UnsafeMutablePointer<V>) { weights[0] = weight }

  @inline(__always)
  mutating func descend(
    _ input: V, _ rule: ChainRule<V>, _ n0: V, _ n1: V, _ n2: V, _ n3: V
  ) -> V {
    let error = rule.error(weight, input)
    let inner = V.zero.addingProduct(weight, error)
    rule.descend(&weight, error, input, n0)
    return inner
  }
}

private struct Link<Next: Chain>: Chain {
  typealias V = Next.V
  var weight: V
  var next: Next

  @inline(__always)
  init(_ weights: UnsafePointer<V>) {
    weight = weights[0]
    next = Next(weights + 1)
  }

  @inline(__always)
  func store(to weights: UnsafeMutablePointer<V>) {
    weights[0] = weight
    next.store(to: weights + 1)
  }

  @inline(__always)
  mutating func descend(
    _ input: V, _ rule: ChainRule<V>, _ n0: V, _ n1: V, _ n2: V, _ n3: V
  ) -> V {
    let output = V.zero.addingProduct(weight, input)
    let error = next.descend(output, rule, n1, n2, n3, n3)
    let inner = V.zero.addingProduct(weight, error)
    rule.descend(&weight, error, input, n0)
    return inner
  }
}
