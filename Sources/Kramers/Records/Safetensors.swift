/// The parameters of a network in the safetensors format, which Python's `safetensors` reads.
///
/// Layer l, counted from 0 at the input, is `layers.l.weight` of shape [outputs, inputs] and, with
/// biases, `layers.l.bias` of shape [outputs]: the names and shapes of PyTorch's `nn.Linear` in an
/// `nn.ModuleList` called `layers`. Numbers are F64. The metadata holds `format`, `widths`
/// (`2-8-2`), `activation` and `bias`.
///
/// Source: huggingface/safetensors, README ("Format").
public func safetensors(network: Network, parameters: [Double]) -> [UInt8] {
  precondition(parameters.count == network.parameterCount, "parameters of another network")
  var fields: [Record.Field] = [
    Record.Field(
      "__metadata__",
      [
        "format": "kramers", "widths": network.widths.map { "\($0)" }.joined(separator: "-"),
        "activation": network.activation.rawValue, "bias": "\(network.bias)",
      ])
  ]
  for tensor in network.tensors {
    fields.append(
      Record.Field(
        tensor.name,
        [
          "dtype": "F64", "shape": tensor.shape,
          "data_offsets": [8 * tensor.range.lowerBound, 8 * tensor.range.upperBound],
        ]))
  }
  var header = Array(jsonLine(.object(fields)).utf8)
  // Blanks, so that the numbers are aligned.
  header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
  var bytes: [UInt8] = []
  bytes.reserveCapacity(8 + header.count + 8 * parameters.count)
  withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes += $0 }
  bytes += header
  for value in parameters { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
  return bytes
}

/// Parameters read from a file, and which tensor each part of them was.
public struct ImportedParameters: Sendable, Equatable {
  public let parameters: [Double]
  /// The file's tensors in the order of the network's: weight and bias of each layer.
  public let names: [String]
  /// The names that `safetensors(network:parameters:)` writes, in the same order.
  public let ownNames: [String]
}

/// The parameters for `network` from the bytes of a safetensors file, in F64, F32, F16 or BF16.
///
/// Tensors of other names than `safetensors(network:parameters:)` writes are assigned by
/// `tensorOrder`; weights are [outputs, inputs] under every name.
///
/// - Parameter map: the file's layers in the network's order (`fc1`, or the name of the weight), or
///   all its tensors in the order weight, bias of every layer; what it does not name is not read.
/// - Throws: a sentence for a file that is damaged or that belongs to another network: which tensor,
///   which shape. Metadata may be missing; an activation in it must be the network's.
public func importedParameters(
  fromSafetensors bytes: UnsafeRawBufferPointer, for network: Network, map: [String]? = nil
) throws(InputError) -> ImportedParameters {
  let file = try SafetensorsFile(bytes)
  if let activation = file.metadata["activation"], activation != network.activation.rawValue {
    throw .sentence(
      "the safetensors file is of activation '\(shown(activation.utf8))', the network of "
        + "'\(network.activation.rawValue)'")
  }
  let expected = network.tensors
  let names = try tensorOrder(file.tensors.mapValues(\.shape), for: network, map: map)
  var parameters = [Double](repeating: 0, count: network.parameterCount)
  for (tensor, name) in zip(expected, names) {
    guard let found = file.tensors[name], found.shape == tensor.shape else {
      throw .sentence("'\(shown(name.utf8))' must have shape \(tensor.shape) for this network")
    }
    let values = found.format.decode(
      UnsafeRawBufferPointer(rebasing: bytes[found.bytes]), count: tensor.range.count,
      bigEndian: false)
    for (k, value) in values.enumerated() {
      guard value.isFinite else {
        throw .rule("'\(shown(name.utf8))', number \(k + 1),", "finite", value)
      }
      parameters[tensor.range.lowerBound + k] = value
    }
  }
  return ImportedParameters(
    parameters: parameters, names: names, ownNames: expected.map(\.name))
}

/// The same of an array of bytes.
public func importedParameters(
  fromSafetensors bytes: [UInt8], for network: Network, map: [String]? = nil
) throws(InputError) -> ImportedParameters {
  try bytes.withUnsafeBytes { bytes in
    Result { () throws(InputError) in
      try importedParameters(fromSafetensors: bytes, for: network, map: map)
    }
  }.get()
}

extension Network {
  /// Names, shapes and places of the parameters, in their order.
  var tensors: [(name: String, shape: [Int], range: Range<Int>)] {
    layers.enumerated().flatMap { l, layer in
      var tensors = [("layers.\(l).weight", [layer.outputs, layer.inputs], layer.weights)]
      if bias { tensors.append(("layers.\(l).bias", [layer.outputs], layer.biases)) }
      return tensors
    }
  }
}
