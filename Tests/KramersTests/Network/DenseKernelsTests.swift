import Testing

@testable import Kramers

@Suite struct DenseKernelsTests {
  /// Every sum in the order of its inner index with fused multiply-adds: the same bits.
  @Test(
    "products have the bits of plain loops",
    arguments: [
      (1, 1, 8), (3, 5, 8), (8, 16, 16), (10, 17, 24), (32, 32, 16), (33, 40, 72), (9, 100, 136),
    ])
  func products(rows: Int, columns: Int, stride: Int) {
    let random = RandomStream(seed: 6, purpose: .data)
    let a = random.normals(rows * columns, step: 0)
    let x = random.normals(columns * stride, step: 1)
    let e = random.normals(rows * stride, step: 2)
    for accumulate in [false, true] {
      var y = random.normals(rows * stride, step: 3)
      var expected = y
      for i in 0..<rows {
        for b in 0..<stride {
          var sum = accumulate ? y[i * stride + b] : 0
          for j in 0..<columns { sum = sum.addingProduct(a[i * columns + j], x[j * stride + b]) }
          expected[i * stride + b] = sum
        }
      }
      DenseKernels.multiply(
        a, rows: rows, columns: columns, rowStride: columns, columnStride: 1, x, stride: stride,
        into: &y, accumulate: accumulate)
      #expect(y == expected)

      var back = random.normals(columns * stride, step: 4)
      var expectedBack = back
      for j in 0..<columns {
        for b in 0..<stride {
          var sum = accumulate ? back[j * stride + b] : 0
          for i in 0..<rows { sum = sum.addingProduct(a[i * columns + j], e[i * stride + b]) }
          expectedBack[j * stride + b] = sum
        }
      }
      DenseKernels.multiply(
        a, rows: columns, columns: rows, rowStride: 1, columnStride: columns, e, stride: stride,
        into: &back, accumulate: accumulate)
      #expect(back == expectedBack)

      let h = random.normals(columns * stride, scale: 0.3, step: 6)
      var sloped = [Double](repeating: 7, count: columns * stride)
      DenseKernels.multiplySloped(
        a, rows: columns, columns: rows, rowStride: 1, columnStride: columns, e, stride: stride,
        tanh: h, into: &sloped)
      if !accumulate {
        #expect(sloped == zip(back, h).map { $0 * (1 - $1 * $1) })
      }

      var g = random.normals(rows * columns, step: 5)
      var expectedGradient = g
      for i in 0..<rows {
        for j in 0..<columns {
          var sum = accumulate ? g[i * columns + j] : 0
          for b in 0..<stride { sum = sum.addingProduct(e[i * stride + b], x[j * stride + b]) }
          expectedGradient[i * columns + j] = sum
        }
      }
      DenseKernels.outer(
        e, rows: rows, x, columns: columns, stride: stride, into: &g, accumulate: accumulate)
      #expect(g == expectedGradient)
    }
  }

  @Test("the sum of squares is that of 32 sums, added in halves")
  func squares() {
    for count in [0, 1, 7, 31, 32, 33, 64, 1000] {
      let x = RandomStream(seed: 9, purpose: .data).normals(count, step: UInt64(count))
      var sums = [Double](repeating: 0, count: 32)
      for (k, value) in x.enumerated() { sums[k % 32] = sums[k % 32].addingProduct(value, value) }
      while sums.count > 1 {
        let half = sums.count / 2
        sums = (0..<half).map { sums[$0] + sums[$0 + half] }
      }
      #expect(DenseKernels.sumOfSquares(x, count: count) == sums[0])
      let plain = x.reduce(0) { $0 + $1 * $1 }
      #expect(abs(sums[0] - plain) <= 1e-14 * plain)
    }
  }

  /// The other tests show that those in use are right.
  @Test(
    "every instruction set gives the same bits",
    arguments: [(1, 1, 8), (3, 5, 8), (10, 17, 24), (33, 40, 72), (9, 100, 136)])
  func instructionSets(rows: Int, columns: Int, stride: Int) {
    let random = RandomStream(seed: 10, purpose: .data)
    let a = random.normals(rows * columns, step: 0)
    let x = random.normals(columns * stride, step: 1)
    let e = random.normals(rows * stride, step: 2)
    let h = random.normals(columns * stride, scale: 0.3, step: 3)
    let order = (0..<columns).map { Int32($0 * 7 % columns) }
    let keys = (0..<20).map {
      UInt64(truncatingIfNeeded: UInt32(truncatingIfNeeded: 77_777_777 * $0))
    }

    func results(_ kernels: DenseKernels.Functions) -> [[UInt64]] {
      var product = random.normals(rows * stride, step: 4)
      kernels.multiply(a, rows, columns, columns, 1, x, stride, &product, true)
      var sloped = h
      kernels.multiplySloped(a, columns, rows, 1, columns, e, stride, h, &sloped)
      var gradient = a
      kernels.outer(e, rows, x, columns, stride, &gradient, true)
      var moved = a
      let isFinite = kernels.descendOuter(e, rows, x, columns, stride, &moved, 0.9)
      var tangents = h
      kernels.tanh(x, &tangents, x.count)
      var gathered = [Double](repeating: 0, count: stride * DenseKernels.stride(columns))
      kernels.gather(x, stride, order, columns, &gathered, DenseKernels.stride(columns))
      var sum = a
      kernels.add(&sum, 0.3, gradient, a.count)
      var stepped = a
      let isStill = kernels.descend(&stepped, gradient, 0.1, a.count)
      var normals = a
      kernels.fillNormals(&normals, a.count, 0.7, 3, 4, 5, keys)
      var exponentials = [Double](repeating: 0, count: (a.count + 3) / 4 * 4)
      kernels.fillExponentials(&exponentials, exponentials.count, 9, 3, 4, 5, keys)
      let numbers = [
        product, sloped, gradient, moved, tangents, gathered, sum, stepped, normals, exponentials,
        [kernels.sumOfSquares(a, a.count), isFinite ? 1 : 0, isStill ? 1 : 0],
      ]
      return numbers.map { $0.map(\.bitPattern) }
    }

    let all = DenseKernels.available.map(results)
    for other in all.dropFirst() { #expect(other == all[0]) }
  }

  @Test("rows are gathered into columns, for widths and counts that fill no vector")
  func gathering() {
    let random = RandomStream(seed: 7, purpose: .data)
    for (width, count) in [(1, 1), (4, 8), (5, 9), (64, 32), (10, 3), (7, 24)] {
      let rows = random.normals(50 * width, step: UInt64(width))
      let order = (0..<count).map { Int32($0 * 37 % 50) }
      let stride = DenseKernels.stride(count)
      var x = [Double](repeating: 7, count: width * stride)
      DenseKernels.gather(rows, width: width, order: order, count: count, into: &x, stride: stride)
      for b in 0..<stride {
        for j in 0..<width {
          let expected = b < count ? rows[Int(order[b]) * width + j] : 7
          #expect(x[j * stride + b] == expected)
        }
      }
    }
  }
}
