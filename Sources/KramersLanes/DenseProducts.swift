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
    let p = operands(a, rowStride, columnStride, x, stride)
    allColumns(p, rows, columns, stride, Results(y: y, stride: stride, accumulate: accumulate))
  }

  /// y = (A x) (1 - h^2) entry by entry.
  @inline(__always)
  static func multiplySloped(
    _ a: UnsafePointer<Double>, _ rows: Int, _ columns: Int, _ rowStride: Int,
    _ columnStride: Int, _ x: UnsafePointer<Double>, _ stride: Int, _ h: UnsafePointer<Double>,
    _ y: UnsafeMutablePointer<Double>
  ) {
    let p = operands(a, rowStride, columnStride, x, stride)
    let distance = UnsafeRawPointer(h) - UnsafeRawPointer(y)
    allColumns(p, rows, columns, stride, Sloped(y: y, stride: stride, distance: distance))
  }

  @inline(__always)
  private static func operands(
    _ a: UnsafePointer<Double>, _ rowStride: Int, _ columnStride: Int,
    _ x: UnsafePointer<Double>, _ stride: Int
  ) -> Operands {
    Operands(
      a: a, rowStride: rowStride &* size, step: columnStride &* size, x: x, columnStride: bytes,
      xStep: stride &* size)
  }

  @inline(__always)
  private static func allColumns<T: Target>(
    _ p: Operands, _ rows: Int, _ columns: Int, _ stride: Int, _ target: T
  ) {
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

  /// Samples of a column of blocks that find room in the scratch memory, beside a block.
  private static let most = 64

  /// g = e x', or g + e x': the weight gradient, rows x columns, summed over the samples in order.
  @inline(__always)
  static func outer(
    _ e: UnsafePointer<Double>, _ rows: Int, _ x: UnsafePointer<Double>, _ columns: Int,
    _ stride: Int, _ g: UnsafeMutablePointer<Double>, accumulate: Bool
  ) {
    forEachPart(of: stride) { b, count in
      outer(
        e + b, rows, x + b, columns, stride, count,
        Results(y: g, stride: columns, accumulate: accumulate || b > 0))
    }
  }

  /// w <- decay w + e x', summed over the samples in order.
  /// - Returns: whether all results are finite.
  @inline(__always)
  static func descend(
    _ e: UnsafePointer<Double>, _ rows: Int, _ x: UnsafePointer<Double>, _ columns: Int,
    _ stride: Int, _ w: UnsafeMutablePointer<Double>, _ decay: Double
  ) -> Bool {
    withUnsafeTemporaryAllocation(of: V.self, capacity: 1) { check in
      check[0] = V.zero
      forEachPart(of: stride) { b, count in
        outer(
          e + b, rows, x + b, columns, stride, count,
          Descent(
            y: w, stride: columns, decay: V(repeating: b == 0 ? decay : 1),
            check: check.baseAddress!))
      }
      return check[0].sum() == 0
    }
  }

  @inline(__always)
  private static func forEachPart(of stride: Int, _ use: (_ first: Int, _ count: Int) -> Void) {
    var b = 0
    while b < stride {
      let count = min(most, stride &- b)
      use(b, count)
      b &+= count
    }
  }

  @inline(__always)
  private static func outer<T: Target>(
    _ e: UnsafePointer<Double>, _ rows: Int, _ x: UnsafePointer<Double>, _ columns: Int,
    _ stride: Int, _ count: Int, _ target: T
  ) {
    let width = 2 &* V.scalarCount
    let transposed = kp_scratch()!.assumingMemoryBound(to: Double.self)
    let p = Operands(
      a: e, rowStride: stride &* size, step: size, x: transposed, columnStride: bytes,
      xStep: 2 &* bytes)
    var j = 0
    while j < columns {
      let used = min(width, columns &- j)
      transpose(x + j &* stride, used, stride, count, transposed, width)
      var part = target
      part.y += j
      if used == width {
        block(Wide.self, p, rows, 0, count, part)
      } else {
        edge(p, rows, count, part, used, transposed + most &* width)
      }
      j &+= width
    }
  }

  /// The last columns, which fill no vectors: through a table of whole ones.
  @inline(never)
  private static func edge<T: Target>(
    _ p: Operands, _ rows: Int, _ count: Int, _ target: T, _ used: Int,
    _ table: UnsafeMutablePointer<Double>
  ) {
    let width = 2 &* V.scalarCount
    var part = target
    part.y = table
    part.stride = width
    var i = 0
    while i < rows {
      let height = min(denseRows, rows &- i)
      let first = target.y + i &* target.stride
      for r in 0..<height {
        for c in 0..<width {
          table[r &* width &+ c] = c < used ? first[r &* target.stride &+ c] : 0
        }
      }
      var shifted = p
      shifted.a += i &* p.rowStride
      block(Wide.self, shifted, height, 0, count, part)
      for r in 0..<height {
        for c in 0..<used { first[r &* target.stride &+ c] = table[r &* width &+ c] }
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

  /// What becomes of a block of sums.
  private protocol Target {
    var y: UnsafeMutablePointer<Double> { get set }
    var stride: Int { get set }
    /// What the sums of a strip start from.
    func start<S: Strip>(_: S.Type, _ place: UnsafeMutableRawPointer) -> S where S.V == V
    /// Takes the sums of a block, whose rows begin `next` bytes from each other.
    func finish<B: Tile>(_ sums: B, _ first: UnsafeMutableRawPointer, _ next: Int)
    where B.S.V == V
  }

  private struct Results: Target {
    var y: UnsafeMutablePointer<Double>
    var stride: Int
    let accumulate: Bool

    @inline(__always)
    func start<S: Strip>(_: S.Type, _ place: UnsafeMutableRawPointer) -> S where S.V == V {
      accumulate ? S.load(place, bytes) : S.zero
    }
    @inline(__always)
    func finish<B: Tile>(_ sums: B, _ first: UnsafeMutableRawPointer, _ next: Int)
    where B.S.V == V {
      sums.forEach { r, strip in strip.store(first + r &* next, bytes) }
    }
  }

  private struct Sloped: Target {
    var y: UnsafeMutablePointer<Double>
    var stride: Int
    /// Bytes from an entry of y to that of h.
    let distance: Int

    @inline(__always)
    func start<S: Strip>(_: S.Type, _: UnsafeMutableRawPointer) -> S where S.V == V { S.zero }
    @inline(__always)
    func finish<B: Tile>(_ sums: B, _ first: UnsafeMutableRawPointer, _ next: Int)
    where B.S.V == V {
      let one = V(repeating: 1)
      sums.forEach { r, strip in
        let place = first + r &* next
        strip.forEach { j, sum in
          let h = (place + (distance &+ j &* bytes)).loadUnaligned(as: V.self)
          (place + j &* bytes).storeBytes(of: sum * (one - h * h), as: V.self)
        }
      }
    }
  }

  private struct Descent: Target {
    var y: UnsafeMutablePointer<Double>
    var stride: Int
    let decay: V
    /// Stays zero as long as everything is finite.
    let check: UnsafeMutablePointer<V>

    @inline(__always)
    func start<S: Strip>(_: S.Type, _ place: UnsafeMutableRawPointer) -> S where S.V == V {
      S.each { decay * (place + $0 &* bytes).loadUnaligned(as: V.self) }
    }
    @inline(__always)
    func finish<B: Tile>(_ sums: B, _ first: UnsafeMutableRawPointer, _ next: Int)
    where B.S.V == V {
      var total = V.zero
      sums.forEach { r, strip in
        strip.store(first + r &* next, bytes)
        strip.forEach { total = total + ($1 - $1) }
      }
      check[0] = check[0] + total
    }
  }

  /// All rows of a column of blocks.
  @inline(__always)
  private static func block<S: Strip, T: Target>(
    _: S.Type, _ p: Operands, _ rows: Int, _ j: Int, _ count: Int, _ target: T
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
  private static func tile<B: Tile, T: Target>(
    _: B.Type, _ p: Operands, _ i: Int, _ j: Int, _ count: Int, _ target: T
  ) where B.S.V == V {
    let first = UnsafeMutableRawPointer(target.y + (i &* target.stride &+ j &* V.scalarCount))
    let next = target.stride &* size
    var sums = B.each { target.start(B.S.self, first + $0 &* next) }
    sums.accumulate(p, row: i, column: j, count: count)
    target.finish(sums, first, next)
  }
}
