import Testing

@testable import Kramers

private func idx(_ kind: UInt8, _ shape: [UInt32], _ data: [UInt8]) -> [UInt8] {
  var bytes: [UInt8] = [0, 0, kind, UInt8(shape.count)]
  for length in shape { withUnsafeBytes(of: length.bigEndian) { bytes += $0 } }
  return bytes + data
}

@Suite("data.idx")
struct IDXDataTests {
  @Test("images and labels, plain and gzip")
  func samples() throws {
    let pixels = [0.0, 255, 51, 102, 1, 2, 3, 4, 255, 255, 0, 0]
    let rows = Samples(
      count: 3, inputs: 4, outputs: 3, x: pixels.map { $0 / 255 },
      y: [0, 0, 1, 1, 0, 0, 0, 1, 0])
    let plain = try Dataset.idx(
      images: bytes(hex: idxImages), labels: bytes(hex: idxLabels))
    #expect(plain.train == rows && plain.test == nil && plain.isClassification)
    let zipped = try Dataset.idx(
      images: bytes(hex: idxImagesGzip), labels: bytes(hex: idxLabelsGzip),
      testImages: bytes(hex: idxImages), testLabels: bytes(hex: idxLabelsGzip), limit: 2)
    #expect(zipped.train == rows.rows(0..<2))
    #expect(zipped.test == rows)
    #expect("\(zipped)" == "idx: 2 samples (3 test), 4 inputs, 3 outputs")
  }

  @Test("every type, big-endian")
  func types() throws {
    for (hex, values) in [
      (idxInt8, [-1.0, 5]), (idxInt16, [-300, 5]), (idxInt32, [-70000, 5]), (idxFloat, [-0.5, 5]),
      (idxDouble, [-0.1, 5]),
    ] { #expect(try IDXArray(bytes(hex: hex)).values(2, dividingBytesBy: 2) == values) }
  }

  @Test("files that are damaged, and sets that do not match, are refused")
  func refusals() {
    let images = bytes(hex: idxImages)
    let labels = bytes(hex: idxLabels)
    func message(
      _ images: [UInt8], _ labels: [UInt8], _ testImages: [UInt8]? = nil,
      _ testLabels: [UInt8]? = nil, limit: Int? = nil
    ) -> String {
      refusal { () throws(InputError) in
        try Dataset.idx(
          images: images, labels: labels, testImages: testImages, testLabels: testLabels,
          limit: limit)
      }
    }
    for length in 0..<images.count {
      #expect(message(Array(images[..<length]), labels).hasPrefix("images: "), "cut to \(length)")
    }
    let zipped = bytes(hex: idxImagesGzip)
    for length in 2..<zipped.count {
      #expect(
        message(Array(zipped[..<length]), labels)
          == "images: the gzip data ends early: it is truncated")
    }
    #expect(message(images + [0], labels).hasPrefix("images: the header claims 3 x 2 x 2 numbers"))
    #expect(message([], labels) == "images: the idx file is empty")
    let magic = "images is no idx file: it does not begin with 0, 0 and a type of number"
    #expect(message(Array("a,b".utf8), labels) == magic)
    #expect(message([0, 0, 0x0A, 1], labels) == magic)
    #expect(
      message([0, 0, 8, 0], labels) == "images: the idx file must be of 1 to 8 dimensions, got 0")
    #expect(
      message(idx(8, [0, 4], []), labels) == "images must hold at least one number, got shape 0 x 4"
    )
    // 2^60 and 2^256 numbers claimed.
    for shape in [[1 << 30, 1 << 30], [UInt32](repeating: .max, count: 8)] {
      #expect(
        message(idx(8, shape, [1, 2]), labels).hasSuffix("numbers of 1 byte, and 2 bytes follow it")
      )
    }
    #expect(message(images, images) == "labels must be of 1 dimension, got 3 x 2 x 2")
    #expect(
      message(images, idx(8, [2], [0, 1])) == "images and labels must be equally many, got 3 and 2")
    #expect(
      message(images, idx(9, [3], [0, 255, 1]))
        == "labels[2] must be a whole number from 0 to 65535, got -1")
    #expect(
      message(images, idx(8, [3], [0, 0, 0])) == "labels must name at least two classes, got only 0"
    )
    for (kind, name) in [(UInt8(9), "int8"), (11, "int16"), (12, "int32")] {
      let bytes = [UInt8](repeating: 0, count: 12)
      let count = UInt32(12 / (kind == 9 ? 1 : kind == 11 ? 2 : 4))
      #expect(
        message(
          idx(kind, [count, 1], bytes), idx(8, [count], [UInt8](repeating: 1, count: Int(count))))
          == "images holds \(name) numbers, whose range nobody knows; pixels are unsigned bytes, "
          + "divided by 255, or floats, taken as they are")
    }
    #expect(message(images, labels, limit: 0) == "limit must be positive, got 0")
    #expect(message(images, labels, images) == "test_images needs test_labels beside it")
    #expect(message(images, labels, nil, labels) == "test_labels needs test_images beside it")
    #expect(
      message(images, labels, idx(8, [3], [1, 2, 3]), labels)
        == "test_images must have 4 pixels like the training set, got 1")
    let float = idx(13, [3, 1], [0x7F, 0xC0, 0, 0] + [UInt8](repeating: 0, count: 8))
    #expect(message(float, labels) == "images row 1, column 1 must be a finite number, got nan")
  }

  @Test("a class without samples is said, and labels that count from 1")
  func emptyClasses() throws {
    let images = bytes(hex: idxImages)
    let fromOne = try Dataset.idx(images: images, labels: idx(8, [3], [1, 2, 3]))
    #expect(
      fromOne.remarks == [
        "labels: no training sample has label 0: labels that count from 1, as EMNIST's letters do, "
          + "leave an output that is never 1"
      ])
    let gap = try Dataset.idx(images: images, labels: idx(8, [3], [0, 2, 5]))
    #expect(gap.remarks == ["labels: no training sample has label 1 and 2 others of 6"])
    #expect(try Dataset.idx(images: images, labels: idx(8, [3], [0, 2, 1])).remarks == [])
    let limited = try Dataset.idx(images: images, labels: idx(8, [3], [0, 2, 1]), limit: 2)
    #expect(limited.remarks == ["labels: no training sample has label 1"])
  }

  @Test("the MNIST extract, where it is there")
  func mnist() throws {
    let folder = "../shared/data/mnist5k-"
    guard let images = file(folder + "train-images-idx3-ubyte"),
      let labels = file(folder + "train-labels-idx1-ubyte"),
      let testImages = file(folder + "test-images-idx3-ubyte"),
      let testLabels = file(folder + "test-labels-idx1-ubyte")
    else {
      print("data.idx: the MNIST extract is not there; its test is skipped")
      return
    }
    let data = try Dataset.idx(
      images: images, labels: labels, testImages: testImages, testLabels: testLabels)
    #expect("\(data)" == "idx: 4000 samples (1000 test), 784 inputs, 10 outputs")
    #expect(data.isClassification)
    #expect(data.train?.x.max() == 1 && data.train?.x.min() == 0)
  }
}
