import Testing

@testable import Kramers

/// 1...13 for the network 2-3-1 with biases: tanh, whose file is one of the fixtures.
private let values = (1...13).map { Double($0) }
private func network(_ activation: Activation = .tanh) throws -> Network {
  try Network(widths: [2, 3, 1], activation: activation, bias: true)
}

/// A file with the given header and `count` bytes of numbers.
private func file(_ header: String, _ count: Int) -> [UInt8] {
  (0..<8).map { UInt8(header.utf8.count >> (8 * $0) & 0xFF) } + Array(header.utf8)
    + [UInt8](repeating: 0, count: count)
}

@Suite("safetensors")
struct SafetensorsTests {
  @Test("files of Python's package, in double and in single precision")
  func python() throws {
    #expect(
      try importedParameters(fromSafetensors: bytes(hex: safetensorsF64), for: network()).parameters
        == values)
    #expect(
      try importedParameters(fromSafetensors: bytes(hex: safetensorsF32), for: network()).parameters
        == values)
  }

  @Test("what is written is what Python's package reads back, bit for bit")
  func written() throws {
    #expect(try safetensors(network: network(), parameters: values) == bytes(hex: safetensorsOurs))
    for (widths, bias) in [([1, 1], false), ([3, 7, 7, 2], true), ([5, 5, 5, 5], false)] {
      let network = try Network(widths: widths, bias: bias)
      let theta = RandomStream(seed: 1, purpose: .data).normals(network.parameterCount)
      let file = safetensors(network: network, parameters: theta)
      #expect(try importedParameters(fromSafetensors: file, for: network).parameters == theta)
    }
  }

  @Test("another network's file is refused by its tensor")
  func otherNetworks() throws {
    let file = bytes(hex: safetensorsF64)
    func message(_ widths: [Int], bias: Bool = true) throws -> String {
      let network = try Network(widths: widths, bias: bias)
      return refusal { () throws(InputError) in
        try importedParameters(fromSafetensors: file, for: network)
      }
    }
    #expect(
      try message([2, 4, 1])
        == "'layers.0.weight' must have shape [4, 2] for this network, got [3, 2]")
    #expect(
      try message([2, 3, 2])
        == "'layers.1.weight' must have shape [2, 3] for this network, got [1, 3]")
    #expect(try message([2, 3, 1, 1]) == "the safetensors file lacks 'layers.2.weight'")
    #expect(
      try message([2, 3])
        == "the safetensors file holds 'layers.1.bias', which a network of 1 layers with biases does "
        + "not have")
    #expect(
      try message([2, 3, 1], bias: false)
        == "the safetensors file holds 'layers.0.bias', which a network of 2 layers without biases "
        + "does not have")
    let linear = try network(.linear)
    #expect(
      refusal { () throws(InputError) in
        try importedParameters(fromSafetensors: bytes(hex: safetensorsOurs), for: linear)
      } == "the safetensors file is of activation 'tanh', the network of 'linear'")
  }

  @Test("a file cut anywhere is refused")
  func cut() throws {
    let network = try network()
    for hex in [safetensorsF64, safetensorsOurs] {
      let whole = bytes(hex: hex)
      for length in 0..<whole.count {
        let text = refusal { () throws(InputError) in
          try importedParameters(fromSafetensors: Array(whole[..<length]), for: network)
        }
        #expect(!text.hasPrefix("accepted"), "cut to \(length)")
      }
      #expect(
        refusal { () throws(InputError) in
          try importedParameters(fromSafetensors: whole + [0], for: network)
        } == "1 byte of the safetensors file belong to no tensor")
    }
  }

  @Test("damaged headers are refused with a sentence")
  func damaged() throws {
    let network = try Network(widths: [1, 1])
    func message(_ header: String, _ count: Int = 8) -> String {
      refusal { () throws(InputError) in
        try importedParameters(fromSafetensors: file(header, count), for: network)
      }
    }
    func entry(_ dtype: String, _ shape: String, _ offsets: String) -> String {
      "\"layers.0.weight\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
    }
    let good = entry("F64", "[1,1]", "[0,8]")
    #expect(message("{\(good)}   ").hasPrefix("accepted"))
    #expect(message("{\(good),\(good)}") == "json: 'layers.0.weight' stands twice in one object")
    #expect(
      message(" {\(good)}") == "the safetensors header must be a JSON object beginning with '{'")
    #expect(message("") == "the safetensors header must be a JSON object beginning with '{'")
    #expect(message("{\(good)").hasPrefix("json: expected"))
    #expect(
      message("{\(entry("F64", "[1,1]", "[0,16]"))}")
        == "the data_offsets of 'layers.0.weight' must lie within the 8 bytes of numbers, got [0, 16]"
    )
    #expect(message("{\(entry("F64", "[1,1]", "[8,0]"))}").contains("must lie within"))
    #expect(message("{\(entry("F64", "[1,1]", "[-8,0]"))}").contains("must have dtype, shape"))
    #expect(message("{\(entry("F64", "[1.0,1]", "[0,8]"))}").contains("must have dtype, shape"))
    #expect(
      message("{\(entry("F64", "[1073741824,1073741824]", "[0,8]"))}")
        == "'layers.0.weight': shape [1073741824, 1073741824] of F64 does not match data_offsets [0, 8]"
    )
    #expect(
      message("{\(entry("I16", "[1,1]", "[0,2]"))}", 2)
        == "the dtype of 'layers.0.weight' must be F64, F32, F16 or BF16, got 'I16'")
    let other = entry("F64", "[1]", "[8,16]").replacing("weight", with: "bias")
    #expect(
      message("{\(good),\(other)}", 24) == "8 bytes of the safetensors file belong to no tensor")
    #expect(
      message("{\(good),\(other.replacing("[8,16]", with: "[16,24]"))}", 24)
        == "the bytes of 'layers.0.bias' leave a hole after the tensor before")
    #expect(
      message("{\(good),\(other.replacing("[8,16]", with: "[4,12]"))}", 12)
        == "the bytes of 'layers.0.bias' overlap the tensor before")
    #expect(message("{\"__metadata__\":{\"a\":1},\(good)}").contains("'a' must be a text"))
    #expect(
      refusal { () throws(InputError) in
        try importedParameters(fromSafetensors: [UInt8](repeating: 0xFF, count: 64), for: network)
      } == "the safetensors header must be at most 10000000 bytes, got 18446744073709551615")
    let nan = file("{\(good)}", 0) + [0, 0, 0, 0, 0, 0, 0xF8, 0x7F]
    #expect(
      refusal { () throws(InputError) in try importedParameters(fromSafetensors: nan, for: network)
      }
        == "'layers.0.weight', number 1, must be finite, got nan")
  }
}
