internal import CProcessor
internal import KramersLanes

#if canImport(KramersLanes512)
  internal import KramersLanes512
#endif

/// The products of a layer, on feature-major batches: column b of sample b, so that entry
/// (feature j, sample b) of an n x B matrix lies at `j * stride + b`, with the stride a multiple
/// of eight. Sums run in the order of their inner index with fused multiply-adds, so every
/// instruction set gives the same bits.
enum DenseKernels {
  /// The stride of a batch of `count` samples.
  static func stride(_ count: Int) -> Int { (count + 7) / 8 * 8 }

  /// y = A x (or A x + y): A is rows x columns with the given element strides, x columns x B.
  /// Strides (columns, 1) apply A itself, (1, rows of the stored matrix) its transpose.
  @inline(__always)
  static func multiply(
    _ a: UnsafePointer<Double>, rows: Int, columns: Int, rowStride: Int, columnStride: Int,
    _ x: UnsafePointer<Double>, stride: Int, into y: UnsafeMutablePointer<Double>,
    accumulate: Bool = false
  ) {
    chosen.multiply(a, rows, columns, rowStride, columnStride, x, stride, y, accumulate)
  }

  /// y = (A x) (1 - h^2) entry by entry: an error on its way back through h = tanh z.
  static func multiplySloped(
    _ a: UnsafePointer<Double>, rows: Int, columns: Int, rowStride: Int, columnStride: Int,
    _ x: UnsafePointer<Double>, stride: Int, tanh h: UnsafePointer<Double>,
    into y: UnsafeMutablePointer<Double>
  ) { chosen.multiplySloped(a, rows, columns, rowStride, columnStride, x, stride, h, y) }

  /// g[i, j] = sum_b e[i, b] x[j, b] (or += ): the weight gradient, rows x columns, row-major. The
  /// padding of e must be zero.
  @inline(__always)
  static func outer(
    _ e: UnsafePointer<Double>, rows: Int, _ x: UnsafePointer<Double>, columns: Int, stride: Int,
    into g: UnsafeMutablePointer<Double>, accumulate: Bool = false
  ) {
    chosen.outer(e, rows, x, columns, stride, g, accumulate)
  }

  /// w[i, j] <- decay w[i, j] + sum_b e[i, b] x[j, b]: the sum of `outer` from another start.
  /// - Returns: whether all results are finite.
  static func descendOuter(
    _ e: UnsafePointer<Double>, rows: Int, _ x: UnsafePointer<Double>, columns: Int, stride: Int,
    on w: UnsafeMutablePointer<Double>, decay: Double
  ) -> Bool { chosen.descendOuter(e, rows, x, columns, stride, w, decay) }

  /// sum_b e[i, b] for each row: the bias gradient.
  static func rowSums(
    _ e: UnsafePointer<Double>, rows: Int, stride: Int, into g: UnsafeMutablePointer<Double>
  ) {
    for i in 0..<rows { g[i] = rowSum(e + i &* stride, stride) }
  }

  static func rowSum(_ e: UnsafePointer<Double>, _ stride: Int) -> Double {
    var sum = 0.0
    for b in 0..<stride { sum += e[b] }
    return sum
  }

  /// h = tanh z for `count` numbers, a multiple of eight: `hyperbolicTangent`.
  static func tanh(
    _ z: UnsafePointer<Double>, _ h: UnsafeMutablePointer<Double>, count: Int
  ) { chosen.tanh(z, h, count) }

  /// Copies rows order[0 ..< count] of a table of `width` columns into a batch.
  static func gather(
    _ rows: UnsafePointer<Double>, width: Int, order: UnsafePointer<Int32>, count: Int,
    into x: UnsafeMutablePointer<Double>, stride: Int
  ) { chosen.gather(rows, width, order, count, x, stride) }

  /// Normals times `scale`, block i giving entries 2i and 2i + 1, at a counter whose first word is
  /// the block.
  static func fillNormals(
    _ target: UnsafeMutablePointer<Double>, count: Int, scale: Double,
    counter: (low: UInt32, replica: UInt32, high: UInt32), roundKeys: UnsafePointer<UInt64>
  ) {
    chosen.fillNormals(
      target, count, scale, counter.low, counter.replica, counter.high, roundKeys)
  }

  /// Exponential numbers of mean 1, block first + i giving entries 4i ... 4i + 3, at a counter whose first
  /// word is the block. Fills up to a multiple of four.
  static func fillExponentials(
    _ target: UnsafeMutablePointer<Double>, count: Int, first: UInt32,
    counter: (low: UInt32, replica: UInt32, high: UInt32), roundKeys: UnsafePointer<UInt64>
  ) {
    chosen.fillExponentials(
      target, count, first, counter.low, counter.replica, counter.high, roundKeys)
  }

  /// y <- y + alpha x.
  static func add(
    _ y: UnsafeMutablePointer<Double>, _ alpha: Double, _ x: UnsafePointer<Double>, count: Int
  ) { chosen.add(y, alpha, x, count) }

  /// The sum of x[k]^2, in an order of its own.
  static func sumOfSquares(_ x: UnsafePointer<Double>, count: Int) -> Double {
    chosen.sumOfSquares(x, count)
  }

  /// theta <- theta - rate g.
  /// - Returns: whether all results are finite.
  static func descend(
    _ theta: UnsafeMutablePointer<Double>, _ g: UnsafePointer<Double>, rate: Double, count: Int
  ) -> Bool { chosen.descend(theta, g, rate, count) }

  typealias Reading = UnsafePointer<Double>
  typealias Writing = UnsafeMutablePointer<Double>

  /// The functions of one instruction set.
  struct Functions {
    let multiply: @Sendable (Reading, Int, Int, Int, Int, Reading, Int, Writing, Bool) -> Void
    let multiplySloped:
      @Sendable (Reading, Int, Int, Int, Int, Reading, Int, Reading, Writing) -> Void
    let outer: @Sendable (Reading, Int, Reading, Int, Int, Writing, Bool) -> Void
    let descendOuter: @Sendable (Reading, Int, Reading, Int, Int, Writing, Double) -> Bool
    let tanh: @Sendable (Reading, Writing, Int) -> Void
    let gather: @Sendable (Reading, Int, UnsafePointer<Int32>, Int, Writing, Int) -> Void
    let add: @Sendable (Writing, Double, Reading, Int) -> Void
    let sumOfSquares: @Sendable (Reading, Int) -> Double
    let descend: @Sendable (Writing, Reading, Double, Int) -> Bool
    let fillNormals:
      @Sendable (Writing, Int, Double, UInt32, UInt32, UInt32, UnsafePointer<UInt64>) -> Void
    let fillExponentials:
      @Sendable (Writing, Int, UInt32, UInt32, UInt32, UInt32, UnsafePointer<UInt64>) -> Void
  }

  private static let chosen = available[kp_uses_avx512() != 0 ? 0 : available.count - 1]

  /// Those of all instruction sets that this processor has, the widest first. They give the same bits.
  static let available: [Functions] = {
    var all: [Functions] = []
    #if canImport(KramersLanes512)
      if kp_has_avx512() != 0 {
        let widest = Functions(
          multiply: { KramersLanes512.multiplyDense($0, $1, $2, $3, $4, $5, $6, $7, $8) },
          multiplySloped: {
            KramersLanes512.multiplySlopedDense($0, $1, $2, $3, $4, $5, $6, $7, $8)
          },
          outer: { KramersLanes512.outerDense($0, $1, $2, $3, $4, $5, $6) },
          descendOuter: { KramersLanes512.descendOuterDense($0, $1, $2, $3, $4, $5, $6) },
          tanh: { KramersLanes512.tanhDense($0, $1, $2) },
          gather: { KramersLanes512.gatherDense($0, $1, $2, $3, $4, $5) },
          add: { KramersLanes512.addDense($0, $1, $2, $3) },
          sumOfSquares: { KramersLanes512.sumOfSquaresDense($0, $1) },
          descend: { KramersLanes512.descendDense($0, $1, $2, $3) },
          fillNormals: { KramersLanes512.fillNormalsDense($0, $1, $2, $3, $4, $5, $6) },
          fillExponentials: { KramersLanes512.fillExponentialsDense($0, $1, $2, $3, $4, $5, $6) })
        all.append(widest)
      }
    #endif
    let base = Functions(
      multiply: { KramersLanes.multiplyDense($0, $1, $2, $3, $4, $5, $6, $7, $8) },
      multiplySloped: {
        KramersLanes.multiplySlopedDense($0, $1, $2, $3, $4, $5, $6, $7, $8)
      },
      outer: { KramersLanes.outerDense($0, $1, $2, $3, $4, $5, $6) },
      descendOuter: { KramersLanes.descendOuterDense($0, $1, $2, $3, $4, $5, $6) },
      tanh: { KramersLanes.tanhDense($0, $1, $2) },
      gather: { KramersLanes.gatherDense($0, $1, $2, $3, $4, $5) },
      add: { KramersLanes.addDense($0, $1, $2, $3) },
      sumOfSquares: { KramersLanes.sumOfSquaresDense($0, $1) },
      descend: { KramersLanes.descendDense($0, $1, $2, $3) },
      fillNormals: { KramersLanes.fillNormalsDense($0, $1, $2, $3, $4, $5, $6) },
      fillExponentials: { KramersLanes.fillExponentialsDense($0, $1, $2, $3, $4, $5, $6) })
    all.append(base)
    return all
  }()
}
