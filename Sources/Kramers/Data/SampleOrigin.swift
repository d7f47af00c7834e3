/// The places of rows in the files that they were read from. Kept only beside numbers that are not
/// finite, so that an error can name the row as an editor counts it.
public struct SampleOrigin: Sendable, Equatable {
  struct Source: Sendable, Equatable {
    let file: String
    /// `column 2 (mass)`; nil: by number.
    let columns: [String]?
  }

  /// `line` or `row`.
  let unit: String
  /// Of every sample, counted from 1.
  let numbers: [Int]
  let x: Source
  let y: Source

  init(unit: String, numbers: [Int], x: Source, y: Source) {
    self.unit = unit
    self.numbers = numbers
    self.x = x
    self.y = y
  }

  func place(_ row: Int, _ column: Int, _ isInput: Bool) -> String {
    let source = isInput ? x : y
    return "\(source.file), \(unit) \(numbers[row]), "
      + "\(source.columns?[column] ?? "column \(column + 1)")"
  }

  func rows(_ indices: [Int]) -> SampleOrigin {
    SampleOrigin(unit: unit, numbers: indices.map { numbers[$0] }, x: x, y: y)
  }
}
