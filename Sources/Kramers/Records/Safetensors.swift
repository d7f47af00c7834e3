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

/// The parameters for `network` from the bytes of a safetensors file with tensors of the names and
/// shapes that `safetensors(network:parameters:)` writes, in F64 or F32.
///
/// - Throws: a sentence for a file that is damaged or that belongs to another network: which tensor,
///   which shape. Metadata may be missing; an activation in it must be the network's.
public func parameters(
  fromSafetensors bytes: UnsafeRawBufferPointer, for network: Network
) throws(InputError) -> [Double] {
  let file = try SafetensorsFile(bytes)
  if let activation = file.metadata["activation"], activation != network.activation.rawValue {
    throw .sentence(
      "the safetensors file is of activation '\(shown(activation.utf8))', the network of "
        + "'\(network.activation.rawValue)'")
  }
  let expected = network.tensors
  for name in file.tensors.keys.sorted() where !expected.contains(where: { $0.name == name }) {
    throw .sentence(
      "the safetensors file holds '\(shown(name.utf8))', which a network of \(network.depth) layers "
        + "\(network.bias ? "with" : "without") biases does not have")
  }
  for tensor in expected {
    guard let found = file.tensors[tensor.name] else {
      throw .sentence("the safetensors file lacks '\(tensor.name)'")
    }
    guard found.shape == tensor.shape else {
      throw .sentence(
        "'\(tensor.name)' must have shape \(tensor.shape) for this network, got \(found.shape)")
    }
  }
  // Every tensor's bytes are there and as many as its shape says: so are the parameters.
  var parameters = [Double](repeating: 0, count: network.parameterCount)
  for tensor in expected {
    guard let found = file.tensors[tensor.name] else { continue }
    let values = found.format.decode(
      UnsafeRawBufferPointer(rebasing: bytes[found.bytes]), count: tensor.range.count,
      bigEndian: false)
    for (k, value) in values.enumerated() {
      guard value.isFinite else {
        throw .rule("'\(tensor.name)', number \(k + 1),", "finite", value)
      }
      parameters[tensor.range.lowerBound + k] = value
    }
  }
  return parameters
}

/// The same of an array of bytes.
public func parameters(
  fromSafetensors bytes: [UInt8], for network: Network
) throws(InputError) -> [Double] {
  try bytes.withUnsafeBytes { bytes in
    Result { () throws(InputError) in try parameters(fromSafetensors: bytes, for: network) }
  }.get()
}

extension Network {
  /// Names, shapes and places of the parameters, in their order.
  fileprivate var tensors: [(name: String, shape: [Int], range: Range<Int>)] {
    layers.enumerated().flatMap { l, layer in
      var tensors = [("layers.\(l).weight", [layer.outputs, layer.inputs], layer.weights)]
      if bias { tensors.append(("layers.\(l).bias", [layer.outputs], layer.biases)) }
      return tensors
    }
  }
}
