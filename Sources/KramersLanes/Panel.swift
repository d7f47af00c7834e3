/// A few rows of X, each a strip of neighbouring vectors, that stay in registers while all rows of A
/// pass by: what a product of small matrices is made of. Loads, multiply-adds and stores then come
/// evenly, where blocks of sums (`Tile`) end in bursts of stores. A sum runs in the order of k, so
/// panels of any shape and instruction sets of any width give the same bits.
///
/// Panels are composed at compile time, like tiles. Steps are in bytes.
protocol Panel {
  associatedtype S: Strip
  /// Rows.
  static var count: Int { get }
  static func load(_ x: UnsafeRawPointer, step: Int, column: Int) -> Self
  /// sums[j] + sum_k a[k] X[k, j].
  func adding(to sums: S, _ a: UnsafeRawPointer, step: Int) -> S
}

struct Level<S: Strip>: Panel {
  let strip: S

  @inline(__always) static var count: Int { 1 }
  @inline(__always) static func load(_ x: UnsafeRawPointer, step: Int, column: Int) -> Self {
    Self(strip: S.load(x, column))
  }
  @inline(__always) func adding(to sums: S, _ a: UnsafeRawPointer, step: Int) -> S {
    sums.addingProduct(a.loadUnaligned(as: S.V.self), strip)
  }
}

struct Levels<A: Panel, B: Panel>: Panel where A.S == B.S {
  let a: A
  let b: B

  @inline(__always) static var count: Int { A.count &+ B.count }
  @inline(__always) static func load(_ x: UnsafeRawPointer, step: Int, column: Int) -> Self {
    Self(
      a: A.load(x, step: step, column: column),
      b: B.load(x + A.count &* step, step: step, column: column))
  }
  @inline(__always) func adding(to sums: A.S, _ p: UnsafeRawPointer, step: Int) -> A.S {
    b.adding(to: a.adding(to: sums, p, step: step), p + A.count &* step, step: step)
  }
}

/// The most rows of a panel: what the registers hold beside a row of sums, at two columns. Where that is
/// few, longer products take two panels.
#if AVX512
  let longestPanel = 12
  let hasHalves = false
#else
  let longestPanel = 6
  let hasHalves = true
#endif

/// The most columns of a panel of so many rows.
@inline(__always)
func widestPanel(_ count: Int) -> Int {
  #if AVX512
    count <= 4 ? 5 : count <= 6 ? 4 : count <= 8 ? 3 : count <= longestPanel ? 2 : 0
  #else
    count == 1 ? 5 : count == 2 ? 4 : count == 3 ? 3 : count <= longestPanel ? 2 : 0
  #endif
}

/// The most rows and columns of a block of sums (`Tile`), for products too long for a panel. AVX-512: twenty
/// sums and nine operands in 32 registers. (Three rows: 32-32-32-32, B = 16 7 % slower; six by four do
/// not fit after all.) Otherwise eight sums and five operands in sixteen.
#if AVX512
  let blockRows = 4
  let blockColumns = 5
#else
  let blockRows = 2
  let blockColumns = 4
#endif
