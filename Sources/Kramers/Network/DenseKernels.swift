/// The three products of a layer, on feature-major batches: column b of sample b, so that entry
/// (feature j, sample b) of an n x B matrix lies at `j * stride + b`, with the stride a multiple
/// of four. Sums run in the order of their inner index with fused multiply-adds.
///
/// Vectors run over samples: weights are then broadcast, and no transposed copy is needed.
enum DenseKernels {
  typealias Lane = SIMD4<Double>
  static let lanes = 4

  /// The stride of a batch of `count` samples.
  static func stride(_ count: Int) -> Int { (count + lanes - 1) / lanes * lanes }

  @inline(__always)
  private static func load(_ p: UnsafePointer<Double>) -> Lane {
    UnsafeRawPointer(p).loadUnaligned(as: Lane.self)
  }

  @inline(__always)
  private static func store(_ value: Lane, _ p: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lane.self)
  }

  /// y = A x (or A x + y): A is rows x columns with the given element strides, x columns x B.
  /// Strides (columns, 1) apply A itself, (1, rows of the stored matrix) its transpose.
  @inline(__always)
  static func multiply(
    _ a: UnsafePointer<Double>, rows: Int, columns: Int, rowStride: Int, columnStride: Int,
    _ x: UnsafePointer<Double>, stride: Int, into y: UnsafeMutablePointer<Double>,
    accumulate: Bool = false
  ) {
    var b = 0
    while b < stride {
      var i = 0
      while i &+ 1 < rows {
        var p = a + i &* rowStride
        var q = a + (i &+ 1) &* rowStride
        var source = x + b
        var first = Lane.zero
        var second = Lane.zero
        if accumulate {
          first = load(y + (i &* stride &+ b))
          second = load(y + ((i &+ 1) &* stride &+ b))
        }
        for _ in 0..<columns {
          let value = load(source)
          first = first.addingProduct(Lane(repeating: p.pointee), value)
          second = second.addingProduct(Lane(repeating: q.pointee), value)
          p += columnStride
          q += columnStride
          source += stride
        }
        store(first, y + (i &* stride &+ b))
        store(second, y + ((i &+ 1) &* stride &+ b))
        i &+= 2
      }
      if i < rows {
        var p = a + i &* rowStride
        var source = x + b
        var sum = accumulate ? load(y + (i &* stride &+ b)) : Lane.zero
        for _ in 0..<columns {
          sum = sum.addingProduct(Lane(repeating: p.pointee), load(source))
          p += columnStride
          source += stride
        }
        store(sum, y + (i &* stride &+ b))
      }
      b &+= lanes
    }
  }

  /// g[i, j] = sum_b e[i, b] x[j, b] (or += ): the weight gradient, rows x columns, row-major.
  @inline(__always)
  static func outer(
    _ e: UnsafePointer<Double>, rows: Int, _ x: UnsafePointer<Double>, columns: Int, stride: Int,
    into g: UnsafeMutablePointer<Double>, accumulate: Bool = false
  ) {
    for i in 0..<rows {
      let ei = e + i &* stride
      for j in 0..<columns {
        let xj = x + j &* stride
        var sum = load(ei) * load(xj)
        var b = lanes
        while b < stride {
          sum = sum.addingProduct(load(ei + b), load(xj + b))
          b &+= lanes
        }
        let total = (sum[0] + sum[1]) + (sum[2] + sum[3])
        let k = i &* columns &+ j
        g[k] = accumulate ? g[k] + total : total
      }
    }
  }

  /// sum_b e[i, b] for each row: the bias gradient.
  static func rowSums(
    _ e: UnsafePointer<Double>, rows: Int, stride: Int, into g: UnsafeMutablePointer<Double>
  ) {
    for i in 0..<rows {
      var sum = Lane.zero
      var b = 0
      while b < stride {
        sum += load(e + (i &* stride &+ b))
        b &+= lanes
      }
      g[i] = (sum[0] + sum[1]) + (sum[2] + sum[3])
    }
  }
}
