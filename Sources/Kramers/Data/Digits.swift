import CResources

extension Dataset {
  /// The 1,797 handwritten digits of 8 x 8 pixels that are shipped with the program.
  ///
  ///     x = pixels / 16, in 0...1, row-major;   y = one-hot, output k for the k-th class
  ///
  /// Not to be confused with MNIST (28 x 28, read from files). Pixels 1, 33 and 40 are zero
  /// throughout, so Sigma_xx is singular.
  ///
  /// - Parameters:
  ///   - classes: the digits to keep, two or more different ones; nil for all ten. Outputs are in
  ///     ascending order of the digit.
  ///   - train: the training fraction in (0, 1], rounded to whole samples; the rest, if any, is
  ///     the test set. The division is a uniform permutation under `seed`.
  ///   - center: subtract the training means of inputs and of targets from both sets. Ten classes
  ///     then have nine modes, and the targets are no longer one-hot, so there is no accuracy.
  /// - Throws: a class that is no digit or comes twice, a fraction that leaves a set empty.
  ///
  /// Source: E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
  /// Learning Repository (1998), doi:10.24432/C50P49, CC BY 4.0; the test part.
  public static func digits(
    classes: [Int]? = nil, train: Double = 0.8, center: Bool = false, seed: UInt64 = 0
  ) throws(InputError) -> Dataset {
    let classes = try checkClasses(classes)
    let table = try DigitsTable.shipped.get()
    let kept = table.labels.indices.filter { classes.contains(table.labels[$0]) }
    let trainCount = try splitCount(train, of: kept.count)

    let all = table.samples(rows: kept, classes: classes)
    let order = DataStream.shippedSplit(seed).permutation(kept.count).map { Int($0) }
    let whole = Dataset(
      name: "digits", train: all.rows(order[..<trainCount]),
      test: trainCount == kept.count ? nil : all.rows(order[trainCount...]))
    return (center ? whole.centered() : whole).drawn { shift throws(InputError) in
      try .digits(classes: classes, train: train, center: center, seed: seed &+ shift)
    }
  }
}

private func checkClasses(_ classes: [Int]?) throws(InputError) -> [Int] {
  guard let classes else { return Array(0...9) }
  for (i, digit) in classes.enumerated() {
    guard (0...9).contains(digit) else {
      throw .rule("classes[\(i + 1)]", "a digit from 0 to 9", digit)
    }
    guard !classes[..<i].contains(digit) else {
      throw .sentence("classes must differ, got \(digit) twice")
    }
  }
  guard classes.count >= 2 else {
    throw .sentence("classes must hold at least two digits, got \(classes.count)")
  }
  return classes.sorted()
}

/// The table as it stands in the resource: rows of 64 pixels from 0 to 16 and a digit.
struct DigitsTable: Sendable {
  static let side = 8
  static let pixelCount = side * side
  static let rowCount = 1797

  /// Pixels / 16, rows x 64.
  let pixels: [Double]
  let labels: [Int]

  /// Parsed once.
  static let shipped = Result { () throws(InputError) -> DigitsTable in
    let resource = kr_digits()
    let bytes = Array(UnsafeBufferPointer(start: resource.bytes, count: resource.count))
    let table = try DigitsTable(csv: gunzip(bytes, limit: 1 << 20))
    guard table.labels.count == rowCount else {
      throw .sentence("the shipped digits have \(table.labels.count) rows, not \(rowCount)")
    }
    return table
  }

  /// Parses lines of 65 whole numbers separated by commas; a last newline may be missing.
  init(csv: [UInt8]) throws(InputError) {
    var pixels: [Double] = []
    var labels: [Int] = []
    for (i, line) in csv.split(separator: UInt8(ascii: "\n")).enumerated() {
      let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      guard fields.count == Self.pixelCount + 1 else {
        throw .sentence("digits row \(i + 1) has \(fields.count) fields, not 65")
      }
      for (j, field) in fields.enumerated() {
        let largest = j == Self.pixelCount ? 9 : 16
        guard let value = wholeNumber(field), value <= largest else {
          throw .sentence(
            "digits row \(i + 1), column \(j + 1) must be a whole number from 0 to \(largest)")
        }
        if j == Self.pixelCount { labels.append(value) } else { pixels.append(Double(value) / 16) }
      }
    }
    self.pixels = pixels
    self.labels = labels
  }

  /// The given rows with one-hot targets, one output per class in the order of `classes`.
  func samples(rows: [Int], classes: [Int]) -> Samples {
    var x: [Double] = []
    var y: [Double] = []
    for row in rows {
      x += pixels[row * Self.pixelCount..<(row + 1) * Self.pixelCount]
      y += classes.map { $0 == labels[row] ? 1 : 0 }
    }
    return Samples(
      count: rows.count, inputs: Self.pixelCount, outputs: classes.count, x: x, y: y)
  }
}

/// One or two decimal digits, nothing else.
private func wholeNumber(_ field: ArraySlice<UInt8>) -> Int? {
  guard (1...2).contains(field.count) else { return nil }
  var value = 0
  for byte in field {
    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
    value = 10 * value + Int(byte - UInt8(ascii: "0"))
  }
  return value
}
