/// Classes by number, counted from 0, as targets.
struct ClassLabels {
  let numbers: [Int]
  /// The largest label and one.
  let classes: Int

  /// - Parameter name: how messages name the list: `labels (train.gz)`.
  init(_ values: [Double], _ name: String) throws(InputError) {
    var numbers: [Int] = []
    numbers.reserveCapacity(values.count)
    for (i, value) in values.enumerated() { numbers.append(try Self.label(value, name, i)) }
    self.numbers = numbers
    classes = (numbers.max() ?? 0) + 1
  }

  /// - Throws: a sentence for what is no label, with its place counted from 1.
  static func label(_ value: Double, _ name: String, _ i: Int) throws(InputError) -> Int {
    guard let label = Int(exactly: value), (0...65535).contains(label) else {
      throw .rule("\(name)[\(i + 1)]", "a whole number from 0 to 65535", value)
    }
    return label
  }

  /// Of both sets together.
  /// - Throws: a sentence when there are less than two.
  static func classes(
    _ train: ClassLabels, _ test: ClassLabels?, _ name: String
  ) throws(InputError) -> Int {
    let classes = max(train.classes, test?.classes ?? 0)
    guard classes >= 2 else {
      throw .sentence("\(name) must name at least two classes, got only 0")
    }
    return classes
  }

  /// The first `count` as one-hot rows: output k is 1 for label k.
  func oneHot(_ count: Int, classes: Int) -> [Double] {
    var y = [Double](repeating: 0, count: count * classes)
    for n in 0..<count { y[n * classes + numbers[n]] = 1 }
    return y
  }
}
