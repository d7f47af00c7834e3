internal import CProcessor

/// Optimiser steps of a group of replicas, one in each lane: what `Trainer` does for one.
struct LaneStep<V: LaneVector> {
  let group: UnsafeMutablePointer<kp_lane_group>

  @inline(never)
  func run(steps count: Int) {
    let rows = LaneBatch<V>(group)
    let hasRows = rows.samples > 0
    let isNoisy = group.pointee.gradient_noise > 0 || group.pointee.langevin > 0
    let isLabelNoisy = group.pointee.label_noise > 0
    if hasRows, count > 0 { rows.choose() }
    for left in (0..<count).reversed() {
      if hasRows { rows.copy() }
      if isLabelNoisy { drawLabelNoise() }
      if isNoisy { drawNoise() }
      for lane in 0..<V.lanes { group.pointee.steps[lane] &+= 1 }
      // Early, so that the draws of the next step run beside the products of this one.
      if hasRows, left > 0 { rows.choose() }
      Operations<V>.run(group.pointee.operations, count: group.pointee.operation_count, group)
    }
  }

  /// The noise on each target.
  @inline(__always)
  private func drawLabelNoise() {
    let label = group.pointee.label.assumingMemoryBound(to: V.self)
    let scale = V(repeating: V.Scalar(group.pointee.label_noise))
    let count = group.pointee.outputs &* group.pointee.batch
    V.fillNormals(group, purpose: Purpose.labelNoise, count: count, scale: scale) { label[$0] = $1 }
  }

  /// The noise on each parameter, ready to be added: with SGD times -lr.
  @inline(never)
  func drawNoise() {
    let noise = group.pointee.noise.assumingMemoryBound(to: V.self)
    let count = group.pointee.parameters
    let unit = group.pointee.moment == nil ? -group.pointee.learning_rate : 1
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
}
