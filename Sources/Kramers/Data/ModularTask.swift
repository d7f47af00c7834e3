/// The operation of a modular table.
public enum ModularOperation: String, Sendable, CaseIterable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  /// a / b = a b^(p-2) for a prime p and b != 0.
  case divide = "/"
}

extension Dataset {
  /// Modular arithmetic, the task on which grokking was seen first.
  ///
  ///     x = (e_a, e_b) of length 2p,   y = e_c of length p,   c = a op b (mod p)
  ///
  /// All p^2 pairs (a, b), of division the p (p - 1) pairs with b != 0. A uniform permutation under
  /// `seed` draws the training set; the rest of the table is the test set. Every input has norm
  /// sqrt(2), nothing is centred: Sigma_xx has one large eigenvalue and a zero one.
  ///
  /// - Parameters:
  ///   - p: the modulus, at least 2; a prime for division.
  ///   - fraction: the training share of the table in (0, 1], rounded to whole pairs.
  /// - Throws: a modulus below 2, one without division, a fraction that leaves a set empty, a table
  ///   beyond memory.
  ///
  /// Source: A. Power et al., "Grokking: generalization beyond overfitting on small algorithmic
  /// datasets" (arXiv 2201.02177), appendix A.1.
  public static func modular(
    p: Int, operation: ModularOperation = .add, fraction: Double = 0.5, seed: UInt64 = 0
  ) throws(InputError) -> Dataset {
    guard p >= 2 else { throw .rule("p", "at least 2", p) }
    let size = Double(p)
    try checkMemory(
      count: size * size * 3 * size + 6 * size * size, what: "the table of \(p) x \(p) pairs")
    if operation == .divide, let factor = smallestFactor(of: p) {
      throw .sentence("division modulo p needs a prime p, got \(p) = \(factor) * \(p / factor)")
    }
    let pairs = p * (operation == .divide ? p - 1 : p)
    let train = try splitCount(fraction, of: pairs, name: "fraction", noun: "pair")
    let order = DataStream.modular(seed).permutation(pairs).map { Int($0) }
    func rows(_ indices: ArraySlice<Int>) -> Samples {
      samples(indices, p: p, operation: operation)
    }
    return Dataset(
      name: "modular", train: rows(order[..<train]),
      test: train == pairs ? nil : rows(order[train...])
    ).drawn { shift throws(InputError) in
      try .modular(p: p, operation: operation, fraction: fraction, seed: seed &+ shift)
    }
  }
}

private func samples(_ indices: ArraySlice<Int>, p: Int, operation: ModularOperation) -> Samples {
  var x = [Double](repeating: 0, count: indices.count * 2 * p)
  var y = [Double](repeating: 0, count: indices.count * p)
  let inverses = operation == .divide ? modularInverses(p) : []
  for (n, index) in indices.enumerated() {
    let a = index % p
    let b = index / p + (operation == .divide ? 1 : 0)
    let c =
      switch operation {
      case .add: (a + b) % p
      case .subtract: (a - b + p) % p
      case .multiply: a * b % p
      case .divide: a * inverses[b] % p
      }
    x[n * 2 * p + a] = 1
    x[n * 2 * p + p + b] = 1
    y[n * p + c] = 1
  }
  return Samples(count: indices.count, inputs: 2 * p, outputs: p, x: x, y: y)
}

/// b^(-1) for b = 1..<p at a prime p, by inverse(b) = -(p / b) inverse(p mod b); index 0 is unused.
private func modularInverses(_ p: Int) -> [Int] {
  var inverses = [0, 1]
  for b in 2..<max(p, 2) { inverses.append((p - p / b) * inverses[p % b] % p) }
  return inverses
}

/// The smallest divisor above 1 of a composite number; nil for a prime.
private func smallestFactor(of p: Int) -> Int? {
  var factor = 2
  while factor * factor <= p {
    if p % factor == 0 { return factor }
    factor += 1
  }
  return nil
}
