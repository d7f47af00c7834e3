/// What a reader does about rows in which a number is missing: NaN, an infinity, an empty field.
public enum MissingNumbers: Sendable {
  /// An error that names the first one.
  case refuse
  /// The row is left out and counted in `Dataset.dropped`.
  case drop
  /// NaN or the infinity stays, to be looked at: no experiment takes such data.
  case keep
}

/// The advice behind the sentence about a missing number.
let dropHint = "; missing = \"drop\" leaves such rows out"

extension Samples {
  /// The rows that are not in `left`, an ascending list.
  /// - Throws: a sentence when none remains.
  func dropping(_ left: [Int], _ name: String) throws(InputError) -> Samples {
    guard left.count < count else {
      throw .sentence(
        "\(name): a number is missing in every row, so missing = \"drop\" leaves none")
    }
    let dropped = Set(left)
    return rows((0..<count).filter { !dropped.contains($0) })
  }

  /// The rows that hold NaN or an infinity, ascending.
  var incompleteRows: [Int] {
    (0..<count).filter { n in
      x[n * inputs..<(n + 1) * inputs].contains { !$0.isFinite }
        || y[n * outputs..<(n + 1) * outputs].contains { !$0.isFinite }
    }
  }

  /// Whether an input is n, n + 1, n + 2, ... from 0 or 1.
  func countsRows(input k: Int) -> Bool {
    count > 2 && (x[k] == 0 || x[k] == 1)
      && (0..<count).allSatisfy { x[$0 * inputs + k] == x[k] + Double($0) }
  }
}

extension Dataset {
  /// - Throws: a sentence that names the first NaN or infinity by its file, line and column where
  ///   they are known: no experiment can be made of such data. (A linear network would have the loss
  ///   of the zero map, because a NaN in Sigma_xx removes its direction from the equivalent batch.)
  public func checkNumbers() throws(InputError) {
    guard !isFinite else { return }
    for (set, samples) in [("training", train), ("test", test)] {
      guard let samples, let (row, column, isInput) = samples.firstMissing else { continue }
      let value =
        isInput
        ? samples.x[row * samples.inputs + column] : samples.y[row * samples.outputs + column]
      let place =
        samples.origin.map { $0.place(row, column, isInput) + dropHint }
        ?? "\(set) row \(row + 1), \(isInput ? "input" : "target") \(column + 1)"
      throw .sentence("the data holds \(plainNumber(value)): \(place)")
    }
    throw .sentence(
      "the second moments of the data are not finite: its numbers are too large, or its targets' "
        + "weights are")
  }
}

extension Samples {
  fileprivate var firstMissing: (row: Int, column: Int, isInput: Bool)? {
    guard let row = incompleteRows.first else { return nil }
    if let k = (0..<inputs).first(where: { !x[row * inputs + $0].isFinite }) {
      return (row, k, true)
    }
    return (0..<outputs).first { !y[row * outputs + $0].isFinite }.map { (row, $0, false) }
  }
}
