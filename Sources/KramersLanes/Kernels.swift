public import CProcessor

// What the rest of the program calls: plain functions of pointers and numbers. `Kramers` chooses
// between the modules once (`Kernels` there).

/// Replicas in a group.
public let doubleLanes = Doubles.scalarCount
public let floatLanes = Floats.scalarCount

/// The most columns of a strip whose sums have `count` terms, and whether an operation may have several.
public func widestStrip(_ count: Int) -> (columns: Int, isInBlocks: Bool) {
  if count <= longestPanel { return (widestPanel(count), false) }
  if hasHalves && count <= 2 * longestPanel { return (widestPanel(longestPanel), false) }
  return (blockColumns, true)
}

/// Takes `count` steps in every lane of a group of doubles or floats.
public func runDoubles(_ group: UnsafeMutablePointer<kp_lane_group>, _ count: Int) {
  LaneStep<Doubles>(group: group).run(steps: count)
}
public func runFloats(_ group: UnsafeMutablePointer<kp_lane_group>, _ count: Int) {
  LaneStep<Floats>(group: group).run(steps: count)
}

/// Draws the noise of the present step.
public func drawNoiseDoubles(_ group: UnsafeMutablePointer<kp_lane_group>) {
  LaneNoise<Doubles>(group).draw()
}
public func drawNoiseFloats(_ group: UnsafeMutablePointer<kp_lane_group>) {
  LaneNoise<Floats>(group).draw()
}

/// Writes the present permutation of a lane.
public func shuffleDoubles(_ group: UnsafeMutablePointer<kp_lane_group>, _ lane: Int) {
  LaneBatch<Doubles>(group).shuffle(lane)
}
public func shuffleFloats(_ group: UnsafeMutablePointer<kp_lane_group>, _ lane: Int) {
  LaneBatch<Floats>(group).shuffle(lane)
}

/// See `ModeCount.test`.
public func testModesDoubles(
  _ group: UnsafePointer<kp_lane_group>, _ look: UnsafePointer<kp_look>, _ mode: Int,
  _ threshold: Double, _ verdicts: UnsafeMutablePointer<Int8>
) {
  ModeCount<Doubles>.test(
    group, look.pointee, mode: mode, threshold: threshold, smallest: 1e-6, verdicts: verdicts)
}
public func testModesFloats(
  _ group: UnsafePointer<kp_lane_group>, _ look: UnsafePointer<kp_look>, _ mode: Int,
  _ threshold: Double, _ verdicts: UnsafeMutablePointer<Int8>
) {
  ModeCount<Floats>.test(
    group, look.pointee, mode: mode, threshold: threshold, smallest: 2e-3, verdicts: verdicts)
}

/// Fused multiply-adds of `count` rounds of independent chains: what the peak rate is measured by.
/// - Returns: floating-point operations done, and a number that depends on all of them.
public func peakDoubles(_ count: Int) -> (operations: Double, result: Double) {
  let (operations, sum) = peak(Doubles.self, count)
  return (operations, Double(sum[0]))
}
public func peakFloats(_ count: Int) -> (operations: Double, result: Double) {
  let (operations, sum) = peak(Floats.self, count)
  return (operations, Double(sum[0]))
}

@inline(__always)
private func peak<V: LaneVector>(_: V.Type, _ count: Int) -> (Double, V) {
  let a = V(repeating: 0.999_999)
  let b = V(repeating: 1e-6)
  var (s0, s1, s2, s3, s4) = (a, a, a, a, a)
  var (t0, t1, t2, t3, t4) = (b, b, b, b, b)
  for _ in 0..<count {
    s0 = b.addingProduct(s0, a)
    s1 = b.addingProduct(s1, a)
    s2 = b.addingProduct(s2, a)
    s3 = b.addingProduct(s3, a)
    s4 = b.addingProduct(s4, a)
    t0 = b.addingProduct(t0, a)
    t1 = b.addingProduct(t1, a)
    t2 = b.addingProduct(t2, a)
    t3 = b.addingProduct(t3, a)
    t4 = b.addingProduct(t4, a)
  }
  let sum = s0 + s1 + s2 + s3 + s4 + t0 + t1 + t2 + t3 + t4
  return (20 * Double(V.lanes) * Double(count), sum)
}

/// y = A x or y + A x; see `DenseProducts.multiply`.
public func multiplyDense(
  _ a: UnsafePointer<Double>, _ rows: Int, _ columns: Int, _ rowStride: Int, _ columnStride: Int,
  _ x: UnsafePointer<Double>, _ stride: Int, _ y: UnsafeMutablePointer<Double>,
  _ accumulate: Bool
) {
  DenseProducts.multiply(
    a, rows, columns, rowStride, columnStride, x, stride, y, accumulate: accumulate)
}

/// y = (A x) (1 - h^2); see `DenseProducts.multiplySloped`.
public func multiplySlopedDense(
  _ a: UnsafePointer<Double>, _ rows: Int, _ columns: Int, _ rowStride: Int, _ columnStride: Int,
  _ x: UnsafePointer<Double>, _ stride: Int, _ h: UnsafePointer<Double>,
  _ y: UnsafeMutablePointer<Double>
) {
  DenseProducts.multiplySloped(
    a, rows, columns, rowStride, columnStride, x, stride, h, y)
}

/// g = e x' or g + e x'; see `DenseProducts.outer`.
public func outerDense(
  _ e: UnsafePointer<Double>, _ rows: Int, _ x: UnsafePointer<Double>, _ columns: Int,
  _ stride: Int, _ g: UnsafeMutablePointer<Double>, _ accumulate: Bool
) {
  DenseProducts.outer(e, rows, x, columns, stride, g, accumulate: accumulate)
}

/// w <- decay w + e x'; see `DenseProducts.descend`.
/// - Returns: whether all results are finite.
public func descendOuterDense(
  _ e: UnsafePointer<Double>, _ rows: Int, _ x: UnsafePointer<Double>, _ columns: Int,
  _ stride: Int, _ w: UnsafeMutablePointer<Double>, _ decay: Double
) -> Bool {
  DenseProducts.descend(e, rows, x, columns, stride, w, decay)
}

/// h[k] = tanh z[k]; `count` a multiple of 8.
public func tanhDense(
  _ z: UnsafePointer<Double>, _ h: UnsafeMutablePointer<Double>, _ count: Int
) {
  var k = 0
  while k < count {
    let x = UnsafeRawPointer(z + k).loadUnaligned(as: Doubles.self)
    UnsafeMutableRawPointer(h + k).storeBytes(of: hyperbolicTangent(x), as: Doubles.self)
    k &+= Doubles.scalarCount
  }
}

/// Copies rows order[0 ..< count] of a table, `width` numbers each, into columns of a feature-major
/// batch.
public func gatherDense(
  _ rows: UnsafePointer<Double>, _ width: Int, _ order: UnsafePointer<Int32>, _ count: Int,
  _ x: UnsafeMutablePointer<Double>, _ stride: Int
) {
  let lanes = Doubles.scalarCount
  let whole = width & ~3
  var b = 0
  if stride % lanes == 0, width <= 1 << 15 {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: lanes) { offsets in
      let zero = offsets.baseAddress!
      while b &+ lanes <= count {
        var first = rows
        var lowest = order[b]
        for k in 1..<lanes { lowest = min(lowest, order[b &+ k]) }
        first += Int(lowest) &* width
        for k in 0..<lanes { zero[k] = (order[b &+ k] &- lowest) &* Int32(width) }
        Doubles.transpose(
          first, UnsafePointer(zero),
          UnsafeMutableRawPointer(x + b).assumingMemoryBound(to: Doubles.self),
          stride: stride / lanes, width: whole)
        b &+= lanes
      }
    }
  }
  for done in 0..<b {
    let row = rows + Int(order[done]) &* width
    for j in whole..<width { x[j &* stride &+ done] = row[j] }
  }
  while b < count {
    let row = rows + Int(order[b]) &* width
    for j in 0..<width { x[j &* stride &+ b] = row[j] }
    b &+= 1
  }
}

/// Standard normals times `scale`: block i of a step gives entries 2i and 2i + 1, the bits of
/// `RandomStream.fillNormals`.
///
/// - Parameters:
///   - low, replica, high: words 1 to 3 of the counter.
///   - keys: the words of Philox's ten rounds.
public func fillNormalsDense(
  _ target: UnsafeMutablePointer<Double>, _ count: Int, _ scale: Double, _ low: UInt32,
  _ replica: UInt32, _ high: UInt32, _ keys: UnsafePointer<UInt64>
) {
  let lanes = Doubles.scalarCount
  var index = Words.zero
  for k in 0..<lanes { index[k] = UInt64(k) }
  let factor = Doubles(repeating: scale)
  var k = 0
  while k < count {
    var block = PhiloxState(
      a: index, b: Words(repeating: UInt64(low)), c: Words(repeating: UInt64(replica)),
      d: Words(repeating: UInt64(high)))
    for r in 0..<PhiloxState.rounds &- 1 { block.round(keys + 2 &* r) }
    let (u, v) = block.lastRound(keys)
    let (a, b) = boxMuller(u, v, Doubles(repeating: 1))
    let (first, second) = (factor * a, factor * b)
    let left = min(lanes, (count &- k &+ 1) / 2)
    for i in 0..<left {
      target[k &+ 2 &* i] = first[i]
      if k &+ 2 &* i &+ 1 < count { target[k &+ 2 &* i &+ 1] = second[i] }
    }
    index &+= Words(repeating: UInt64(lanes))
    k &+= 2 &* lanes
  }
}

/// Exponential numbers of mean 1: block `first` + i of a step gives entries 4i to 4i + 3, each -ln of
/// (w + 1/2) / 2^32 for a word w. Fills up to a multiple of four.
///
/// - Parameters:
///   - low, replica, high: words 1 to 3 of the counter.
///   - keys: the words of Philox's ten rounds.
public func fillExponentialsDense(
  _ target: UnsafeMutablePointer<Double>, _ count: Int, _ first: UInt32, _ low: UInt32,
  _ replica: UInt32, _ high: UInt32, _ keys: UnsafePointer<UInt64>
) {
  let lanes = Words.scalarCount
  var index = Words.zero
  for k in 0..<lanes { index[k] = UInt64(first) &+ UInt64(k) }
  let lower = Words(repeating: 0xFFFF_FFFF)
  let half = Doubles(repeating: 0.5)
  var k = 0
  while k < count {
    let w = philox(
      index, Words(repeating: UInt64(low)), Words(repeating: UInt64(replica)),
      Words(repeating: UInt64(high)), keys)
    let a = half * minusTwoLogarithms(exact(w.a & lower) + half, bits: 32)
    let b = half * minusTwoLogarithms(exact(w.b & lower) + half, bits: 32)
    let c = half * minusTwoLogarithms(exact(w.c & lower) + half, bits: 32)
    let d = half * minusTwoLogarithms(exact(w.d & lower) + half, bits: 32)
    for i in 0..<min(lanes, (count &- k &+ 3) / 4) {
      let four = target + (k &+ 4 &* i)
      four[0] = a[i]
      four[1] = b[i]
      four[2] = c[i]
      four[3] = d[i]
    }
    index &+= Words(repeating: UInt64(lanes))
    k &+= 4 &* lanes
  }
}

/// y <- y + alpha x.
public func addDense(
  _ y: UnsafeMutablePointer<Double>, _ alpha: Double, _ x: UnsafePointer<Double>, _ count: Int
) {
  let a = Doubles(repeating: alpha)
  var k = 0
  while k &+ Doubles.scalarCount <= count {
    let sum = UnsafeRawPointer(y + k).loadUnaligned(as: Doubles.self)
      .addingProduct(a, UnsafeRawPointer(x + k).loadUnaligned(as: Doubles.self))
    UnsafeMutableRawPointer(y + k).storeBytes(of: sum, as: Doubles.self)
    k &+= Doubles.scalarCount
  }
  while k < count {
    y[k] = y[k].addingProduct(alpha, x[k])
    k &+= 1
  }
}

/// The sum of x[k]^2, in 32 sums of which none waits for another, each of every 32nd number; then in
/// halves.
public func sumOfSquaresDense(_ x: UnsafePointer<Double>, _ count: Int) -> Double {
  let number = 32
  let lanes = Doubles.scalarCount
  let whole = count / number &* number
  return withUnsafeTemporaryAllocation(of: Double.self, capacity: number) { sums in
    var first = 0
    while first < number {
      let x = UnsafeRawPointer(x + first)
      let size = MemoryLayout<Doubles>.stride
      var (a, b, c, d) = (Doubles.zero, Doubles.zero, Doubles.zero, Doubles.zero)
      for k in stride(from: 0, to: whole &* 8, by: number &* 8) {
        let p = (x + k).loadUnaligned(as: Doubles.self)
        let q = (x + k + size).loadUnaligned(as: Doubles.self)
        let r = (x + k + 2 &* size).loadUnaligned(as: Doubles.self)
        let s = (x + k + 3 &* size).loadUnaligned(as: Doubles.self)
        a = a.addingProduct(p, p)
        b = b.addingProduct(q, q)
        c = c.addingProduct(r, r)
        d = d.addingProduct(s, s)
      }
      for i in 0..<lanes {
        sums[first &+ i] = a[i]
        sums[first &+ lanes &+ i] = b[i]
        sums[first &+ 2 &* lanes &+ i] = c[i]
        sums[first &+ 3 &* lanes &+ i] = d[i]
      }
      first &+= 4 &* lanes
    }
    for k in whole..<count { sums[k &- whole] = sums[k &- whole].addingProduct(x[k], x[k]) }
    var width = number / 2
    while width > 0 {
      for i in 0..<width { sums[i] += sums[i &+ width] }
      width /= 2
    }
    return sums[0]
  }
}

/// theta <- theta - rate g.
/// - Returns: whether all results are finite.
public func descendDense(
  _ theta: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, _ rate: Double, _ count: Int
) -> Bool {
  let minusRate = Doubles(repeating: -rate)
  var check = Doubles.zero
  var k = 0
  while k &+ Doubles.scalarCount <= count {
    let old = UnsafeRawPointer(theta + k).loadUnaligned(as: Doubles.self)
    let new = old.addingProduct(minusRate, UnsafeRawPointer(g + k).loadUnaligned(as: Doubles.self))
    UnsafeMutableRawPointer(theta + k).storeBytes(of: new, as: Doubles.self)
    check = check + (new - new)
    k &+= Doubles.scalarCount
  }
  var sum = check.sum()
  while k < count {
    theta[k] = theta[k].addingProduct(-rate, g[k])
    sum += theta[k] - theta[k]
    k &+= 1
  }
  return sum == 0
}
