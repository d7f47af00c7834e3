/// Which tensors of a file are the weights and biases of `network`, in the order of its layers.
///
/// Files of our own names are taken as they are. Others hold `NAME.weight` and `NAME.bias`, as
/// PyTorch writes them: names that differ in a number only (`0`, `2`, `4`; `fc1`, `fc2`) in the order
/// of the number, if the shapes fit; other names by their shapes, if every layer has one of its own.
/// Nothing is guessed where two layers could be exchanged.
///
/// - Parameters:
///   - shapes: of the file's tensors.
///   - map: see `importedParameters`.
/// - Throws: a sentence that names the tensor that is missing, too many, or of another shape.
func tensorOrder(
  _ shapes: [String: [Int]], for network: Network, map: [String]?
) throws(InputError) -> [String] {
  let expected = network.tensors
  if let map { return try mapped(shapes, network, map) }
  let own = expected.map(\.name)
  if Set(shapes.keys) == Set(own) {
    try checkShapes(shapes, expected, own)
    return own
  }
  let isOwn = own.contains { shapes[$0] != nil }
  do throws(InputError) {
    return try assigned(shapes, network)
  } catch {
    guard isOwn else { throw error }
    for name in shapes.keys.sorted() where !own.contains(name) {
      throw .sentence(
        "the safetensors file holds '\(shown(name.utf8))', which a network of \(network.depth) "
          + "layers \(network.bias ? "with" : "without") biases does not have")
    }
    for name in own where shapes[name] == nil {
      throw .sentence("the safetensors file lacks '\(name)'")
    }
    throw error
  }
}

private typealias Tensor = (name: String, shape: [Int], range: Range<Int>)

private func checkShapes(
  _ shapes: [String: [Int]], _ expected: [Tensor], _ names: [String]
) throws(InputError) {
  for (tensor, name) in zip(expected, names) {
    guard let shape = shapes[name] else {
      throw .sentence("the safetensors file lacks '\(shown(name.utf8))'\(listed(shapes.keys))")
    }
    guard shape == tensor.shape else {
      let turned = shape.count == 2 && shape == tensor.shape.reversed()
      throw .sentence(
        "'\(shown(name.utf8))' must have shape \(tensor.shape) for this network, got \(shape)"
          + (turned ? ", the transpose" : ""))
    }
  }
}

private func mapped(
  _ shapes: [String: [Int]], _ network: Network, _ map: [String]
) throws(InputError) -> [String] {
  let expected = network.tensors
  guard map.count == network.depth || map.count == expected.count else {
    throw .sentence(
      "map must name the \(network.depth) layers, or their \(expected.count) tensors in the order "
        + "weight, bias of each layer, got \(count(map.count, "name"))")
  }
  if let twice = map.first(where: { name in map.count { $0 == name } > 1 }) {
    throw .sentence("map names '\(shown(twice.utf8))' twice")
  }
  var names = map
  if !network.bias {
    names = map.map { shapes[$0] == nil ? "\($0).weight" : $0 }
  } else if map.count == network.depth {
    names = map.flatMap { ["\($0).weight", "\($0).bias"] }
  }
  try checkShapes(shapes, expected, names)
  return names
}

/// A layer of the file: the part before `.weight` and `.bias`.
private struct FileLayer {
  let name: String
  var weight: String?
  var bias: String?
}

private func assigned(
  _ shapes: [String: [Int]], _ network: Network
) throws(InputError) -> [String] {
  let layers = try fileLayers(shapes).sorted { isBefore($0.name, $1.name) }
  guard layers.count == network.depth else {
    throw .sentence(
      "the safetensors file holds \(count(layers.count, "layer")), and the network has "
        + "\(network.depth)\(listed(shapes.keys))")
  }
  var names: [[String]] = []
  for layer in layers {
    guard let weight = layer.weight else {
      throw .sentence("the safetensors file lacks '\(shown(layer.name.utf8)).weight'")
    }
    guard (layer.bias != nil) == network.bias else {
      throw .sentence(
        layer.bias.map {
          "the safetensors file holds '\(shown($0.utf8))', and the network has no biases"
        } ?? "the safetensors file lacks '\(shown(layer.name.utf8)).bias'")
    }
    names.append([weight] + (layer.bias.map { [$0] } ?? []))
  }
  let found = names.map { $0.map { shapes[$0] ?? [] } }
  let needed = network.layers.map { layer in
    [[layer.outputs, layer.inputs]] + (network.bias ? [[layer.outputs]] : [])
  }
  let texts = Set(layers.map { $0.name.filter { !$0.isNumber } })
  if texts.count == 1, found == needed { return names.flatMap { $0 } }
  if Set(needed).count == needed.count, Set(found) == Set(needed) {
    return needed.flatMap { shape in found.firstIndex(of: shape).map { names[$0] } ?? [] }
  }
  let list = zip(names, found).map { "'\(shown($0[0].utf8))' \($1[0])" }.joined(separator: ", ")
  if found.sorted(by: isBefore) == needed.sorted(by: isBefore) {
    throw .sentence(
      "layers of one shape could be exchanged: \(list); map = {...} gives their names in order")
  }
  let turned = found.map { Array($0[0].reversed()) } == needed.map { $0[0] }
  let widths = network.widths.map { "\($0)" }.joined(separator: "-")
  throw .sentence(
    "weights of a network \(widths) have shapes [outputs, inputs], the safetensors file holds "
      + list + (turned ? ": they are transposed" : ""))
}

private func fileLayers(_ shapes: [String: [Int]]) throws(InputError) -> [FileLayer] {
  var layers: [String: FileLayer] = [:]
  for name in shapes.keys.sorted() {
    let dot = name.lastIndex(of: ".")
    let layer = dot.map { String(name[..<$0]) } ?? ""
    var found = layers[layer] ?? FileLayer(name: layer)
    switch dot.map({ name[name.index(after: $0)...] }) ?? name[...] {
    case "weight": found.weight = name
    case "bias": found.bias = name
    case "kernel":
      throw .sentence(
        "'\(shown(name.utf8))' is a kernel of JAX or Keras, which is [inputs, outputs]; save its "
          + "transpose as a weight")
    default:
      throw .sentence(
        "'\(shown(name.utf8))' is neither a weight nor a bias by its name; map = {...} gives the "
          + "names of the layers in order")
    }
    layers[layer] = found
  }
  return Array(layers.values)
}

private func isBefore(_ a: [[Int]], _ b: [[Int]]) -> Bool { "\(a)" < "\(b)" }

/// Text by text and number by number: `fc2` before `fc10`.
private func isBefore(_ a: String, _ b: String) -> Bool {
  let (a, b) = (parts(a), parts(b))
  for (x, y) in zip(a, b) where x != y {
    if let m = Int(x), let n = Int(y), m != n { return m < n }
    return x < y
  }
  return a.count < b.count
}

private func parts(_ name: String) -> [String] {
  var parts: [String] = []
  for character in name {
    if let last = parts.last?.last, last.isNumber == character.isNumber {
      parts[parts.count - 1].append(character)
    } else {
      parts.append(String(character))
    }
  }
  return parts
}

private func listed(_ names: some Sequence<String>) -> String {
  let all = names.sorted(by: isBefore)
  let list = all.prefix(6).map { "'\(shown($0.utf8))'" }.joined(separator: ", ")
  return "; it holds \(list.isEmpty ? "no tensor" : list)\(all.count > 6 ? ", ..." : "")"
}
