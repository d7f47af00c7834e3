import Testing

@testable import Kramers

private let text = "a,b,y\n1,2,3\n\nnan,1,2\n3,,1\n4,NA,2\n5,6,?\n7,inf,1\n8,9,10\n"
private let hint = "; missing = \"drop\" leaves such rows out"

private func csv(_ text: String, _ missing: MissingNumbers) throws(InputError) -> Dataset {
  try Dataset.csv(Array(text.utf8), targets: ["y"], missing: missing, file: "d.csv")
}

private func experiment(_ data: Dataset) throws -> Experiment {
  try Experiment(data: data, network: Network(widths: [data.inputs, 2, data.outputs]))
}

/// The sentence with which `body` fails.
private func failure(_ body: () throws -> some Any) -> String {
  do { return "accepted: \(try body())" } catch { return "\(error)" }
}

/// A .npy file of doubles, row-major.
private func npy(_ rows: Int, _ columns: Int, _ values: [Double]) -> [UInt8] {
  let header = "{'descr':'=f8','fortran_order':False,'shape':(\(rows),\(columns))}"
  var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0]
  bytes += Array(header.utf8)
  for value in values { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
  return bytes
}

@Suite("missing numbers")
struct MissingNumbersTests {
  @Test("rows with missing numbers are left out on request, and counted")
  func dropped() throws {
    let data = try csv(text, .drop)
    #expect(
      data.train == Samples(count: 2, inputs: 2, outputs: 1, x: [1, 2, 8, 9], y: [3, 10]))
    #expect(data.dropped == 5)
    #expect("\(data)" == "csv, 5 rows dropped: 2 samples, 2 inputs, 1 output")
    #expect(try data.subsample(n: 1).dropped == 5 && data.whitened().dropped == 5)
    #expect("\(try csv("a,y\n1,2\n", .drop))" == "csv: 1 sample, 1 input, 1 output")
    _ = try experiment(data)
    #expect(
      failure { try csv("a,y\nnan,2\n,3\n", .drop) }
        == "csv: a number is missing in every row, so missing = \"drop\" leaves none")
  }

  @Test("what is no number, too large, or ragged is refused under every rule")
  func refused() {
    for missing in [MissingNumbers.refuse, .drop, .keep] {
      for (row, words) in [
        ("1,x,2", "line 2, column 2 (b) must be a number, got 'x'"),
        ("1,1e999,2", "line 2, column 2 (b) must be at most 1e+100 in magnitude, got 1e999"),
        ("1,-1e101,2", "line 2, column 2 (b) must be at most 1e+100 in magnitude, got -1e+101"),
        ("1,0x1p3,2", "line 2, column 2 (b) must be a number, got '0x1p3'"),
        ("1,\"2,5\",2", "line 2, column 2 (b) must be a number, got '2,5'"),
        ("nan,2", "line 2 must hold 3 fields like the first row, got 2"),
      ] { #expect(failure { try csv("a,b,y\n\(row)\n", missing) } == words) }
    }
  }

  @Test("kept ones are for looking: an experiment names file, line and column of the first")
  func kept() throws {
    let data = try csv(text, .keep)
    #expect(data.sampleCount == 7 && data.dropped == 0)
    #expect(
      failure { try experiment(data) }
        == "the data holds nan: d.csv, line 4, column 1 (a)" + hint)
    // Lines follow their rows through every way of dividing them.
    for seed in UInt64(0)..<20 {
      let part = try data.subsample(n: 4, seed: seed)
      let found = failure { try experiment(part) }
      let train = try #require(part.train)
      let row = (0..<4).first { n in
        !train.x[2 * n].isFinite || !train.x[2 * n + 1].isFinite || !train.y[n].isFinite
      }
      // 4 of 7 rows, of which 2 are whole.
      let first = try #require(row)
      let key = [train.x[2 * first], train.x[2 * first + 1], train.y[first]]
      let line =
        key[0].isNaN
        ? "line 4, column 1 (a)"
        : key[0] == 3
          ? "line 5, column 2 (b)"
          : key[0] == 4
            ? "line 6, column 2 (b)"
            : key[0] == 5 ? "line 7, column 3 (y)" : "line 8, column 2 (b)"
      #expect(found.contains("d.csv, \(line)"), "\(found)")
    }
    let inTest = try csv("a,y\n1,2\n3,4\n5,nan\n", .keep)
    let parts = try (UInt64(0)..<10).map { try inTest.split(train: 0.67, seed: $0) }
    #expect(parts.contains { $0.test?.incompleteRows.isEmpty == false })
    for part in parts { #expect(failure { try experiment(part) }.contains("line 4, column 2 (y)")) }
    #expect(
      failure { try experiment(csv("a,y\n1,2\n3,-inf\n", .keep)) }
        == "the data holds -inf: d.csv, line 3, column 2 (y)" + hint)
  }

  @Test("lines are counted through many chunks")
  func chunks() throws {
    var text = "a,b,y\n"
    for n in 0..<200_000 { text += n == 150_000 ? "\n\n1,,2\n" : "\(n).25,1,2\n" }
    #expect(text.utf8.count > 2 << 20)
    #expect(
      failure { try experiment(csv(text, .keep)) }
        == "the data holds nan: d.csv, line 150004, column 2 (b)" + hint)
    let data = try csv(text, .drop)
    #expect(data.sampleCount == 199_999 && data.dropped == 1)
    #expect(data.train?.x[2 * 150_000] == 150_001.25)
  }

  @Test("arrays of numpy: dropped in both sets, or named by file and row")
  func numpy() throws {
    let x = npy(3, 2, [1, 2, 3, .nan, 5, 6])
    let y = npy(3, 1, [1, 2, .infinity])
    func data(_ missing: MissingNumbers) throws(InputError) -> Dataset {
      try Dataset.npy(
        x: x, y: y, testX: x, testY: y, missing: missing, files: ["x": "x (a.npy)"])
    }
    #expect(
      failure { try data(.refuse) }
        == "x (a.npy) row 2, column 2 must be a finite number, got nan" + hint)
    let dropped = try data(.drop)
    #expect(dropped.train?.x == [1, 2] && dropped.test?.y == [1] && dropped.dropped == 4)
    #expect(
      failure { try experiment(data(.keep)) }
        == "the data holds nan: x (a.npy), row 2, column 2" + hint)
    #expect(
      failure { try Dataset.npy(x: npy(1, 1, [1e101]), y: npy(1, 1, [1]), missing: .drop) }
        == "x row 1, column 1 must be at most 1e+100 in magnitude, got 1e+101")
  }

  @Test("no other door lets such numbers into an experiment")
  func doors() throws {
    let bad = Dataset(
      name: "own", train: Samples(count: 2, inputs: 1, outputs: 1, x: [1, 2], y: [1, .nan]))
    #expect(failure { try experiment(bad) } == "the data holds nan: training row 2, target 1")
    let moments = SecondMoments(xx: Matrix(1, 1, [1]), yx: Matrix(1, 1, [.nan]), traceYY: 1)
    #expect(
      failure { try experiment(Dataset(name: "own", population: moments)) }
        .hasPrefix("the second moments of the data are not finite"))
    let huge = Samples(count: 1, inputs: 1, outputs: 1, x: [1e200], y: [1])
    #expect(
      failure { try experiment(Dataset(name: "own", train: huge)) }
        .hasPrefix("the second moments of the data are not finite"))
    // From a session file: data may come back, an experiment over it may not.
    let train = try #require(bad.train)
    let back = try Dataset(
      restoring: bad.label, inputs: 1, outputs: 1, train: train, test: nil,
      moments: bad.moments.flat)
    let network = try Network(widths: [1, 1])
    #expect(
      failure {
        try Experiment(
          restoring: TrainingState(parameters: [1]), data: back, network: network,
          settings: Settings(), initialization: .gaussian, initScale: 1, seed: 0)
      } == "the data holds nan: training row 2, target 1")
  }

  @Test("the count of dropped rows comes back with the label that sessions store")
  func label() throws {
    let data = try csv(text, .drop)
    #expect(data.label == "csv, 5 rows dropped")
    let back = try Dataset(
      restoring: data.label, inputs: 2, outputs: 1, train: data.train, test: nil,
      moments: data.moments.flat)
    #expect(back.name == "csv" && back.dropped == 5 && back.checksum == data.checksum)
    for name in [
      "csv", "csv, 1 rows dropped", "a, b", "csv, 0 rows dropped", "csv, -1 rows dropped",
    ] {
      let found = Dataset.name(fromLabel: name)
      #expect(found.name == name && found.dropped == 0)
    }
    let one = Dataset.name(fromLabel: "csv, 1 row dropped")
    #expect(one.name == "csv" && one.dropped == 1)
  }
}
