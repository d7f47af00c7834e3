import Testing

@testable import Kramers

/// (a, b, c) of every row.
private func triples(_ samples: Samples?, p: Int) -> [[Int]] {
  guard let samples else { return [] }
  return (0..<samples.count).map { n in
    let x = samples.x[n * 2 * p..<(n + 1) * 2 * p]
    let y = samples.y[n * p..<(n + 1) * p]
    #expect(x.filter { $0 == 1 }.count == 2 && x.filter { $0 == 0 }.count == 2 * p - 2)
    return [
      x.prefix(p).firstIndex(of: 1)! - x.startIndex,
      x.suffix(p).firstIndex(of: 1)! - x.startIndex - p,
      y.firstIndex(of: 1)! - y.startIndex,
    ]
  }
}

@Suite("data.modular")
struct ModularTaskTests {
  @Test("every pair once, with the right result", arguments: ModularOperation.allCases)
  func table(operation: ModularOperation) throws {
    for p in [2, 3, 7, 11] {
      let data = try Dataset.modular(p: p, operation: operation, fraction: 0.5, seed: 3)
      let rows = triples(data.train, p: p) + triples(data.test, p: p)
      #expect(Set(rows.map { $0[0] * p + $0[1] }).count == rows.count)
      #expect(rows.count == p * (operation == .divide ? p - 1 : p))
      for row in rows {
        let (a, b, c) = (row[0], row[1], row[2])
        switch operation {
        case .add: #expect(c == (a + b) % p)
        case .subtract: #expect((c + b) % p == a)
        case .multiply: #expect(c == a * b % p)
        case .divide: #expect(c * b % p == a && b != 0)
        }
      }
      #expect(data.isClassification)
    }
  }

  @Test("fraction and seed choose the training set")
  func division() throws {
    let data = try Dataset.modular(p: 31, fraction: 0.4, seed: 1)
    #expect("\(data)" == "modular: 384 samples (577 test), 62 inputs, 31 outputs")
    #expect(try Dataset.modular(p: 31, fraction: 0.4, seed: 1).train == data.train)
    #expect(try Dataset.modular(p: 31, fraction: 0.4, seed: 2).train != data.train)
    #expect(try Dataset.modular(p: 31, fraction: 1).test == nil)
  }

  @Test("wrong options are refused")
  func refusals() {
    func message(_ p: Int, _ operation: ModularOperation = .add, _ fraction: Double = 0.5) -> String
    {
      refusal { () throws(InputError) in
        try Dataset.modular(p: p, operation: operation, fraction: fraction)
      }
    }
    #expect(message(1) == "p must be at least 2, got 1")
    #expect(message(-5) == "p must be at least 2, got -5")
    #expect(message(Int.max).contains("GiB of memory"))
    #expect(message(15, .divide) == "division modulo p needs a prime p, got 15 = 3 * 5")
    #expect(message(5, .add, 0) == "fraction must be in (0, 1], got 0")
    #expect(message(5, .add, .nan) == "fraction must be in (0, 1], got nan")
    #expect(message(5, .add, 0.01) == "fraction = 0.01 of 25 pairs leaves the training set empty")
    #expect(message(5, .add, 0.99) == "fraction = 0.99 of 25 pairs leaves the test set empty")
  }
}
