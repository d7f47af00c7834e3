internal import CProcessor

/// Optimiser steps of a group of replicas, one in each lane: what `Trainer` does for one.
struct LaneStep<V: LaneVector> {
  let group: UnsafeMutablePointer<kp_lane_group>

  @inline(never)
  func run(steps count: Int) {
    if group.pointee.chain > 0 { return ChainStep<V>(group: group).run(steps: count) }
    let rows = LaneBatch<V>(group)
    let hasRows = rows.samples > 0
    let noise = LaneNoise<V>(group)
    if hasRows, count > 0 { rows.choose() }
    for left in (0..<count).reversed() {
      if hasRows { rows.copy() }
      if noise.isOnLabels { noise.drawLabels() }
      if noise.isOnParameters { noise.draw() }
      for lane in 0..<V.lanes { group.pointee.steps[lane] &+= 1 }
      // Early, so that the draws of the next step run beside the products of this one.
      if hasRows, left > 0 { rows.choose() }
      Operations<V>.run(group.pointee.operations, count: group.pointee.operation_count, group)
    }
  }
}
