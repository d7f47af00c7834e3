import Testing

@testable import Kramers

/// The text of a file of this package.
private func text(_ path: String) throws -> String {
  let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  return String(decoding: try #require(file("/\(root)/\(path)"), "\(path)"), as: UTF8.self)
}

/// The enumerations of a file that are of this protocol.
private func enumerations(_ path: String, of name: String) throws -> [String] {
  try text(path).split(separator: "\n").compactMap { line in
    let words = line.split(whereSeparator: { " :{,".contains($0) }).map(String.init)
    guard let place = words.firstIndex(of: "enum"), words.contains(name), place + 1 < words.count
    else { return nil }
    return words[place + 1]
  }
}

@Suite("optimisers and activations")
struct NamedCaseTests {
  @Test("have names of their own, by which they are found")
  func names() {
    #expect(Set(Optimizer.allCases.map(\.rawValue)).count == Optimizer.allCases.count)
    #expect(Set(Activation.allCases.map(\.rawValue)).count == Activation.allCases.count)
    for one in Optimizer.allCases { #expect(Optimizer(rawValue: one.rawValue) == one) }
    for one in Activation.allCases { #expect(Activation(rawValue: one.rawValue) == one) }
    #expect(Optimizer(rawValue: "sgd ") == nil && Activation(rawValue: "Tanh") == nil)
    #expect(Optimizer.sgd != .momentum && Activation.linear != .tanh)
  }

  @Test("each one that is written stands in allCases")
  func complete() throws {
    let optimizers = try enumerations(
      "Sources/Kramers/Dynamics/Optimizers.swift", of: "OptimizerRule")
    let activations = try enumerations(
      "Sources/Kramers/Network/Activations.swift", of: "ActivationFunction")
    #expect(optimizers.contains("HeavyBall") && activations.contains("Tanh"))
    for (written, known) in [
      (optimizers, Optimizer.allCases.map { "\($0.kind)" }),
      (activations, Activation.allCases.map { "\($0.kind)" }),
    ] {
      for name in written { #expect(known.contains(name), "\(name) is not in allCases") }
    }
  }

  @Test("each optimiser is checked against PyTorch or in a file of its own")
  func checked() {
    for one in Optimizer.allCases where !TorchFigure.all.contains(where: { $0.optimizer == one }) {
      let name = one.rawValue.prefix(1).uppercased() + one.rawValue.dropFirst()
      #expect(throws: Never.self, "\(one)") {
        try text("Tests/KramersTests/Dynamics/\(name)Tests.swift")
      }
    }
  }
}
