extension Dataset {
  /// Images and labels in files of MNIST's format, plain or gzip.
  ///
  ///     x = pixels / 255, row after row;   y = one-hot, output k for label k
  ///
  /// Images are of unsigned bytes, or of floats, which are taken as they are; other integers say
  /// nothing of their range, and are refused. Nothing is centred. There are max label + 1 classes,
  /// over all labels of both sets, whatever `limit` is.
  ///
  /// - Parameters:
  ///   - images: n x height x width, or any shape whose first length is n.
  ///   - labels: n whole numbers from 0 to 65535.
  ///   - testImages, testLabels: the test set, both or neither.
  ///   - files: how messages name the arrays: `["images": "images (train.gz)"]`.
  ///   - limit: use the first so many training images; the test set is whole.
  /// - Throws: a sentence for a file that is no readable array (see `IDXArray`), for counts or sizes
  ///   that do not match, for labels that are none, and for NaN and infinite numbers.
  public static func idx(
    images: [UInt8], labels: [UInt8], testImages: [UInt8]? = nil, testLabels: [UInt8]? = nil,
    limit: Int? = nil, files: [String: String] = [:]
  ) throws(InputError) -> Dataset {
    guard (testImages == nil) == (testLabels == nil) else {
      throw .sentence(
        testImages == nil
          ? "test_labels needs test_images beside it" : "test_images needs test_labels beside it")
    }
    if let limit, limit < 1 { throw .rule("limit", "positive", limit) }
    func named(_ name: String, _ file: [UInt8]) -> (name: String, file: [UInt8]) {
      (files[name] ?? name, file)
    }
    let train = try LabelledImages(named("images", images), named("labels", labels))
    var test: LabelledImages?
    if let testImages, let testLabels {
      let set = try LabelledImages(
        named("test_images", testImages), named("test_labels", testLabels))
      guard set.images.width == train.images.width else {
        throw .sentence(
          "\(set.name) must have \(count(train.images.width, "pixel")) like the training set, got "
            + "\(set.images.width)")
      }
      test = set
    }
    let classes = max(train.classes, test?.classes ?? 0)
    guard classes >= 2 else {
      throw .sentence("\(train.labelsName) must name at least two classes, got only 0")
    }
    let kept = min(limit ?? train.images.count, train.images.count)
    let rows = Double(kept + (test?.images.count ?? 0))
    let (n, p) = (Double(train.images.width), Double(classes))
    try checkMemory(
      count: 2 * rows * n + rows * p + n * (n + p),
      what: "\(Int(rows)) images of \(train.images.width) pixels and \(classes) classes")
    var data = Dataset(
      name: "idx", train: try train.samples(kept, classes: classes),
      test: try test.map { set throws(InputError) in
        try set.samples(set.images.count, classes: classes)
      })
    data.remarkEmptyClasses(labels: true, name: train.labelsName)
    return data
  }
}

private struct LabelledImages {
  let images: IDXArray
  let name: String
  let labelsName: String
  let labels: [Int]
  /// Largest label + 1.
  let classes: Int

  init(
    _ images: (name: String, file: [UInt8]), _ labels: (name: String, file: [UInt8])
  ) throws(InputError) {
    name = images.name
    labelsName = labels.name
    self.images = try IDXArray(images.file, name: images.name)
    guard [.uint8, .float32, .float64].contains(self.images.format) else {
      throw .sentence(
        "\(images.name) holds \(self.images.format) numbers, whose range nobody knows; pixels are "
          + "unsigned bytes, divided by 255, or floats, taken as they are")
    }
    let array = try IDXArray(labels.file, name: labels.name)
    guard array.shape.count == 1 else {
      throw .rule(
        labels.name, "of 1 dimension", array.shape.map { "\($0)" }.joined(separator: " x "))
    }
    guard array.count == self.images.count else {
      throw .sentence(
        "\(images.name) and \(labels.name) must be equally many, got \(self.images.count) and "
          + "\(array.count)")
    }
    try checkSize(images.name, array.count)
    try checkMemory(count: 2 * Double(array.count), what: "\(array.count) labels")
    var numbers: [Int] = []
    numbers.reserveCapacity(array.count)
    for (i, value) in array.values(array.count).enumerated() {
      guard let label = Int(exactly: value), (0...65535).contains(label) else {
        throw .rule("\(labels.name)[\(i + 1)]", "a whole number from 0 to 65535", value)
      }
      numbers.append(label)
    }
    self.labels = numbers
    classes = (numbers.max() ?? 0) + 1
  }

  /// The first `count` images, with one-hot targets.
  func samples(_ count: Int, classes: Int) throws(InputError) -> Samples {
    let x = images.values(count, dividingBytesBy: 255)
    try checkNumbers(name, x, columns: images.width)
    var y = [Double](repeating: 0, count: count * classes)
    for n in 0..<count { y[n * classes + labels[n]] = 1 }
    return Samples(count: count, inputs: images.width, outputs: classes, x: x, y: y)
  }
}
