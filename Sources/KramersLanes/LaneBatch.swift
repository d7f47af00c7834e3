internal import CProcessor

/// The raw values of `RandomPurpose`.
enum Purpose {
  static let permutation: UInt64 = 3
  static let batch: UInt64 = 4
  static let langevin: UInt64 = 5
  static let gradientNoise: UInt64 = 6
  static let labelNoise: UInt64 = 7
}

/// Chooses and copies the samples of a step, each lane its own: the draws of `Trainer`.
struct LaneBatch<V: LaneVector> {
  let group: UnsafeMutablePointer<kp_lane_group>
  let batch: Int
  let samples: Int
  let width: Int
  let sampling: Int
  /// `RandomStream.isShort`: an index takes one word.
  let isShort: Bool

  @inline(__always)
  init(_ group: UnsafeMutablePointer<kp_lane_group>) {
    self.group = group
    batch = group.pointee.batch
    samples = group.pointee.samples
    width = group.pointee.row_width
    sampling = group.pointee.sampling
    isShort = samples <= 4096
  }

  /// Chooses the samples of the present step.
  @inline(__always)
  func choose() {
    switch sampling {
    case 0: takeFromPermutations()
    case 1: drawRows()
    default: drawSubsets()
    }
  }

  /// Copies the samples chosen last into x.
  @inline(__always)
  func copy() {
    let x = group.pointee.x.assumingMemoryBound(to: V.self)
    for b in 0..<batch {
      V.transpose(
        group.pointee.rows, group.pointee.offsets + V.lanes &* b, x + b, stride: batch,
        width: group.pointee.row_used)
    }
  }

  @inline(__always)
  private func takeFromPermutations() {
    let cursors = group.pointee.cursors!
    let epochs = group.pointee.epochs!
    let offsets = group.pointee.offsets!
    let stride = Int32(truncatingIfNeeded: width)
    for lane in 0..<V.lanes {
      if Int(cursors[lane]) &+ batch > samples {
        epochs[lane] &+= 1
        cursors[lane] = 0
        shuffle(lane)
      }
      let source = group.pointee.order + (lane &* samples &+ Int(cursors[lane]))
      for b in 0..<batch { offsets[V.lanes &* b &+ lane] = source[b] &* stride }
      cursors[lane] &+= UInt64(batch)
    }
  }

  /// `RandomStream.permutation` of the lane's epoch, with many blocks of words at a time.
  @inline(never)
  func shuffle(_ lane: Int) {
    let order = group.pointee.order + lane &* samples
    for n in 0..<samples { order[n] = Int32(truncatingIfNeeded: n) }
    let epoch = Words(repeating: group.pointee.epochs[lane])
    let replica = Words(repeating: group.pointee.replicas[lane])
    let high = (epoch &>> Words(repeating: 32)) | Words(repeating: Purpose.permutation &<< 24)
    var blocks = Words.zero
    for k in 0..<Words.scalarCount { blocks[k] = UInt64(k) }
    var i = samples &- 1
    while i > 0 {
      let w = philox(blocks, epoch, replica, high, group.pointee.round_keys)
      for k in 0..<Words.scalarCount where i > 0 {
        if isShort {
          swap(order, i, below(i &+ 1, w.a[k]))
          if i > 1 { swap(order, i &- 1, below(i, w.b[k])) }
          if i > 2 { swap(order, i &- 2, below(i &- 1, w.c[k])) }
          if i > 3 { swap(order, i &- 3, below(i &- 2, w.d[k])) }
          i &-= 4
        } else {
          swap(order, i, below(i &+ 1, w.a[k], w.b[k]))
          if i > 1 { swap(order, i &- 1, below(i, w.c[k], w.d[k])) }
          i &-= 2
        }
      }
      blocks &+= Words(repeating: UInt64(Words.scalarCount))
    }
  }

  @inline(__always)
  private func below(_ bound: Int, _ word: UInt64) -> Int {
    Int(truncatingIfNeeded: ((word & 0xFFFF_FFFF) &* UInt64(bound)) &>> 32)
  }

  @inline(__always)
  private func below(_ bound: Int, _ low: UInt64, _ high: UInt64) -> Int {
    let word = (high &<< 32) | (low & 0xFFFF_FFFF)
    return Int(truncatingIfNeeded: word.multipliedFullWidth(by: UInt64(bound)).high)
  }

  @inline(__always)
  private func swap(_ order: UnsafeMutablePointer<Int32>, _ i: Int, _ j: Int) {
    let value = order[i]
    order[i] = order[j]
    order[j] = value
  }

  @inline(__always)
  private func drawRows() {
    let stride = Words(repeating: UInt64(width))
    forEachDraw { _ in
      samples
    } use: { b, first, draw in
      store(lowProduct(draw, stride), at: V.lanes &* b &+ first)
    }
  }

  /// The first places of a Fisher–Yates shuffle of the identity, undone afterwards.
  @inline(__always)
  private func drawSubsets() {
    forEachDraw {
      samples &- $0
    } use: { b, first, draw in
      store(draw, at: V.lanes &* b &+ first)
    }
    let offsets = group.pointee.offsets!
    let stride = Int32(truncatingIfNeeded: width)
    for lane in 0..<V.lanes {
      let order = group.pointee.order + lane &* samples
      // The identity is restored by going back, so the draws are needed once more.
      for b in 0..<batch { swap(order, b, b &+ Int(offsets[V.lanes &* b &+ lane])) }
      for b in (0..<batch).reversed() {
        let place = V.lanes &* b &+ lane
        let partner = b &+ Int(offsets[place])
        offsets[place] = order[b] &* stride
        swap(order, b, partner)
      }
    }
  }

  @inline(__always)
  private func store(_ words: Words, at place: Int) {
    let target = UnsafeMutableRawPointer(group.pointee.offsets + place)
    #if AVX512
      target.storeBytes(of: kp_indices8(words), as: kp_index8.self)
    #else
      target.storeBytes(of: kp_indices4(words), as: kp_index4.self)
    #endif
  }

  /// Hands draw b, an integer below `bound(b)`, of as many lanes as there are words to `use`.
  @inline(__always)
  private func forEachDraw(
    _ bound: (Int) -> Int, use: (_ b: Int, _ firstLane: Int, _ draw: Words) -> Void
  ) {
    func limit(_ b: Int) -> Words { Words(repeating: UInt64(truncatingIfNeeded: bound(b))) }
    var first = 0
    while first < V.lanes {
      let counter = StepCounter(group, purpose: Purpose.batch, ahead: 0, first: first)
      var b = 0
      var index = 0
      while b < batch {
        let w = counter.words(index)
        if isShort {
          use(b, first, wordsBelow(limit(b), w.a))
          if b &+ 1 < batch { use(b &+ 1, first, wordsBelow(limit(b &+ 1), w.b)) }
          if b &+ 2 < batch { use(b &+ 2, first, wordsBelow(limit(b &+ 2), w.c)) }
          if b &+ 3 < batch { use(b &+ 3, first, wordsBelow(limit(b &+ 3), w.d)) }
          b &+= 4
        } else {
          use(b, first, wordsBelow(limit(b), w.a, w.b))
          if b &+ 1 < batch { use(b &+ 1, first, wordsBelow(limit(b &+ 1), w.c, w.d)) }
          b &+= 2
        }
        index &+= 1
      }
      first &+= Words.scalarCount
    }
  }
}
