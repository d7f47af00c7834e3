/// The products of a layer for four replicas at once, each with its own weights: every entry is a
/// vector over the replicas, so no sum crosses lanes and any size fits.
///
/// Batches are feature-major without padding: entry (feature j, sample b) at `j * batch + b`. Sums
/// run in the order of their inner index with fused multiply-adds, whatever the blocking. Blocks
/// are two rows by four samples: eight sums and six operands in sixteen registers.
enum LaneKernels {
  /// y = A x, or A x + bias: A is rows x columns with the given element strides.
  @inline(__always)
  static func multiply(
    _ a: UnsafePointer<Lane>, rows: Int, columns: Int, rowStride: Int, columnStride: Int,
    _ x: UnsafePointer<Lane>, batch: Int, bias: UnsafePointer<Lane>?,
    into y: UnsafeMutablePointer<Lane>
  ) {
    var b = 0
    while b &+ 4 <= batch {
      var i = 0
      while i &+ 2 <= rows {
        var p = a + i &* rowStride
        var source = x + b
        let start0 = bias?[i] ?? .zero
        let start1 = bias?[i &+ 1] ?? .zero
        var (s0, s1, s2, s3) = (start0, start0, start0, start0)
        var (t0, t1, t2, t3) = (start1, start1, start1, start1)
        var j = 0
        while j < columns {
          let u = p[0]
          let v = p[rowStride]
          let (x0, x1, x2, x3) = (source[0], source[1], source[2], source[3])
          s0 = s0.addingProduct(u, x0)
          s1 = s1.addingProduct(u, x1)
          s2 = s2.addingProduct(u, x2)
          s3 = s3.addingProduct(u, x3)
          t0 = t0.addingProduct(v, x0)
          t1 = t1.addingProduct(v, x1)
          t2 = t2.addingProduct(v, x2)
          t3 = t3.addingProduct(v, x3)
          p += columnStride
          source += batch
          j &+= 1
        }
        let target = y + (i &* batch &+ b)
        target[0] = s0
        target[1] = s1
        target[2] = s2
        target[3] = s3
        let next = target + batch
        next[0] = t0
        next[1] = t1
        next[2] = t2
        next[3] = t3
        i &+= 2
      }
      if i < rows {
        var p = a + i &* rowStride
        var source = x + b
        let start = bias?[i] ?? .zero
        var (s0, s1, s2, s3) = (start, start, start, start)
        var j = 0
        while j < columns {
          let u = p[0]
          s0 = s0.addingProduct(u, source[0])
          s1 = s1.addingProduct(u, source[1])
          s2 = s2.addingProduct(u, source[2])
          s3 = s3.addingProduct(u, source[3])
          p += columnStride
          source += batch
          j &+= 1
        }
        let target = y + (i &* batch &+ b)
        target[0] = s0
        target[1] = s1
        target[2] = s2
        target[3] = s3
      }
      b &+= 4
    }
    while b < batch {
      var i = 0
      while i < rows {
        let isPair = i &+ 2 <= rows
        var p = a + i &* rowStride
        let second = isPair ? rowStride : 0
        var source = x + b
        var s = bias?[i] ?? .zero
        var t = isPair ? bias?[i &+ 1] ?? .zero : .zero
        var j = 0
        while j < columns {
          let value = source[0]
          s = s.addingProduct(p[0], value)
          t = t.addingProduct(p[second], value)
          p += columnStride
          source += batch
          j &+= 1
        }
        y[i &* batch &+ b] = s
        if isPair { y[(i &+ 1) &* batch &+ b] = t }
        i &+= 2
      }
      b &+= 1
    }
  }

  /// Hands every entry of g[i, j] = sum_b e[i, b] x[j, b] to `use(i * columns + j, g)`.
  @inline(__always)
  static func outer(
    _ e: UnsafePointer<Lane>, rows: Int, _ x: UnsafePointer<Lane>, columns: Int, batch: Int,
    _ use: (Int, Lane) -> Void
  ) {
    if batch == 1 {
      for i in 0..<rows {
        let ei = e[i]
        for j in 0..<columns { use(i &* columns &+ j, ei * x[j]) }
      }
      return
    }
    var i = 0
    while batch == 4 && i &+ 2 <= rows {
      let p = e + i &* 4
      let (e0, e1, e2, e3) = (p[0], p[1], p[2], p[3])
      let (f0, f1, f2, f3) = (p[4], p[5], p[6], p[7])
      var source = x
      var j = 0
      while j < columns {
        let (x0, x1, x2, x3) = (source[0], source[1], source[2], source[3])
        var s = e0 * x0
        var t = f0 * x0
        s = s.addingProduct(e1, x1)
        t = t.addingProduct(f1, x1)
        s = s.addingProduct(e2, x2)
        t = t.addingProduct(f2, x2)
        s = s.addingProduct(e3, x3)
        t = t.addingProduct(f3, x3)
        use(i &* columns &+ j, s)
        use((i &+ 1) &* columns &+ j, t)
        source += 4
        j &+= 1
      }
      i &+= 2
    }
    while i < rows {
      let ei = e + i &* batch
      var j = 0
      while j < columns {
        // Two columns at a time; the last of an odd number is computed twice and used once.
        let isPair = j &+ 2 <= columns
        let xj = x + j &* batch
        let xk = isPair ? xj + batch : xj
        var s = ei[0] * xj[0]
        var t = ei[0] * xk[0]
        var b = 1
        while b < batch {
          s = s.addingProduct(ei[b], xj[b])
          t = t.addingProduct(ei[b], xk[b])
          b &+= 1
        }
        use(i &* columns &+ j, s)
        if isPair { use(i &* columns &+ j &+ 1, t) }
        j &+= 2
      }
      i &+= 1
    }
  }
}
