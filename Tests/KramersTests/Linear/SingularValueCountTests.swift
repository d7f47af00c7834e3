import Testing

@testable import Kramers

@Suite struct SingularValueCountTests {
  @Test("tells on which side of a threshold a singular value lies, for any shape")
  func sides() throws {
    let random = RandomStream(seed: 5, purpose: .data)
    var known = 0
    for (n, (rows, columns)) in [(1, 1), (5, 5), (3, 9), (9, 3), (32, 32), (40, 17)].enumerated() {
      let matrix = Matrix(
        rows, columns, random.normals(rows * columns, scale: 0.4, step: UInt64(n)))
      let values = SingularValueDecomposition(matrix).values
      var count = SingularValueCount(rows: rows, columns: columns)
      for (k, value) in values.enumerated() {
        for side in [0.9, 1 - 1e-9, 1 + 1e-9, 1.1] {
          let answer = matrix.values.withUnsafeBufferPointer {
            count.reaches(value * side, k + 1, $0.baseAddress!, rowStride: columns)
          }
          guard let answer else { continue }
          known += 1
          #expect(answer == (side < 1), "\(rows) x \(columns), \(k), \(side)")
        }
      }
    }
    // 61 singular values; the sides 1e-9 away are mostly too close to tell.
    #expect(known > 120)
  }

  @Test("says that it does not know where a singular value is the threshold, and for NaN")
  func unknown() {
    var count = SingularValueCount(rows: 2, columns: 2)
    #expect(count.reaches(0.5, 1, [0.5, 0, 0, 0.1], rowStride: 2) == nil)
    #expect(count.reaches(0.5, 2, [0.9, 0, 0, .nan], rowStride: 2) == nil)
    #expect(count.reaches(0.5, 1, [0.1, 0, 0, 0.1], rowStride: 2) == false)
  }
}
