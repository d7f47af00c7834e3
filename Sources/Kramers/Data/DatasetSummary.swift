extension Dataset: CustomStringConvertible {
  /// One line: `gaussian: 512 samples (512 test), 2 inputs, 2 outputs`.
  public var summary: String {
    var size = "exact moments"
    if let train {
      size = count(train.count, "sample")
      if let test { size += " (\(test.count) test)" }
    }
    return "\(name): \(size), \(count(inputs, "input")), \(count(outputs, "output"))"
  }

  public var description: String { summary }
}

/// `1 input`, `2 inputs`.
func count(_ n: Int, _ noun: String) -> String { "\(n) \(noun)\(n == 1 ? "" : "s")" }
