internal import CProcessor

/// Optimiser steps of a group of replicas, one in each lane: what `Trainer` does for one.
///
///     sgd        theta <- (1 - lr l2) theta - lr g + noise
///     momentum   m <- mu m + (l2 theta + noise) + g,   theta <- theta - lr m
///
/// with g the gradient of the data term. Each parameter moves as soon as the sum of its gradient is
/// complete; a layer's weights are not read again afterwards.
///
/// `knownBatch` is the batch size where it is worth code of its own, else 0: strides and loops over
/// samples are then constants.
struct LaneStep<V: LaneVector, let knownBatch: Int> {
  let group: UnsafeMutablePointer<kp_lane_group>
  let theta: UnsafeMutablePointer<V>
  let moment: UnsafeMutablePointer<V>?
  /// Noise on each parameter, ready to be added; nil without.
  let noise: UnsafeMutablePointer<V>?
  let label: UnsafeMutablePointer<V>?
  let decay: V
  let l2: V
  let mu: V
  let rate: V
  /// Factor of the output error: the sample weight, with SGD times -lr.
  let errorScale: V

  @inline(__always)
  init(_ group: UnsafeMutablePointer<kp_lane_group>) {
    let g = group.pointee
    self.group = group
    theta = g.theta.assumingMemoryBound(to: V.self)
    moment = g.moment.map { $0.assumingMemoryBound(to: V.self) }
    let isNoisy = g.gradient_noise > 0 || g.langevin > 0
    noise = isNoisy ? g.noise.assumingMemoryBound(to: V.self) : nil
    label = g.label_noise > 0 ? g.label.assumingMemoryBound(to: V.self) : nil
    decay = V(repeating: V.Scalar(1 - g.learning_rate * g.l2))
    l2 = V(repeating: V.Scalar(g.l2))
    mu = V(repeating: V.Scalar(g.momentum))
    rate = V(repeating: V.Scalar(-g.learning_rate))
    errorScale = V(repeating: V.Scalar(g.moment == nil ? -g.learning_rate * g.weight : g.weight))
  }

  @inline(__always)
  private var batch: Int { knownBatch > 0 ? knownBatch : group.pointee.batch }

  @inline(never)
  func run(steps count: Int) {
    let rows = LaneBatch<V>(group)
    let hasRows = rows.samples > 0
    if hasRows, count > 0 { rows.choose() }
    for left in (0..<count).reversed() {
      if hasRows { rows.copy() }
      if label != nil { drawLabelNoise() }
      if noise != nil { drawNoise() }
      for lane in 0..<V.lanes { group.pointee.steps[lane] &+= 1 }
      // Early, so that the draws of the next step run beside the products of this one.
      if hasRows, left > 0 { rows.choose() }
      forward()
      backward()
    }
  }

  /// The noise on each target.
  @inline(__always)
  private func drawLabelNoise() {
    guard let label else { return }
    let scale = V(repeating: V.Scalar(group.pointee.label_noise))
    let count = group.pointee.outputs &* batch
    V.fillNormals(group, purpose: Purpose.labelNoise, count: count, scale: scale) { label[$0] = $1 }
  }

  @inline(never)
  func drawNoise() {
    guard let noise else { return }
    let count = group.pointee.parameters
    let unit = moment == nil ? -group.pointee.learning_rate : 1
    var isFresh = true
    if group.pointee.gradient_noise > 0 {
      let scale = V(repeating: V.Scalar(unit * group.pointee.gradient_noise))
      V.fillNormals(group, purpose: Purpose.gradientNoise, count: count, scale: scale) {
        noise[$0] = $1
      }
      isFresh = false
    }
    guard group.pointee.langevin > 0 else { return }
    let scale = V(repeating: V.Scalar(unit * group.pointee.langevin))
    if isFresh {
      V.fillNormals(group, purpose: Purpose.langevin, count: count, scale: scale) {
        noise[$0] = $1
      }
    } else {
      V.fillNormals(group, purpose: Purpose.langevin, count: count, scale: scale) {
        noise[$0] = noise[$0] + $1
      }
    }
  }

  @inline(__always)
  private func forward() {
    let isTanh = group.pointee.tanh != 0
    let last = group.pointee.depth &- 1
    for l in 0..<last {
      let layer = LaneLayer<V>(group.pointee.layers[l])
      LaneProducts<V, knownBatch>.forward(
        theta + layer.weights, rows: layer.rows, columns: layer.columns,
        layer.input, batch: batch,
        into: Preactivation(y: layer.output, biases: biases(of: layer)))
      if isTanh {
        for k in 0..<layer.rows &* batch { layer.output[k] = V.tanh(layer.output[k]) }
      }
    }
    let layer = LaneLayer<V>(group.pointee.layers[last])
    let y = group.pointee.x.assumingMemoryBound(to: V.self) + group.pointee.inputs &* batch
    if let label {
      for k in 0..<layer.rows &* batch { label[k] = y[k] + label[k] }
    }
    LaneProducts<V, knownBatch>.forward(
      theta + layer.weights, rows: layer.rows, columns: layer.columns,
      layer.input, batch: batch,
      into: Residual(
        error: layer.error, targets: label ?? y, biases: biases(of: layer), scale: errorScale))
  }

  @inline(__always)
  private func biases(of layer: LaneLayer<V>) -> Biases<V> {
    Biases(
      layer.biases < 0 ? nil : UnsafePointer(theta + layer.biases),
      zero: UnsafePointer(group.pointee.zero.assumingMemoryBound(to: V.self)))
  }

  @inline(__always)
  private func backward() {
    let isTanh = group.pointee.tanh != 0
    var l = group.pointee.depth &- 1
    while l >= 0 {
      let layer = LaneLayer<V>(group.pointee.layers[l])
      if l > 0 {
        let below = LaneLayer<V>(group.pointee.layers[l &- 1])
        LaneProducts<V, knownBatch>.multiply(
          theta + layer.weights, rows: layer.columns, columns: layer.rows, rowStride: 1,
          columnStride: layer.columns, layer.error, batch: batch, into: below.error)
        if isTanh {
          for k in 0..<below.rows &* batch {
            let h = below.output[k]
            below.error[k] = below.error[k] * (V(repeating: 1) - h * h)
          }
        }
      }
      move(layer)
      l &-= 1
    }
  }

  @inline(__always)
  private func move(_ layer: LaneLayer<V>) {
    let theta = theta + layer.weights
    let noise = noise.map { $0 + layer.weights }
    if let moment {
      update(
        layer,
        HeavyBall(
          theta: theta, moment: moment + layer.weights, noise: noise, l2: l2, mu: mu, rate: rate))
    } else if let noise {
      update(layer, NoisyDescent(theta: theta, noise: noise, decay: decay))
    } else {
      update(layer, Descent(theta: theta, decay: decay))
    }
  }

  /// Moves a layer's weights and biases; `table` counts from its first weight.
  @inline(__always)
  private func update<T: Table>(_ layer: LaneLayer<V>, _ table: T) where T.V == V {
    LaneProducts<V, knownBatch>.outer(
      layer.error, rows: layer.rows, layer.input, columns: layer.columns, batch: batch,
      into: table)
    guard layer.biases >= 0 else { return }
    for i in 0..<layer.rows {
      let k = layer.biases &- layer.weights &+ i
      var sum = table.start(k, row: i)
      for b in 0..<batch { sum = sum + layer.error[i &* batch &+ b] }
      table.finish(k, sum)
    }
  }
}

/// W h + biases.
private struct Preactivation<V: Vector>: Table {
  let y: UnsafeMutablePointer<V>
  let biases: Biases<V>

  @inline(__always) func start(_ k: Int, row i: Int) -> V { biases[i] }
  @inline(__always) func finish(_ k: Int, _ sum: V) { y[k] = sum }
}

/// The output error, scale * (f - y).
private struct Residual<V: Vector>: Table {
  let error: UnsafeMutablePointer<V>
  let targets: UnsafeMutablePointer<V>
  let biases: Biases<V>
  let scale: V

  @inline(__always) func start(_ k: Int, row i: Int) -> V { biases[i] - targets[k] }
  @inline(__always) func finish(_ k: Int, _ sum: V) { error[k] = scale * sum }
}

private struct Descent<V: Vector>: Table {
  let theta: UnsafeMutablePointer<V>
  let decay: V

  @inline(__always) func start(_ k: Int, row i: Int) -> V { decay * theta[k] }
  @inline(__always) func finish(_ k: Int, _ sum: V) { theta[k] = sum }
}

private struct NoisyDescent<V: Vector>: Table {
  let theta: UnsafeMutablePointer<V>
  let noise: UnsafeMutablePointer<V>
  let decay: V

  @inline(__always) func start(_ k: Int, row i: Int) -> V {
    noise[k].addingProduct(decay, theta[k])
  }
  @inline(__always) func finish(_ k: Int, _ sum: V) { theta[k] = sum }
}

private struct HeavyBall<V: Vector>: Table {
  let theta: UnsafeMutablePointer<V>
  let moment: UnsafeMutablePointer<V>
  let noise: UnsafeMutablePointer<V>?
  let l2: V
  let mu: V
  let rate: V

  @inline(__always) func start(_ k: Int, row i: Int) -> V {
    (noise?[k] ?? .zero).addingProduct(l2, theta[k]).addingProduct(mu, moment[k])
  }
  @inline(__always) func finish(_ k: Int, _ sum: V) {
    moment[k] = sum
    theta[k] = theta[k].addingProduct(rate, sum)
  }
}

/// `kp_layer` with typed pointers.
struct LaneLayer<V: LaneVector> {
  let rows: Int
  let columns: Int
  let weights: Int
  let biases: Int
  let input: UnsafeMutablePointer<V>
  let output: UnsafeMutablePointer<V>
  let error: UnsafeMutablePointer<V>

  @inline(__always)
  init(_ layer: kp_layer) {
    rows = layer.rows
    columns = layer.columns
    weights = layer.weights
    biases = layer.biases
    input = layer.input.assumingMemoryBound(to: V.self)
    output = layer.output.assumingMemoryBound(to: V.self)
    error = layer.error.assumingMemoryBound(to: V.self)
  }
}
