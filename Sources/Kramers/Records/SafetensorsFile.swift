/// The header of a safetensors file: eight bytes of its length, then JSON,
///
///     {"__metadata__": {...}, "name": {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]}}
///
/// then the numbers. As the reference implementation demands it, the tensors fill the rest of the
/// file without overlap and without holes.
struct SafetensorsFile {
  struct Tensor {
    let format: BinaryNumber
    let shape: [Int]
    /// Within the whole file.
    let bytes: Range<Int>
  }

  private(set) var metadata: [String: String] = [:]
  private(set) var tensors: [String: Tensor] = [:]

  /// - Throws: a sentence for what is damaged. Nothing but the header is allocated, and that is
  ///   limited to 10 MB.
  init(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
    if bytes.count < 9 || bytes[8] != UInt8(ascii: "{"), let hint = foreignHint(bytes) {
      throw .sentence("is no safetensors file\(hint)")
    }
    guard bytes.count >= 8 else {
      throw .sentence("the safetensors file ends within its first 8 bytes")
    }
    let size = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard size <= 10_000_000 else {
      throw .rule("the safetensors header", "at most 10000000 bytes", size)
    }
    let start = 8 + Int(size)
    guard start <= bytes.count else {
      throw .sentence(
        "the safetensors file ends within its header: it claims \(size) bytes, and "
          + "\(count(bytes.count - 8, "byte")) follow")
    }
    guard size > 0, bytes[8] == UInt8(ascii: "{"),
      case .object(let fields) = try record(
        fromJSON: UnsafeRawBufferPointer(rebasing: bytes[8..<start]), depthLimit: 4)
    else {
      throw .sentence("the safetensors header must be a JSON object beginning with '{'")
    }
    for field in fields {
      if field.name == "__metadata__" {
        metadata = try Self.metadata(field.value)
      } else {
        tensors[field.name] = try Self.tensor(field, start, bytes.count)
      }
    }
    try checkCover(from: start, to: bytes.count)
  }

  private static func metadata(_ record: Record) throws(InputError) -> [String: String] {
    guard case .object(let fields) = record else {
      throw .sentence("the safetensors __metadata__ must be an object of texts")
    }
    var metadata: [String: String] = [:]
    for field in fields {
      guard case .text(let text) = field.value else {
        throw .sentence("the safetensors __metadata__ '\(shown(field.name.utf8))' must be a text")
      }
      metadata[field.name] = text
    }
    return metadata
  }

  private static func tensor(
    _ field: Record.Field, _ start: Int, _ end: Int
  ) throws(InputError) -> Tensor {
    let name = "'\(shown(field.name.utf8))'"
    guard case .object(let entries) = field.value, entries.count == 3,
      case .text(let dtype)? = field.value["dtype"],
      let shape = naturals(field.value["shape"]),
      let offsets = naturals(field.value["data_offsets"]), offsets.count == 2
    else {
      throw .sentence(
        "\(name) in the safetensors header must have dtype, shape and two data_offsets, nothing else"
      )
    }
    let formats: [String: BinaryNumber] = [
      "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16,
    ]
    guard let format = formats[dtype] else {
      throw .rule("the dtype of \(name)", "F64, F32, F16 or BF16", "'\(shown(dtype.utf8))'")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= end - start else {
      throw .sentence(
        "the data_offsets of \(name) must lie within the \(end - start) bytes of numbers, got "
          + "\(offsets)")
    }
    let needed = shape.reduce(Double(format.size)) { $0 * Double($1) }
    guard needed == Double(offsets[1] - offsets[0]) else {
      throw .sentence(
        "\(name): shape \(shape) of \(dtype) does not match data_offsets \(offsets)")
    }
    return Tensor(format: format, shape: shape, bytes: start + offsets[0]..<start + offsets[1])
  }

  private static func naturals(_ record: Record?) -> [Int]? {
    guard case .array(let items)? = record else { return nil }
    var numbers: [Int] = []
    for item in items {
      guard case .integer(let n) = item, n >= 0 else { return nil }
      numbers.append(n)
    }
    return numbers
  }

  private func checkCover(from start: Int, to end: Int) throws(InputError) {
    var position = start
    let sorted = tensors.sorted {
      ($0.value.bytes.lowerBound, $0.value.bytes.upperBound)
        < ($1.value.bytes.lowerBound, $1.value.bytes.upperBound)
    }
    for (name, tensor) in sorted {
      guard tensor.bytes.lowerBound == position else {
        throw .sentence(
          "the bytes of '\(shown(name.utf8))' \(tensor.bytes.lowerBound < position ? "overlap" : "leave a hole after") the tensor "
            + "before")
      }
      position = tensor.bytes.upperBound
    }
    guard position == end else {
      throw .sentence(
        "\(count(end - position, "byte")) of the safetensors file belong to no tensor")
    }
  }
}
