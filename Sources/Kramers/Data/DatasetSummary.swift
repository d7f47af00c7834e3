extension Dataset: CustomStringConvertible {
  /// One line: `gaussian: 512 samples (512 test), 2 inputs, 2 outputs`.
  public var summary: String {
    var size = "exact moments"
    if let train {
      size = count(train.count, "sample")
      if let test { size += " (\(test.count) test)" }
    }
    return "\(label): \(size), \(count(inputs, "input")), \(count(outputs, "output"))"
  }

  public var description: String { summary }

  /// The name, and how many rows were left out: `csv, 2 rows dropped`. Sessions store it.
  public var label: String { dropped == 0 ? name : "\(name)\(droppedWords(dropped))" }

  /// The inverse of `label`.
  static func name(fromLabel label: String) -> (name: String, dropped: Int) {
    let parts = label.split(separator: ", ", maxSplits: 1)
    guard parts.count == 2, let dropped = parts[1].split(separator: " ").first.flatMap({ Int($0) }),
      dropped > 0, label == parts[0] + droppedWords(dropped)
    else { return (label, 0) }
    return (String(parts[0]), dropped)
  }
}

private func droppedWords(_ dropped: Int) -> String { ", \(count(dropped, "row")) dropped" }

/// `1 input`, `2 inputs`.
func count(_ n: Int, _ noun: String) -> String { "\(n) \(noun)\(n == 1 ? "" : "s")" }
