internal import CProcessor

/// Whether the k-th singular value of each lane's end-to-end map A reaches a threshold t, without
/// computing it: A'A - t^2 has as many positive eigenvalues as A has singular values above t, and
/// its factor L D L' as many positive pivots (Sylvester's law of inertia).
///
/// The signs are right as long as no pivot is tiny. Where one is, the answer is "unknown", and the
/// caller computes the singular value of that lane.
enum ModeCount<V: LaneVector> {
  /// - Parameters:
  ///   - smallest: pivots below this part of the largest diagonal entry are not trusted.
  ///   - verdicts: for each lane 1 (at least k singular values reach t), 0 (fewer), -1 (unknown).
  @inline(__always)
  static func test(
    _ group: UnsafePointer<kp_lane_group>, _ look: kp_look, mode k: Int, threshold: Double,
    smallest: Double, verdicts: UnsafeMutablePointer<Int8>
  ) {
    Operations<V>.run(look.operations, count: look.operation_count, group)
    let m = look.matrix.assumingMemoryBound(to: V.self)
    let size = look.size
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
    // Column by column: entries below the diagonal become those of -L, their mirror images those of L D.
    for j in 0..<size {
      /// The entry in row i of column j, less what the columns before take from it.
      func reduced(_ i: Int) -> V {
        var entry = m[i &* size &+ j]
        for k in 0..<j {
          entry = entry.addingProduct(m[i &* size &+ k], m[k &* size &+ j])
        }
        return entry
      }
      let pivot = reduced(j)
      positive = positive + V.isPositive(pivot)
      check = check + (pivot - pivot)
      tiniest = V.smaller(tiniest, V.magnitude(pivot))
      let inverse = V(repeating: -1) / pivot
      for i in (j &+ 1)..<max(size, j &+ 1) {
        let entry = reduced(i)
        m[i &* size &+ j] = entry * inverse
        m[j &* size &+ i] = entry
      }
    }
    let trusted = V(repeating: V.Scalar(smallest)) * largest
    for lane in 0..<V.lanes {
      // Not so where a pivot is infinite or NaN.
      let isTrusted = tiniest[lane] > trusted[lane] && check[lane] == 0
      verdicts[lane] = isTrusted ? (positive[lane] >= V.Scalar(k) ? 1 : 0) : -1
    }
  }
}
