import Testing

@testable import Kramers

@Suite("data.from")
struct LiteralDataTests {
  @Test("rows arrive row-major, with their moments")
  func rows() throws {
    let data = try Dataset.from(
      x: [[1, 2], [3, 4], [5, 6]], y: [[1], [0], [2]], testX: [[7, 8]], testY: [[9]])
    #expect(
      data.train == Samples(count: 3, inputs: 2, outputs: 1, x: [1, 2, 3, 4, 5, 6], y: [1, 0, 2]))
    #expect(data.test == Samples(count: 1, inputs: 2, outputs: 1, x: [7, 8], y: [9]))
    #expect(
      distance(data.moments.xx, Matrix(2, 2, [35.0 / 3, 44.0 / 3, 44.0 / 3, 56.0 / 3])) < 1e-14)
    #expect("\(data)" == "from: 3 samples (1 test), 2 inputs, 1 output")
  }

  @Test("ragged, unequal and non-finite rows are refused by their number")
  func refusals() {
    func message(
      _ x: [[Double]], _ y: [[Double]], _ testX: [[Double]]? = nil, _ testY: [[Double]]? = nil
    ) -> String {
      do throws(InputError) {
        return "accepted: \(try Dataset.from(x: x, y: y, testX: testX, testY: testY))"
      } catch { return "\(error)" }
    }
    #expect(message([], []) == "x must hold at least one row")
    #expect(message([[1]], []) == "y must hold at least one row")
    #expect(message([[]], [[1]]) == "x row 1 must hold at least one number")
    #expect(message([[1]], [[]]) == "y row 1 must hold at least one number")
    #expect(
      message([[1, 2], [3]], [[1], [2]]) == "x row 2 must hold 2 numbers like row 1, got 1")
    #expect(message([[1], [2]], [[1], [2, 3]]) == "y row 2 must hold 1 number like row 1, got 2")
    #expect(message([[1], [2]], [[1]]) == "x and y must hold equally many rows, got 2 and 1")
    #expect(
      message([[1, 2], [3, .nan]], [[1], [2]])
        == "x row 2, column 2 must be a finite number, got nan")
    #expect(
      message([[1]], [[-.infinity]]) == "y row 1, column 1 must be a finite number, got -inf")
    #expect(
      message([[1e101]], [[1]])
        == "x row 1, column 1 must be at most 1e+100 in magnitude, got 1e+101")
    #expect(message([[1]], [[1]], [[1]], nil) == "test_x needs test_y beside it")
    #expect(message([[1]], [[1]], nil, [[1]]) == "test_y needs test_x beside it")
    #expect(message([[1]], [[1]], [], []) == "test_x must hold at least one row")
    #expect(
      message([[1]], [[1]], [[1], [1, 2]], [[1], [1]])
        == "test_x row 2 must hold 1 number like the training rows, got 2")
    #expect(
      message([[1]], [[1]], [[1]], [[1, 2]])
        == "test_y row 1 must hold 1 number like the training rows, got 2")
    #expect(
      message([[1]], [[1]], [[1], [2]], [[1]])
        == "test_x and test_y must hold equally many rows, got 2 and 1")
    #expect(
      message([[1]], [[1]], [[.nan]], [[1]])
        == "test_x row 1, column 1 must be a finite number, got nan")
  }
}
