/// Blocks of sums that stay in registers:
///
///     C[i, j] += sum_k A[i, k] X[k, j],   i over rows, j over neighbouring vectors
///
/// Every product of the program is made of them. A `Strip` is one row of a block, vectors side by
/// side; a `Tile` is rows below each other. They are composed at compile time: after inlining a
/// tile is so many registers, and the loop over k holds loads and fused multiply-adds only. Each
/// sum runs in the order of k, so blocks of any shape and instruction sets of any width give the
/// same bits. Strides are in bytes.
protocol Strip {
  associatedtype V: Vector
  static var count: Int { get }
  static var zero: Self { get }
  static func load(_ p: UnsafeRawPointer, _ stride: Int) -> Self
  func store(_ p: UnsafeMutableRawPointer, _ stride: Int)
  func addingProduct(_ a: V, _ x: Self) -> Self
  /// The strip whose vector j is `make(j)`.
  static func each(_ make: (Int) -> V) -> Self
  /// Hands every vector with its place to `use`.
  func forEach(_ use: (Int, V) -> Void)
}

struct Single<V: Vector>: Strip {
  var value: V

  @inline(__always) static var count: Int { 1 }
  @inline(__always) static var zero: Self { Self(value: V.zero) }
  @inline(__always) static func load(_ p: UnsafeRawPointer, _ stride: Int) -> Self {
    Self(value: p.loadUnaligned(as: V.self))
  }
  @inline(__always) func store(_ p: UnsafeMutableRawPointer, _ stride: Int) {
    p.storeBytes(of: value, as: V.self)
  }
  @inline(__always) func addingProduct(_ a: V, _ x: Self) -> Self {
    Self(value: value.addingProduct(a, x.value))
  }
  @inline(__always) static func each(_ make: (Int) -> V) -> Self { Self(value: make(0)) }
  @inline(__always) func forEach(_ use: (Int, V) -> Void) { use(0, value) }
}

struct Beside<A: Strip, B: Strip>: Strip where A.V == B.V {
  typealias V = A.V
  var a: A
  var b: B

  @inline(__always) init(_ a: A, _ b: B) {
    self.a = a
    self.b = b
  }
  @inline(__always) static var count: Int { A.count &+ B.count }
  @inline(__always) static var zero: Self { Self(A.zero, B.zero) }
  @inline(__always) static func load(_ p: UnsafeRawPointer, _ stride: Int) -> Self {
    Self(A.load(p, stride), B.load(p + A.count &* stride, stride))
  }
  @inline(__always) func store(_ p: UnsafeMutableRawPointer, _ stride: Int) {
    a.store(p, stride)
    b.store(p + A.count &* stride, stride)
  }
  @inline(__always) func addingProduct(_ s: V, _ x: Self) -> Self {
    Self(a.addingProduct(s, x.a), b.addingProduct(s, x.b))
  }
  @inline(__always) static func each(_ make: (Int) -> V) -> Self {
    Self(A.each(make), B.each { make(A.count &+ $0) })
  }
  @inline(__always) func forEach(_ use: (Int, V) -> Void) {
    a.forEach(use)
    b.forEach { use(A.count &+ $0, $1) }
  }
}

/// How entries of A become vectors.
protocol Entry {
  associatedtype V: Vector
  static func load(_ p: UnsafeRawPointer) -> V
}

/// A holds one number for all lanes.
enum Broadcast<V: Vector>: Entry {
  @inline(__always) static func load(_ p: UnsafeRawPointer) -> V {
    V(repeating: p.loadUnaligned(as: V.Scalar.self))
  }
}

/// A holds a vector.
enum Lanewise<V: Vector>: Entry {
  @inline(__always) static func load(_ p: UnsafeRawPointer) -> V { p.loadUnaligned(as: V.self) }
}

protocol Tile {
  associatedtype E: Entry
  associatedtype S: Strip where S.V == E.V
  static var rows: Int { get }
  static var zero: Self { get }
  mutating func add(_ a: UnsafeRawPointer, _ rowStride: Int, _ x: S)
  /// The tile whose row i is `make(i)`.
  static func each(_ make: (Int) -> S) -> Self
  func forEach(_ use: (Int, S) -> Void)
}

struct Row<E: Entry, S: Strip>: Tile where S.V == E.V {
  var strip: S

  @inline(__always) static var rows: Int { 1 }
  @inline(__always) static var zero: Self { Self(strip: S.zero) }
  @inline(__always) mutating func add(_ a: UnsafeRawPointer, _ rowStride: Int, _ x: S) {
    strip = strip.addingProduct(E.load(a), x)
  }
  @inline(__always) static func each(_ make: (Int) -> S) -> Self { Self(strip: make(0)) }
  @inline(__always) func forEach(_ use: (Int, S) -> Void) { use(0, strip) }
}

struct Above<A: Tile, B: Tile>: Tile where A.E == B.E, A.S == B.S {
  typealias E = A.E
  typealias S = A.S
  var a: A
  var b: B

  @inline(__always) init(_ a: A, _ b: B) {
    self.a = a
    self.b = b
  }
  @inline(__always) static var rows: Int { A.rows &+ B.rows }
  @inline(__always) static var zero: Self { Self(A.zero, B.zero) }
  @inline(__always) mutating func add(_ p: UnsafeRawPointer, _ rowStride: Int, _ x: S) {
    a.add(p, rowStride, x)
    b.add(p + A.rows &* rowStride, rowStride, x)
  }
  @inline(__always) static func each(_ make: (Int) -> S) -> Self {
    Self(A.each(make), B.each { make(A.rows &+ $0) })
  }
  @inline(__always) func forEach(_ use: (Int, S) -> Void) {
    a.forEach(use)
    b.forEach { use(A.rows &+ $0, $1) }
  }
}

typealias Pair<S: Strip> = Beside<S, S>
typealias Twice<T: Tile> = Above<T, T>

/// Where a product reads: element (i, k) of A at `a + i * rowStride + k * step`, vector j of row k
/// of X at `x + j * columnStride + k * xStep`. All in bytes.
struct Operands {
  var a: UnsafeRawPointer
  var rowStride: Int
  var step: Int
  var x: UnsafeRawPointer
  var columnStride: Int
  var xStep: Int
}

extension Tile {
  /// Adds the products over `count` values of k for the block at row i and vector j.
  @inline(__always)
  mutating func accumulate(_ p: Operands, row i: Int, column j: Int, count: Int) {
    var a = p.a + i &* p.rowStride
    var x = p.x + j &* p.columnStride
    var k = count
    while k >= 2 {
      add(a, p.rowStride, S.load(x, p.columnStride))
      add(a + p.step, p.rowStride, S.load(x + p.xStep, p.columnStride))
      a += 2 &* p.step
      x += 2 &* p.xStep
      k &-= 2
    }
    if k > 0 { add(a, p.rowStride, S.load(x, p.columnStride)) }
  }
}
