internal import CProcessor

/// Whether the k-th singular value of each lane's end-to-end map A reaches a threshold t, without
/// computing it: A'A - t^2 has as many positive eigenvalues as A has singular values above t, and
/// its factor L D L' as many positive pivots (Sylvester's law of inertia).
///
/// The signs are right as long as no pivot is tiny. Where one is, the answer is "unknown", and the
/// caller computes the singular value of that lane.
struct ModeCount<V: LaneVector> {
  private let group: UnsafePointer<kp_lane_group>
  private let theta: UnsafeMutablePointer<V>
  private let scratch: UnsafeMutablePointer<V>
  private let widest: Int
  /// Rows and columns of A'A.
  private let size: Int

  /// - Parameter scratch: (2 * widest + size) * size vectors.
  @inline(__always)
  init(_ group: UnsafePointer<kp_lane_group>, scratch: UnsafeMutableRawPointer) {
    self.group = group
    self.scratch = scratch.assumingMemoryBound(to: V.self)
    theta = group.pointee.theta.assumingMemoryBound(to: V.self)
    size = min(group.pointee.inputs, group.pointee.outputs)
    var widest = group.pointee.inputs
    for l in 0..<group.pointee.depth { widest = max(widest, group.pointee.layers[l].rows) }
    self.widest = widest
  }

  /// - Parameters:
  ///   - smallest: pivots below this part of the largest diagonal entry are not trusted.
  ///   - verdicts: for each lane 1 (at least k singular values reach t), 0 (fewer), -1 (unknown).
  @inline(__always)
  func test(
    mode k: Int, threshold: Double, smallest: Double, verdicts: UnsafeMutablePointer<Int8>
  ) {
    let (map, rows) = tallMap()
    let m = scratch + 2 &* widest &* size
    LaneProducts<V, 0>.gram(map, rows: rows, columns: size, into: m)
    let limit = V(repeating: V.Scalar(threshold * threshold))
    var largest = V.zero
    for j in 0..<size {
      let entry = m[j &* size &+ j] - limit
      m[j &* size &+ j] = entry
      largest = V.larger(largest, V.magnitude(entry))
    }
    var positive = V.zero
    var check = V.zero
    var tiniest = V(repeating: .infinity)
    for j in 0..<size {
      let pivot = m[j &* size &+ j]
      positive = positive + V.isPositive(pivot)
      check = check + (pivot - pivot)
      tiniest = V.smaller(tiniest, V.magnitude(pivot))
      let inverse = V(repeating: 1) / pivot
      var i = j &+ 1
      while i < size {
        let factor = V.zero - m[i &* size &+ j] * inverse
        for c in (j &+ 1)...i {
          m[i &* size &+ c] = m[i &* size &+ c].addingProduct(factor, m[c &* size &+ j])
        }
        i &+= 1
      }
    }
    let trusted = V(repeating: V.Scalar(smallest)) * largest
    for lane in 0..<V.lanes {
      // Not so where a pivot is infinite or NaN.
      let isTrusted = tiniest[lane] > trusted[lane] && check[lane] == 0
      verdicts[lane] = isTrusted ? (positive[lane] >= V.Scalar(k) ? 1 : 0) : -1
    }
  }

  /// A, or A' where that has fewer columns: rows x size vectors.
  @inline(__always)
  private func tallMap() -> (map: UnsafePointer<V>, rows: Int) {
    let depth = group.pointee.depth
    let layers = group.pointee.layers!
    let isFromInputs = group.pointee.inputs <= group.pointee.outputs
    let first = layers[isFromInputs ? 0 : depth &- 1]
    var source = UnsafePointer(theta + first.weights)
    var rows = isFromInputs ? first.rows : first.columns
    var target = scratch
    if !isFromInputs {
      for i in 0..<first.rows {
        for j in 0..<first.columns { target[j &* size &+ i] = source[i &* first.columns &+ j] }
      }
      source = UnsafePointer(target)
      target = scratch + widest &* size
    }
    var step = 1
    while step < depth {
      let layer = layers[isFromInputs ? step : depth &- 1 &- step]
      let next = isFromInputs ? layer.rows : layer.columns
      LaneProducts<V, 0>.multiply(
        theta + layer.weights, rows: next, columns: rows,
        rowStride: isFromInputs ? layer.columns : 1,
        columnStride: isFromInputs ? 1 : layer.columns, source, batch: size, into: target)
      rows = next
      source = UnsafePointer(target)
      target = target == scratch ? scratch + widest &* size : scratch
      step &+= 1
    }
    return (source, rows)
  }
}
