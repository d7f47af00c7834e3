/// The three loops that dense eigenvalue and singular-value code spends its time in, over
/// contiguous memory. A sum written as a plain loop is not vectorised, because reordering it would
/// change its rounding; here the order is fixed by hand (sixteen partial sums), so the result
/// is the same on every machine.

/// a.b over `count` entries.
@inline(__always)
func dot(
  _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int
) -> Double {
  let x = UnsafeRawPointer(a)
  let y = UnsafeRawPointer(b)
  var s0 = SIMD8<Double>.zero
  var s1 = SIMD8<Double>.zero
  var i = 0
  while i + 16 <= count {
    s0.addProduct(lane(x, i), lane(y, i))
    s1.addProduct(lane(x, i + 8), lane(y, i + 8))
    i += 16
  }
  var sum = (s0 + s1).sum()
  while i < count {
    sum += a[i] * b[i]
    i += 1
  }
  return sum
}

/// y <- y + alpha x.
@inline(__always)
func axpy(
  _ alpha: Double, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int
) {
  for i in 0..<count { y[i].addProduct(alpha, x[i]) }
}

/// (x, y) <- (c x - s y, s x + c y), a plane rotation of two columns.
@inline(__always)
func rotate(
  _ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ count: Int,
  cosine c: Double, sine s: Double
) {
  for i in 0..<count {
    let a = x[i]
    let b = y[i]
    x[i] = c * a - s * b
    y[i] = s * a + c * b
  }
}

@inline(__always)
private func lane(_ p: UnsafeRawPointer, _ i: Int) -> SIMD8<Double> {
  p.loadUnaligned(fromByteOffset: 8 * i, as: SIMD8<Double>.self)
}
