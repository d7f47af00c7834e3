internal import CProcessor

#if AVX512
  /// Rows of a block: with two columns of vectors sixteen sums.
  let denseRows = 8
#else
  /// Eight sums, two operands and a broadcast in sixteen registers.
  let denseRows = 4
#endif

/// The products of one network's layers on a feature-major batch: entry (feature j, sample b) at
/// j * stride + b, the stride a multiple of 8. Vectors run over samples, or over the columns of a
/// weight gradient; weights are broadcast.
enum DenseProducts {
  typealias V = Doubles
  private typealias Wide = Pair<Single<V>>
  private typealias Narrow = Single<V>
  private static let size = 8
  private static let bytes = MemoryLayout<V>.stride

  /// y = A x, or y + A x: A is rows x columns with the given strides in numbers.
  @inline(__always)
  static func multiply(
    _ a: UnsafePointer<Double>, _ rows: Int, _ columns: Int, _ rowStride: Int,
    _ columnStride: Int, _ x: UnsafePointer<Double>, _ stride: Int,
    _ y: UnsafeMutablePointer<Double>, accumulate: Bool
  ) {
    let p = Operands(
      a: a, rowStride: rowStride &* size, step: columnStride &* size, x: x, columnStride: bytes,
      xStep: stride &* size)
    let target = Target(y: y, stride: stride, accumulate: accumulate)
    var b = 0
    while b &+ 2 &* V.scalarCount <= stride {
      block(Wide.self, p, rows, b / V.scalarCount, columns, target)
      b &+= 2 &* V.scalarCount
    }
    while b < stride {
      block(Narrow.self, p, rows, b / V.scalarCount, columns, target)
      b &+= V.scalarCount
    }
  }

  /// g = e x', or g + e x': the weight gradient, rows x columns, summed over the samples in order.
  @inline(__always)
  static func outer(
    _ e: UnsafePointer<Double>, _ rows: Int, _ x: UnsafePointer<Double>, _ columns: Int,
    _ stride: Int, _ g: UnsafeMutablePointer<Double>, accumulate: Bool
  ) {
    let width = 2 &* V.scalarCount
    // The scratch memory holds that many samples of a column of blocks, and a block.
    let most = 64
    let transposed = kp_scratch()!.assumingMemoryBound(to: Double.self)
    var j = 0
    while j < columns {
      let used = min(width, columns &- j)
      var b = 0
      while b < stride {
        let count = min(most, stride &- b)
        transpose(x + (j &* stride &+ b), used, stride, count, transposed, width)
        let p = Operands(
          a: e + b, rowStride: stride &* size, step: size, x: transposed, columnStride: bytes,
          xStep: 2 &* bytes)
        let isFurther = accumulate || b > 0
        if used == width {
          block(
            Wide.self, p, rows, 0, count,
            Target(y: g + j, stride: columns, accumulate: isFurther))
        } else {
          edge(
            p, rows, count, g + j, columns, used, transposed + most &* width,
            accumulate: isFurther)
        }
        b &+= count
      }
      j &+= width
    }
  }

  /// The last columns, which fill no vectors: through a table of whole ones.
  @inline(never)
  private static func edge(
    _ p: Operands, _ rows: Int, _ count: Int, _ g: UnsafeMutablePointer<Double>,
    _ columns: Int, _ used: Int, _ table: UnsafeMutablePointer<Double>, accumulate: Bool
  ) {
    let width = 2 &* V.scalarCount
    var i = 0
    while i < rows {
      let height = min(denseRows, rows &- i)
      for r in 0..<height {
        for c in 0..<width {
          table[r &* width &+ c] = accumulate && c < used ? g[(i &+ r) &* columns &+ c] : 0
        }
      }
      var shifted = p
      shifted.a += i &* p.rowStride
      block(
        Wide.self, shifted, height, 0, count, Target(y: table, stride: width, accumulate: true))
      for r in 0..<height {
        for c in 0..<used { g[(i &+ r) &* columns &+ c] = table[r &* width &+ c] }
      }
      i &+= height
    }
  }

  /// target[b, j] = x[j, b] for `used` rows of x and `count` columns; the rest of a row is zero.
  @inline(__always)
  private static func transpose(
    _ x: UnsafePointer<Double>, _ used: Int, _ stride: Int, _ count: Int,
    _ target: UnsafeMutablePointer<Double>, _ width: Int
  ) {
    var j = 0
    while j < width {
      if j &+ V.scalarCount <= used {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: V.scalarCount) { offsets in
          for k in 0..<V.scalarCount {
            offsets[k] = Int32(truncatingIfNeeded: (j &+ k) &* stride)
          }
          V.transpose(
            x, UnsafePointer(offsets.baseAddress!),
            UnsafeMutableRawPointer(target + j).assumingMemoryBound(to: V.self), stride: 2,
            width: count)
        }
      } else {
        for k in j..<(j &+ V.scalarCount) {
          for b in 0..<count { target[b &* width &+ k] = k < used ? x[k &* stride &+ b] : 0 }
        }
      }
      j &+= V.scalarCount
    }
  }

  private struct Target {
    let y: UnsafeMutablePointer<Double>
    let stride: Int
    let accumulate: Bool
  }

  /// All rows of a column of blocks.
  @inline(__always)
  private static func block<S: Strip>(
    _: S.Type, _ p: Operands, _ rows: Int, _ j: Int, _ count: Int, _ target: Target
  ) where S.V == V {
    typealias Rows1 = Row<Broadcast<V>, S>
    typealias Rows2 = Twice<Rows1>
    typealias Rows4 = Twice<Rows2>
    var i = 0
    while denseRows >= 8, i &+ 8 <= rows {
      tile(Twice<Rows4>.self, p, i, j, count, target)
      i &+= 8
    }
    while i &+ 4 <= rows {
      tile(Rows4.self, p, i, j, count, target)
      i &+= 4
    }
    if i &+ 2 <= rows {
      tile(Rows2.self, p, i, j, count, target)
      i &+= 2
    }
    if i < rows { tile(Rows1.self, p, i, j, count, target) }
  }

  @inline(__always)
  private static func tile<B: Tile>(
    _: B.Type, _ p: Operands, _ i: Int, _ j: Int, _ count: Int, _ target: Target
  ) where B.S.V == V {
    let first = UnsafeMutableRawPointer(target.y + (i &* target.stride &+ j &* V.scalarCount))
    let next = target.stride &* size
    var sums = B.zero
    if target.accumulate { sums = B.each { r in B.S.load(first + r &* next, bytes) } }
    sums.accumulate(p, row: i, column: j, count: count)
    sums.forEach { r, strip in strip.store(first + r &* next, bytes) }
  }
}
