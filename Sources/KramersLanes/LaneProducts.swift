/// What becomes of the entries of a product: entry k of a row-major table starts from `start(k)`, and
/// its complete sum goes to `finish`.
protocol Table {
  associatedtype V: Vector
  func start(_ k: Int, row i: Int) -> V
  func finish(_ k: Int, _ sum: V)
}

/// What a layer's sums start from. Without biases a stride of 0 reads the same zero again, so that no
/// block has to ask.
struct Biases<V: Vector> {
  private let start: UnsafePointer<V>
  private let stride: Int

  /// - Parameters:
  ///   - first: the first of the layer's biases; nil without.
  ///   - zero: a vector of zeros.
  @inline(__always) init(_ first: UnsafePointer<V>?, zero: UnsafePointer<V>) {
    start = first ?? zero
    stride = first == nil ? 0 : 1
  }

  @inline(__always) subscript(i: Int) -> V { start[i &* stride] }
}

/// Products for a group of replicas, each with its own weights: every entry is a vector over the
/// replicas. Batches are feature-major without padding: entry (feature j, sample b) at j * batch + b.
///
/// `knownBatch` is the batch size where it is worth code of its own, else 0. It makes strides and the
/// loops over samples constants; for that the functions that compute with blocks are generic in it, and
/// not inlined: a step that contains them all is slower for the scalar chain.
enum LaneProducts<V: Vector, let knownBatch: Int> {
  typealias Columns1 = Single<V>
  typealias Columns2 = Pair<Columns1>
  typealias Columns3 = Beside<Columns2, Columns1>
  typealias Columns4 = Pair<Columns2>
  typealias Columns5 = Beside<Columns3, Columns2>

  @inline(__always) static var size: Int { MemoryLayout<V>.stride }
  @inline(__always) private static func known(_ batch: Int) -> Int {
    knownBatch > 0 ? knownBatch : batch
  }

  /// y = W x: W is rows x columns with strides counted in vectors. Strides (columns, 1) apply W,
  /// (1, its columns) its transpose.
  @inline(__always)
  static func multiply(
    _ w: UnsafePointer<V>, rows: Int, columns: Int, rowStride: Int, columnStride: Int,
    _ x: UnsafePointer<V>, batch: Int, into y: UnsafeMutablePointer<V>
  ) {
    if rows == 1, batch == 1, columnStride == 1 { return dot(w, x, columns, Output(y: y)) }
    multiplyBlocks(w, rows, columns, rowStride, columnStride, x, batch, y)
  }

  @inline(never)
  private static func multiplyBlocks(
    _ w: UnsafePointer<V>, _ rows: Int, _ columns: Int, _ rowStride: Int, _ columnStride: Int,
    _ x: UnsafePointer<V>, _ batch: Int, _ y: UnsafeMutablePointer<V>
  ) {
    let p = Operands(
      a: w, rowStride: rowStride &* size, step: columnStride &* size, x: x, columnStride: size,
      xStep: known(batch) &* size)
    blocks(p, rows: rows, columns: known(batch), count: columns, Output(y: y))
  }

  /// W x in a table of rows x batch: W is rows x columns, row by row.
  @inline(__always)
  static func forward<T: Table>(
    _ w: UnsafePointer<V>, rows: Int, columns: Int, _ x: UnsafePointer<V>, batch: Int,
    into table: T
  ) where T.V == V {
    if rows == 1, batch == 1 { return dot(w, x, columns, table) }
    forwardBlocks(w, rows, columns, x, batch, table)
  }

  @inline(never)
  private static func forwardBlocks<T: Table>(
    _ w: UnsafePointer<V>, _ rows: Int, _ columns: Int, _ x: UnsafePointer<V>, _ batch: Int,
    _ table: T
  ) where T.V == V {
    let p = Operands(
      a: w, rowStride: columns &* size, step: size, x: x, columnStride: size,
      xStep: known(batch) &* size)
    blocks(p, rows: rows, columns: known(batch), count: columns, table)
  }

  /// The weight gradient: sums over b of e[i, b] x[j, b] in a table of rows x columns.
  @inline(__always)
  static func outer<T: Table>(
    _ e: UnsafePointer<V>, rows: Int, _ x: UnsafePointer<V>, columns: Int, batch: Int,
    into table: T
  ) where T.V == V {
    if rows == 1, columns == 1 { return dot(e, x, batch, table) }
    outerBlocks(e, rows, x, columns, batch, table)
  }

  @inline(never)
  private static func outerBlocks<T: Table>(
    _ e: UnsafePointer<V>, _ rows: Int, _ x: UnsafePointer<V>, _ columns: Int, _ batch: Int,
    _ table: T
  ) where T.V == V {
    let stride = known(batch) &* size
    let p = Operands(
      a: e, rowStride: stride, step: size, x: x, columnStride: stride, xStep: size)
    blocks(p, rows: rows, columns: columns, count: known(batch), table)
  }

  /// A'A of the rows x columns vectors of A.
  @inline(__always)
  static func gram(
    _ a: UnsafePointer<V>, rows: Int, columns: Int, into m: UnsafeMutablePointer<V>
  ) {
    if columns == 1 { return dot(a, a, rows, Output(y: m)) }
    let p = Operands(
      a: a, rowStride: size, step: columns &* size, x: a, columnStride: size,
      xStep: columns &* size)
    blocks(p, rows: columns, columns: columns, count: rows, Output(y: m))
  }

  private struct Output: Table {
    let y: UnsafeMutablePointer<V>

    @inline(__always) func start(_ k: Int, row i: Int) -> V { .zero }
    @inline(__always) func finish(_ k: Int, _ sum: V) { y[k] = sum }
  }

  /// One number, a sum of `count` products of neighbours: the scalar chain, for which choosing a block
  /// costs more than the product.
  @inline(__always)
  private static func dot<T: Table>(
    _ a: UnsafePointer<V>, _ x: UnsafePointer<V>, _ count: Int, _ table: T
  ) where T.V == V {
    var sum = table.start(0, row: 0)
    for k in 0..<count { sum = sum.addingProduct(a[k], x[k]) }
    table.finish(0, sum)
  }

  /// C = A X, summed over `count` values of k, in blocks of nearly equal size.
  @inline(__always)
  private static func blocks<T: Table>(
    _ p: Operands, rows: Int, columns: Int, count: Int, _ table: T
  ) where T.V == V {
    var j = 0
    while j < columns {
      let shape = Shape(rows: rows, columns: columns, column: j, count: count)
      let width = part(columns &- j, mostColumns)
      if mostColumns >= 5, width == 5 {
        strip(Columns5.self, p, shape, table)
      } else if width == 4 {
        strip(Columns4.self, p, shape, table)
      } else if width == 3 {
        strip(Columns3.self, p, shape, table)
      } else if width == 2 {
        strip(Columns2.self, p, shape, table)
      } else {
        strip(Columns1.self, p, shape, table)
      }
      j &+= width
    }
  }

  private struct Shape {
    let rows: Int
    let columns: Int
    let column: Int
    let count: Int
  }

  /// The size of the next block of `left` rows or columns: the largest, but the last two are equal.
  @inline(__always)
  private static func part(_ left: Int, _ most: Int) -> Int {
    left <= most ? left : left < 2 &* most ? (left &+ 1) &>> 1 : most
  }

  @inline(__always)
  private static func strip<S: Strip, T: Table>(
    _: S.Type, _ p: Operands, _ shape: Shape, _ table: T
  ) where S.V == V, T.V == V {
    typealias Rows1 = Row<Lanewise<V>, S>
    typealias Rows2 = Twice<Rows1>
    typealias Rows3 = Above<Rows2, Rows1>
    var i = 0
    while i < shape.rows {
      let height = part(shape.rows &- i, mostRows)
      if mostRows >= 3, height == 3 {
        tile(Rows3.self, p, i, shape, table)
      } else if height == 2 {
        tile(Rows2.self, p, i, shape, table)
      } else {
        tile(Rows1.self, p, i, shape, table)
      }
      i &+= height
    }
  }

  @inline(__always)
  private static func tile<B: Tile, T: Table>(
    _: B.Type, _ p: Operands, _ i: Int, _ shape: Shape, _ table: T
  ) where B.S.V == V, T.V == V {
    let columns = shape.columns
    let first = i &* columns &+ shape.column
    var sums = B.each { r in
      B.S.each { c in table.start(first &+ r &* columns &+ c, row: i &+ r) }
    }
    sums.accumulate(p, row: i, column: shape.column, count: shape.count)
    sums.forEach { r, strip in
      strip.forEach { c, sum in table.finish(first &+ r &* columns &+ c, sum) }
    }
  }
}
