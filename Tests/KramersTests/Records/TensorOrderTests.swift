import Testing

@testable import Kramers

private struct Part {
  var name: String
  var shape: [Int]
  var values: [Double]
}

private func half(_ x: Double) -> UInt16 { x == 0 ? 0 : halves[x] ?? 0 }
/// IEEE 754-2008, table 3.5: 1 = 0x3C00, exponent bias 15, 10 bits of fraction.
private let halves: [Double: UInt16] = [
  0.5: 0x3800, 1: 0x3C00, 1.5: 0x3E00, 2: 0x4000, -3: 0xC200, 0.125: 0x3000, 65504: 0x7BFF,
]

/// A safetensors file of these tensors.
private func file(_ parts: [Part], dtype: String = "F64") -> [UInt8] {
  var header: [String] = []
  var data: [UInt8] = []
  for part in parts {
    let start = data.count
    for x in part.values {
      switch dtype {
      case "F16": withUnsafeBytes(of: half(x).littleEndian) { data += $0 }
      case "BF16":
        let bits = UInt16(Float(x).bitPattern >> 16)
        withUnsafeBytes(of: bits.littleEndian) { data += $0 }
      default: withUnsafeBytes(of: x.bitPattern.littleEndian) { data += $0 }
      }
    }
    header.append(
      "\"\(part.name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(part.shape),"
        + "\"data_offsets\":[\(start),\(data.count)]}")
  }
  let text = Array("{\(header.joined(separator: ","))}".utf8)
  return (0..<8).map { UInt8(text.count >> (8 * $0) & 0xFF) } + text + data
}

/// Layers without biases of the given widths; the weights of layer l are all l + 1.
private func layers(_ names: [String], _ widths: [Int]) -> [Part] {
  names.enumerated().map { l, name in
    Part(
      name: name, shape: [widths[l + 1], widths[l]],
      values: [Double](repeating: Double(l + 1), count: widths[l] * widths[l + 1]))
  }
}

private func read(
  _ parts: [Part], _ widths: [Int], bias: Bool = false, map: [String]? = nil
) throws -> ImportedParameters {
  try importedParameters(
    fromSafetensors: file(parts), for: Network(widths: widths, bias: bias), map: map)
}

private func message(
  _ parts: [Part], _ widths: [Int], bias: Bool = false, map: [String]? = nil
) -> String {
  do { return "accepted: \(try read(parts, widths, bias: bias, map: map).names)" } catch {
    return "\(error)"
  }
}

@Suite("names of tensors")
struct TensorOrderTests {
  @Test("half precision and bfloat16 are read exactly")
  func halfPrecision() throws {
    let values = [0.5, 1, 1.5, 2, -3, 0.125]
    let parts = [Part(name: "layers.0.weight", shape: [2, 3], values: values)]
    let network = try Network(widths: [3, 2])
    for dtype in ["F16", "BF16", "F64"] {
      let found = try importedParameters(fromSafetensors: file(parts, dtype: dtype), for: network)
      #expect(found.parameters == values, "\(dtype)")
      #expect(found.names == found.ownNames)
    }
  }

  @Test("numbered names follow their numbers, though layers have one shape and ten of them")
  func numbered() throws {
    let widths = [Int](repeating: 2, count: 13)
    for form in ["N.weight", "fcN.weight", "net.N.linear.weight", "layers.N.weight"] {
      let names = (0..<12).map { form.replacing("N", with: "\(2 * $0)") }
      let found = try read(layers(names, widths).sorted { $0.name < $1.name }, widths)
      #expect(found.names == names)
      #expect(
        found.parameters == (0..<12).flatMap { [Double](repeating: Double($0 + 1), count: 4) })
    }
  }

  @Test("other names follow their shapes, with biases")
  func byShape() throws {
    let widths = [3, 4, 2]
    var parts = layers(["encoder.weight", "decoder.weight"], widths)
    #expect(try read(parts, widths).names == ["encoder.weight", "decoder.weight"])
    parts.append(Part(name: "encoder.bias", shape: [4], values: [5, 6, 7, 8]))
    parts.append(Part(name: "decoder.bias", shape: [2], values: [9, 10]))
    let found = try read(parts, widths, bias: true)
    #expect(
      found.names == ["encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"])
    #expect(
      found.ownNames
        == ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"])
    #expect(
      found.parameters
        == [Double](repeating: 1, count: 12) + [5, 6, 7, 8] + [Double](repeating: 2, count: 8)
        + [9, 10])
    // Numbers against the order of the shapes: the shapes decide.
    #expect(
      try read(layers(["fc2.weight", "fc1.weight"], widths), widths).names
        == ["fc2.weight", "fc1.weight"])
  }

  @Test("layers that could be exchanged are asked about, and map decides")
  func ambiguous() throws {
    let widths = [2, 2, 2]
    let parts = layers(["up.weight", "down.weight"], widths)
    #expect(
      message(parts, widths)
        == "layers of one shape could be exchanged: 'down.weight' [2, 2], 'up.weight' [2, 2]; "
        + "map = {...} gives their names in order")
    for map in [["up", "down"], ["up.weight", "down.weight"]] {
      #expect(try read(parts, widths, map: map).parameters == [1, 1, 1, 1, 2, 2, 2, 2])
    }
    #expect(try read(parts, widths, map: ["down", "up"]).parameters == [2, 2, 2, 2, 1, 1, 1, 1])
    #expect(
      message(parts, widths, map: ["up", "dwn"])
        == "the safetensors file lacks 'dwn.weight'; it holds 'down.weight', 'up.weight'")
    #expect(message(parts, widths, map: ["up", "up"]) == "map names 'up' twice")
    #expect(
      message(parts, widths, map: ["up"])
        == "map must name the 2 layers, or their 2 tensors in the order weight, bias of each layer, "
        + "got 1 name")
    let odd = [
      Part(name: "W", shape: [1, 1], values: [3]), Part(name: "b", shape: [1], values: [4]),
      Part(name: "other", shape: [7], values: [Double](repeating: 0, count: 7)),
    ]
    #expect(try read(odd, [1, 1], bias: true, map: ["W", "b"]).parameters == [3, 4])
    #expect(
      message(odd, [1, 1], bias: true)
        == "'W' is neither a weight nor a bias by its name; map = {...} gives the names of the layers "
        + "in order")
  }

  @Test("what does not fit is refused with names and shapes")
  func refusals() {
    let widths = [3, 4, 2]
    #expect(
      message(layers(["0.weight", "2.weight"], [3, 5, 2]), widths)
        == "weights of a network 3-4-2 have shapes [outputs, inputs], the safetensors file holds "
        + "'0.weight' [5, 3], '2.weight' [2, 5]")
    #expect(
      message(
        [
          Part(name: "0.weight", shape: [3, 4], values: [Double](repeating: 1, count: 12)),
          Part(name: "2.weight", shape: [4, 2], values: [Double](repeating: 1, count: 8)),
        ], widths
      ).hasSuffix("'0.weight' [3, 4], '2.weight' [4, 2]: they are transposed"))
    #expect(
      message(layers(["0.weight", "1.weight", "2.weight"], [3, 4, 4, 2]), widths)
        == "the safetensors file holds 3 layers, and the network has 2; it holds '0.weight', "
        + "'1.weight', '2.weight'")
    #expect(
      message(layers(["0.kernel", "2.kernel"], [2, 2, 2]), [2, 2, 2])
        == "'0.kernel' is a kernel of JAX or Keras, which is [inputs, outputs]; save its transpose "
        + "as a weight")
    #expect(
      message(layers(["0.weight", "2.weight"], widths), widths, bias: true)
        == "the safetensors file lacks '0.bias'")
    let biased = layers(["0.weight"], [1, 1]) + [Part(name: "0.bias", shape: [1], values: [1])]
    #expect(
      message(biased, [1, 1])
        == "the safetensors file holds '0.bias', and the network has no biases")
    #expect(message([], [1, 1]).hasSuffix("the network has 1; it holds no tensor"))
  }
}
