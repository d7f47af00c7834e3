import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// 1e5 rows of 11 columns in the normal suite, 1e6 (100 MB) when KRAMERS_LONG is set.
private let rows = getenv("KRAMERS_LONG") == nil ? 100_000 : 1_000_000

/// Columns of numbers such as `0.1234567`, nine bytes with the comma.
private func table() -> [UInt8] {
  let random = RandomStream(seed: 5, purpose: .data)
  var bytes: [UInt8] = []
  bytes.reserveCapacity(rows * 110)
  for row in 0..<rows {
    for column in 0..<11 {
      let w = random.words(step: UInt64(row), UInt32(column))
      var n = w[0] % 10_000_000
      bytes += [w[1] & 1 == 0 ? UInt8(ascii: "0") : UInt8(ascii: "7"), UInt8(ascii: ".")]
      for _ in 0..<7 - (column % 3 == 0 ? 1 : 0) {
        bytes.append(UInt8(ascii: "0") + UInt8(n % 10))
        n /= 10
      }
      bytes.append(column == 10 ? UInt8(ascii: "\n") : UInt8(ascii: ","))
    }
  }
  return bytes
}

private func peakMemory() -> Double {
  var usage = rusage()
  getrusage(0 /* RUSAGE_SELF */, &usage)
  return Double(usage.ru_maxrss) * 1024
}

@Suite("the cost of a csv", .enabled(if: getenv("KRAMERS_LONG") != nil))
struct CSVCostTests {
  @Test("100 MB in under 3 seconds and under 4 times its size")
  func cost() throws {
    let bytes = table()
    let before = peakMemory()
    let clock = ContinuousClock()
    var data: Dataset?
    let time = try clock.measure { data = try Dataset.csv(bytes, targets: [11]) }
    let memory = peakMemory() - before + Double(bytes.count)
    print("csv: \(bytes.count) bytes, \(time), \(memory / Double(bytes.count)) times its size")
    #expect(data?.sampleCount == rows && data?.inputs == 10)
    #expect(time < .seconds(3))
    #expect(memory < 4 * Double(bytes.count))
  }
}
