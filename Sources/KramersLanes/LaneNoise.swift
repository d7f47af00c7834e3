internal import CProcessor

/// The normal noise of a group's steps: `RandomStream.normals` of every lane.
struct LaneNoise<V: LaneVector> {
  let group: UnsafeMutablePointer<kp_lane_group>
  let isOnLabels: Bool
  let isOnParameters: Bool

  @inline(__always)
  init(_ group: UnsafeMutablePointer<kp_lane_group>) {
    self.group = group
    isOnLabels = group.pointee.label_noise > 0
    isOnParameters = group.pointee.gradient_noise > 0 || group.pointee.langevin > 0
  }

  /// The noise on each target.
  @inline(__always)
  func drawLabels() {
    let label = group.pointee.label.assumingMemoryBound(to: V.self)
    let scale = V(repeating: V.Scalar(group.pointee.label_noise))
    let count = group.pointee.outputs &* group.pointee.batch
    fill(Purpose.labelNoise, count, scale) { label[$0] = $1 }
  }

  /// The noise on each parameter, ready to be added: with SGD times -lr.
  @inline(never)
  func draw() {
    let noise = group.pointee.noise.assumingMemoryBound(to: V.self)
    let count = group.pointee.parameters
    var isFresh = true
    if group.pointee.gradient_noise > 0 {
      fill(Purpose.gradientNoise, count, scale(group.pointee.gradient_noise)) { noise[$0] = $1 }
      isFresh = false
    }
    guard group.pointee.langevin > 0 else { return }
    let scale = scale(group.pointee.langevin)
    if isFresh {
      fill(Purpose.langevin, count, scale) { noise[$0] = $1 }
    } else {
      fill(Purpose.langevin, count, scale) { noise[$0] = noise[$0] + $1 }
    }
  }

  @inline(__always)
  private func scale(_ deviation: Double) -> V {
    let unit = group.pointee.moment == nil ? -group.pointee.learning_rate : 1
    return V(repeating: V.Scalar(unit * deviation))
  }

  /// Hands `count` vectors of normals of this step to `use`.
  @inline(__always)
  private func fill(_ purpose: UInt64, _ count: Int, _ scale: V, _ use: (Int, V) -> Void) {
    // Two passes: short bodies, of which the processor overlaps more than of one long body.
    V.fillWords(group, purpose: purpose, ahead: 0, at: 0, count: count)
    var k = 0
    while k < count {
      let (a, b) = V.normals(group.pointee.words, k, scale)
      use(k, a)
      if k &+ 1 < count { use(k &+ 1, b) }
      k &+= 2
    }
  }
}
