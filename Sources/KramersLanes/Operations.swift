internal import CProcessor

/// Runs the operations of a step (`kp_operation`) for a group of replicas, each with its own weights:
/// every entry is a vector over the replicas.
enum Operations<V: LaneVector> {
  typealias Operation = UnsafePointer<kp_operation>
  typealias Group = UnsafePointer<kp_lane_group>

  @inline(__always)
  static func run(_ first: Operation, count: Int, _ group: Group) {
    for k in 0..<count {
      let o = first + k
      switch Int(o.pointee.kind) {
      case kp_multiply: product(Product<V>.self, o, group)
      case kp_add: product(Sum<V>.self, o, group)
      case kp_add_residual: product(Residual<V>.self, o, group)
      case kp_add_to_decayed: product(Descent<V>.self, o, group)
      case kp_add_to_noisy: product(NoisyDescent<V>.self, o, group)
      default: sweep(o, group)
      }
    }
  }

  // Functions of their own for each width: one that contained all panels would keep less of its state in
  // registers, and stores to the stack wait in the same queue as those of results.

  @inline(__always)
  private static func product<T: Table>(_: T.Type, _ o: Operation, _ group: Group)
  where T.V == V {
    typealias Columns1 = Single<V>
    typealias Columns2 = Pair<Columns1>
    if o.pointee.products == 1 {
      // The scalar chain, for which choosing a panel costs more than the product.
      let table = T(o, group)
      let a = o.pointee.a.loadUnaligned(as: V.self)
      let x = o.pointee.x.loadUnaligned(as: V.self)
      return table.finish(0, 0, table.start(0, 0).addingProduct(a, x))
    }
    switch o.pointee.columns {
    case 1: strip(Columns1.self, T.self, o, group)
    case 2: strip(Columns2.self, T.self, o, group)
    case 3: strip(Beside<Columns2, Columns1>.self, T.self, o, group)
    case 4: strip(Pair<Columns2>.self, T.self, o, group)
    default: strip(Beside<Pair<Columns2>, Columns1>.self, T.self, o, group)
    }
  }

  @inline(__always)
  private static func strip<S: Strip, T: Table>(
    _: S.Type, _: T.Type, _ o: Operation, _ group: Group
  ) where S.V == V, T.V == V {
    if o.pointee.count <= longestPanel {
      panel(S.self, T.self, o, group)
    } else if hasHalves, o.pointee.count <= 2 &* longestPanel {
      halves(S.self, T.self, o, group)
    } else {
      blocks(S.self, T.self, o, group)
    }
  }

  @inline(never)
  private static func panel<S: Strip, T: Table>(
    _: S.Type, _: T.Type, _ o: Operation, _ group: Group
  ) where S.V == V, T.V == V {
    typealias K1 = Level<S>
    typealias K2 = Levels<K1, K1>
    typealias K3 = Levels<K2, K1>
    typealias K4 = Levels<K2, K2>
    typealias K6 = Levels<K3, K3>
    typealias K8 = Levels<K4, K4>
    let table = T(o, group)
    switch o.pointee.count {
    case 1: rows(K1.self, o, table)
    case 2: rows(K2.self, o, table)
    case 3: rows(K3.self, o, table)
    case 4: rows(K4.self, o, table)
    case 5: rows(Levels<K3, K2>.self, o, table)
    case 6: rows(K6.self, o, table)
    case 7: rows(Levels<K4, K3>.self, o, table)
    case 8: rows(K8.self, o, table)
    case 9: rows(Levels<K6, K3>.self, o, table)
    case 10: rows(Levels<K6, K4>.self, o, table)
    case 11: rows(Levels<K8, K3>.self, o, table)
    default: rows(Levels<K8, K4>.self, o, table)
    }
  }

  @inline(__always)
  private static func rows<P: Panel, T: Table>(_: P.Type, _ o: Operation, _ table: T)
  where P.S.V == V, T.V == V {
    guard P.S.count <= widestPanel(P.count) else { return }
    let panel = P.load(
      o.pointee.x, step: Int(o.pointee.x_step), column: Int(o.pointee.x_column))
    let step = Int(o.pointee.a_step)
    let row = Int(o.pointee.a_row)
    var a = o.pointee.a!
    for i in 0..<Int(o.pointee.rows) {
      let sums = panel.adding(to: P.S.each { table.start(i, $0) }, a, step: step)
      sums.forEach { table.finish(i, $0, $1) }
      a += row
    }
  }

  /// A product as long as two panels: the sums of the first wait in `out`.
  @inline(never)
  private static func halves<S: Strip, T: Table>(
    _: S.Type, _: T.Type, _ o: Operation, _ group: Group
  ) where S.V == V, T.V == V {
    typealias K2 = Levels<Level<S>, Level<S>>
    typealias K3 = Levels<K2, Level<S>>
    typealias K4 = Levels<K2, K2>
    typealias K5 = Levels<K3, K2>
    typealias K6 = Levels<K3, K3>
    guard hasHalves, S.count <= widestPanel(longestPanel) else { return }
    let table = T(o, group)
    switch o.pointee.count {
    case 7: halves(K4.self, K3.self, o, table)
    case 8: halves(K4.self, K4.self, o, table)
    case 9: halves(K5.self, K4.self, o, table)
    case 10: halves(K5.self, K5.self, o, table)
    case 11: halves(K6.self, K5.self, o, table)
    default: halves(K6.self, K6.self, o, table)
    }
  }

  @inline(__always)
  private static func halves<A: Panel, B: Panel, T: Table>(
    _: A.Type, _: B.Type, _ o: Operation, _ table: T
  ) where A.S == B.S, A.S.V == V, T.V == V {
    let step = Int(o.pointee.a_step)
    let row = Int(o.pointee.a_row)
    let xStep = Int(o.pointee.x_step)
    let column = Int(o.pointee.x_column)
    let rows = Int(o.pointee.rows)
    let first = A.load(o.pointee.x, step: xStep, column: column)
    var a = o.pointee.a!
    for i in 0..<rows {
      first.adding(to: A.S.each { table.start(i, $0) }, a, step: step).forEach {
        table.out[i, $0] = $1
      }
      a += row
    }
    let second = B.load(o.pointee.x + A.count &* xStep, step: xStep, column: column)
    a = o.pointee.a + A.count &* step
    for i in 0..<rows {
      second.adding(to: A.S.each { table.out[i, $0] }, a, step: step).forEach {
        table.finish(i, $0, $1)
      }
      a += row
    }
  }

  /// A product too long for a panel: blocks of sums, over all of their terms. A few rows of A meet all
  /// strips of X before the next.
  @inline(never)
  private static func blocks<S: Strip, T: Table>(
    _: S.Type, _: T.Type, _ o: Operation, _ group: Group
  ) where S.V == V, T.V == V {
    guard S.count <= blockColumns else { return }
    typealias Rows1 = Row<Lanewise<V>, S>
    typealias Rows2 = Twice<Rows1>
    var table = T(o, group)
    var operands = Operands(
      a: o.pointee.a, rowStride: Int(o.pointee.a_row), step: Int(o.pointee.a_step),
      x: o.pointee.x, columnStride: Int(o.pointee.x_column), xStep: Int(o.pointee.x_step))
    let count = Int(o.pointee.count)
    let number = Int(o.pointee.strips)
    var left = Int(o.pointee.rows)
    func next(_ rows: Int) {
      operands.a += rows &* operands.rowStride
      table.advance(rows: rows, columns: 0)
      left &-= rows
    }
    while blockRows >= 4, left >= 4 {
      strips(Twice<Rows2>.self, operands, count, number, table)
      next(4)
    }
    while left >= 2 {
      strips(Rows2.self, operands, count, number, table)
      next(2)
    }
    if left > 0 { strips(Rows1.self, operands, count, number, table) }
  }

  @inline(__always)
  private static func strips<B: Tile, T: Table>(
    _: B.Type, _ operands: Operands, _ count: Int, _ number: Int, _ table: T
  ) where B.S.V == V, T.V == V {
    var operands = operands
    var table = table
    for _ in 0..<number {
      var sums = B.each { i in B.S.each { table.start(i, $0) } }
      sums.accumulate(operands, row: 0, column: 0, count: count)
      sums.forEach { i, strip in strip.forEach { table.finish(i, $0, $1) } }
      operands.x += B.S.count &* operands.columnStride
      table.advance(rows: 0, columns: B.S.count)
    }
  }

  /// The operations over neighbouring vectors.
  @inline(never)
  private static func sweep(_ o: Operation, _ group: Group) {
    let out = Rows<V>(o.pointee.out, 0)
    let other = Rows<V>(o.pointee.other, 0)
    let start = Rows<V>(o.pointee.start, 0, column: Int(o.pointee.start_column))
    let count = Int(o.pointee.count)
    func factor(_ x: Double) -> V { V(repeating: V.Scalar(x)) }
    switch Int(o.pointee.kind) {
    case kp_tanh:
      for k in 0..<count { out[0, k] = V.tanh(other[0, k]) }
    case kp_tanh_slope:
      for k in 0..<count {
        let h = other[0, k]
        out[0, k] = out[0, k] * (V(repeating: 1) - h * h)
      }
    case kp_square:
      for k in 0..<count { out[0, k] = other[0, k] * other[0, k] }
    case kp_square_slope:
      for k in 0..<count { out[0, k] = out[0, k] * (other[0, k] + other[0, k]) }
    case kp_softplus:
      // max(z, 0) - ln u,  u = 1 / (1 + exp -|z|) = (1 + tanh |z/2|) / 2
      let half = factor(0.5)
      for k in 0..<count {
        let z = other[0, k]
        let u = half.addingProduct(half, V.tanh(half * V.magnitude(z)))
        out[0, k] = V.larger(z, .zero).addingProduct(half, V.minusTwoLogarithm(u))
      }
    case kp_softplus_slope:
      let half = factor(0.5)
      for k in 0..<count {
        out[0, k] = out[0, k] * half.addingProduct(half, V.tanh(half * other[0, k]))
      }
    case kp_sum:
      for k in 0..<count { out[0, k] = out[0, k] + other[0, k] }
    case kp_momentum:
      let l2 = factor(o.pointee.factor)
      let mu = factor(group.pointee.momentum)
      for k in 0..<count {
        out[0, k] = start[0, k].addingProduct(l2, other[0, k]).addingProduct(mu, out[0, k])
      }
    default:
      let rate = factor(-group.pointee.learning_rate)
      for k in 0..<count { out[0, k] = out[0, k].addingProduct(rate, other[0, k]) }
    }
  }
}

/// What becomes of the entries of a product: entry [i, j] of `out` starts from `start(i, j)`, and its sum
/// goes to `finish`.
private protocol Table {
  associatedtype V: LaneVector
  init(_ o: UnsafePointer<kp_operation>, _ group: UnsafePointer<kp_lane_group>)
  var out: Rows<V> { get }
  /// Goes on so many rows and columns further.
  mutating func advance(rows: Int, columns: Int)
  func start(_ i: Int, _ j: Int) -> V
  func finish(_ i: Int, _ j: Int, _ sum: V)
}

extension Table {
  @inline(__always) func finish(_ i: Int, _ j: Int, _ sum: V) { out[i, j] = sum }
}

/// Rows of vectors; neighbours in a row unless `column` says otherwise.
private struct Rows<V: LaneVector> {
  private var start: UnsafeMutableRawPointer?
  private let row: Int
  private let column: Int

  @inline(__always)
  init(_ start: UnsafeRawPointer?, _ row: Int32, column: Int = MemoryLayout<V>.stride) {
    self.start = UnsafeMutableRawPointer(mutating: start)
    self.row = Int(row)
    self.column = column
  }

  @inline(__always) subscript(i: Int, j: Int) -> V {
    get { place(i, j).loadUnaligned(as: V.self) }
    nonmutating set { place(i, j).storeBytes(of: newValue, as: V.self) }
  }

  @inline(__always) mutating func advance(rows: Int, columns: Int) {
    start = start.unsafelyUnwrapped + (rows &* row &+ columns &* column)
  }

  @inline(__always) private func place(_ i: Int, _ j: Int) -> UnsafeMutableRawPointer {
    start.unsafelyUnwrapped + (i &* row &+ j &* column)
  }
}

private struct Product<V: LaneVector>: Table {
  var out: Rows<V>

  @inline(__always) mutating func advance(rows: Int, columns: Int) {
    out.advance(rows: rows, columns: columns)
  }

  @inline(__always)
  init(_ o: UnsafePointer<kp_operation>, _ group: UnsafePointer<kp_lane_group>) {
    out = Rows(o.pointee.out, o.pointee.out_row)
  }
  @inline(__always) func start(_ i: Int, _ j: Int) -> V { .zero }
}

private struct Sum<V: LaneVector>: Table {
  var out: Rows<V>
  var starts: Rows<V>

  @inline(__always)
  mutating func advance(rows: Int, columns: Int) {
    out.advance(rows: rows, columns: columns)
    starts.advance(rows: rows, columns: columns)
  }

  @inline(__always)
  init(_ o: UnsafePointer<kp_operation>, _ group: UnsafePointer<kp_lane_group>) {
    out = Rows(o.pointee.out, o.pointee.out_row)
    starts = Rows(o.pointee.start, o.pointee.start_row, column: Int(o.pointee.start_column))
  }
  @inline(__always) func start(_ i: Int, _ j: Int) -> V { starts[i, j] }
}

private struct Residual<V: LaneVector>: Table {
  var out: Rows<V>
  var targets: Rows<V>
  var biases: Rows<V>
  let scale: V

  @inline(__always)
  mutating func advance(rows: Int, columns: Int) {
    out.advance(rows: rows, columns: columns)
    targets.advance(rows: rows, columns: columns)
    biases.advance(rows: rows, columns: 0)
  }

  @inline(__always)
  init(_ o: UnsafePointer<kp_operation>, _ group: UnsafePointer<kp_lane_group>) {
    out = Rows(o.pointee.out, o.pointee.out_row)
    targets = Rows(o.pointee.other, o.pointee.out_row)
    biases = Rows(o.pointee.start, o.pointee.start_row)
    scale = V(repeating: V.Scalar(group.pointee.error_scale))
  }
  @inline(__always) func start(_ i: Int, _ j: Int) -> V { biases[i, 0] - targets[i, j] }
  @inline(__always) func finish(_ i: Int, _ j: Int, _ sum: V) { out[i, j] = scale * sum }
}

private struct Descent<V: LaneVector>: Table {
  var out: Rows<V>
  let decay: V

  @inline(__always) mutating func advance(rows: Int, columns: Int) {
    out.advance(rows: rows, columns: columns)
  }

  @inline(__always)
  init(_ o: UnsafePointer<kp_operation>, _ group: UnsafePointer<kp_lane_group>) {
    out = Rows(o.pointee.out, o.pointee.out_row)
    decay = V(repeating: V.Scalar(o.pointee.factor))
  }
  @inline(__always) func start(_ i: Int, _ j: Int) -> V { decay * out[i, j] }
}

private struct NoisyDescent<V: LaneVector>: Table {
  var out: Rows<V>
  var noise: Rows<V>
  let decay: V

  @inline(__always)
  mutating func advance(rows: Int, columns: Int) {
    out.advance(rows: rows, columns: columns)
    noise.advance(rows: rows, columns: columns)
  }

  @inline(__always)
  init(_ o: UnsafePointer<kp_operation>, _ group: UnsafePointer<kp_lane_group>) {
    out = Rows(o.pointee.out, o.pointee.out_row)
    noise = Rows(o.pointee.start, o.pointee.out_row)
    decay = V(repeating: V.Scalar(o.pointee.factor))
  }
  @inline(__always) func start(_ i: Int, _ j: Int) -> V {
    noise[i, j].addingProduct(decay, out[i, j])
  }
}
