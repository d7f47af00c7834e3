extension Dataset {
  /// Adds the remark that a one-hot output is 1 in no training sample.
  mutating func remarkEmptyClasses(labels: Bool, name: String) {
    if let words = train?.emptyClasses(labels: labels) { remarks.append("\(name): \(words)") }
  }
}

extension Samples {
  /// A sentence about classes (one-hot outputs) of which there is no sample; nil where there is none.
  ///
  /// - Parameter labels: whether classes are labels, which count from 0, or columns, from 1.
  func emptyClasses(labels: Bool) -> String? {
    guard isClassification else { return nil }
    var isSeen = [Bool](repeating: false, count: outputs)
    for n in 0..<count {
      if let k = y[n * outputs..<(n + 1) * outputs].firstIndex(of: 1) {
        isSeen[k - n * outputs] = true
      }
    }
    let empty = isSeen.indices.filter { !isSeen[$0] }
    guard let first = empty.first else { return nil }
    let name = labels ? "label \(first)" : "class \(first + 1)"
    let rest =
      empty.count > 1 ? " and \(Kramers.count(empty.count - 1, "other")) of \(outputs)" : ""
    let fromOne =
      labels && empty == [0]
      ? ": labels that count from 1, as EMNIST's letters do, leave an output that is never 1" : ""
    return "no training sample has \(name)\(rest)\(fromOne)"
  }
}
