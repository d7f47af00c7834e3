import CResources
import Foundation
import Testing

@testable import Kramers

@Suite("data.digits")
struct DigitsTests {
  /// `zcat digits.csv.gz | awk -F, '{c[$NF]++} END {for (k in c) print k, c[k]}' | sort`
  private let perClass = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]

  @Test("the shipped file is the published one, byte for byte")
  func resource() throws {
    let resource = kr_digits()
    let shipped = Data(bytes: resource.bytes, count: resource.count)
    #expect(shipped.prefix(2) == Data([0x1f, 0x8b]))
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let original = package.appending(path: "../shared/data/digits.csv.gz").standardizedFileURL
    guard let bytes = try? Data(contentsOf: original) else {
      print("skipped the comparison of digits.csv.gz: ../shared/data is not there")
      return
    }
    #expect(bytes == shipped)
  }

  @Test("every class has its count, pixels are sixteenths from 0 to 1, targets one-hot")
  func counts() throws {
    let data = try Dataset.digits(seed: 1)
    #expect(data.summary == "digits: 1438 samples (359 test), 64 inputs, 10 outputs")
    #expect(data.isClassification)
    let (train, test) = (try #require(data.train), try #require(data.test))
    var found = [Int](repeating: 0, count: 10)
    for samples in [train, test] {
      for n in 0..<samples.count {
        found[try #require(samples.y[n * 10..<n * 10 + 10].firstIndex(of: 1)) - n * 10] += 1
      }
    }
    #expect(found == perClass)
    let pixels = train.x + test.x
    #expect(pixels.allSatisfy { (0...1).contains($0) && ($0 * 16).rounded() == $0 * 16 })
    #expect(pixels.max() == 1 && pixels.min() == 0)
    // `zcat digits.csv.gz | awk -F, '{for (i = 1; i < NF; i++) s += $i} END {print s}'`
    #expect(pixels.reduce(0, +) * 16 == 561_718)
  }

  @Test("the first row of the file is the first of the table")
  func firstRow() throws {
    let table = try DigitsTable.shipped.get()
    // `zcat digits.csv.gz | head -1 | cut -d, -f 1-16,65`
    #expect(
      table.pixels[..<16].map { $0 * 16 } == [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0])
    #expect(table.labels[0] == 0)
  }

  @Test("classes are kept in ascending order, one output each")
  func classes() throws {
    let data = try Dataset.digits(classes: [7, 1, 4], train: 1)
    let train = try #require(data.train)
    #expect(data.test == nil && data.outputs == 3)
    #expect(train.count == perClass[1] + perClass[4] + perClass[7])
    for (k, digit) in [1, 4, 7].enumerated() {
      let count = (0..<train.count).reduce(0) { $0 + train.y[$1 * 3 + k] }
      #expect(count == Double(perClass[digit]))
    }
  }

  @Test("the division depends on the seed alone and loses no row")
  func division() throws {
    let a = try Dataset.digits(train: 0.3, seed: 9)
    let b = try Dataset.digits(train: 0.3, seed: 9)
    #expect(a.train == b.train && a.test == b.test && a.sampleCount == 539)
    #expect(a.train != (try Dataset.digits(train: 0.3, seed: 10)).train)
    func sorted(_ data: Dataset) -> [[Double]] {
      var rows: [[Double]] = []
      for samples in [data.train, data.test] {
        guard let samples else { continue }
        for n in 0..<samples.count { rows.append(Array(samples.x[n * 64..<n * 64 + 64])) }
      }
      return rows.sorted { $0.lexicographicallyPrecedes($1) }
    }
    #expect(sorted(a) == sorted(try Dataset.digits(train: 1)))
  }

  @Test("center subtracts the training means from both sets")
  func centered() throws {
    let raw = try Dataset.digits(seed: 2)
    let data = try Dataset.digits(center: true, seed: 2)
    #expect(!data.isClassification)
    let (train, test) = (try #require(data.train), try #require(data.test))
    let (rawTrain, rawTest) = (try #require(raw.train), try #require(raw.test))
    for j in 0..<64 {
      let mean = (0..<train.count).reduce(0) { $0 + train.x[$1 * 64 + j] } / Double(train.count)
      #expect(abs(mean) < 1e-13)
      let shift = rawTrain.x[j] - train.x[j]
      for n in 0..<test.count {
        #expect(abs(rawTest.x[n * 64 + j] - test.x[n * 64 + j] - shift) < 1e-13)
      }
    }
    for k in 0..<10 {
      let mean = (0..<train.count).reduce(0) { $0 + train.y[$1 * 10 + k] } / Double(train.count)
      #expect(abs(mean) < 1e-13)
    }
    // Ten centred one-hot targets sum to zero, so they have nine modes.
    let values = data.singularValues()
    #expect(values.count == 10 && values[9] < 1e-12 && values[8] > 1e-3)
  }

  @Test("wrong options are refused with name, value and rule")
  func refusals() {
    func message(_ classes: [Int]? = nil, train: Double = 0.8) -> String {
      do throws(InputError) {
        return "accepted: \(try Dataset.digits(classes: classes, train: train))"
      } catch { return "\(error)" }
    }
    #expect(message([1, 10]) == "classes[2] must be a digit from 0 to 9, got 10")
    #expect(message([-1, 1]) == "classes[1] must be a digit from 0 to 9, got -1")
    #expect(message([3, 5, 3]) == "classes must differ, got 3 twice")
    #expect(message([3]) == "classes must hold at least two digits, got 1")
    #expect(message([]) == "classes must hold at least two digits, got 0")
    #expect(message(train: 0) == "train must be in (0, 1], got 0")
    #expect(message(train: 1.01) == "train must be in (0, 1], got 1.01")
    #expect(message(train: .nan) == "train must be in (0, 1], got nan")
    #expect(
      message(train: 1e-9) == "train = 1e-09 of 1797 samples leaves the training set empty")
    #expect(
      message(train: 0.9999) == "train = 0.9999 of 1797 samples leaves the test set empty")
  }

  @Test("a table that is not what it should be is refused by row and column")
  func corruptTable() throws {
    let good = Array(repeating: "16", count: 64) + ["9"]
    func message(_ change: (inout [String]) -> Void) -> String {
      var bad = good
      change(&bad)
      let csv = good.joined(separator: ",") + "\n" + bad.joined(separator: ",")
      do throws(InputError) {
        return "accepted \(try DigitsTable(csv: Array(csv.utf8)).labels)"
      } catch { return "\(error)" }
    }
    #expect(message { _ in } == "accepted [9, 9]")
    #expect(message { $0.removeLast() } == "digits row 2 has 64 fields, not 65")
    #expect(message { $0.append("1") } == "digits row 2 has 66 fields, not 65")
    for field in ["17", "", "-1", "1.5", " 1", "016", "x"] {
      #expect(
        message { $0[3] = field } == "digits row 2, column 4 must be a whole number from 0 to 16")
    }
    #expect(
      message { $0[64] = "10" } == "digits row 2, column 65 must be a whole number from 0 to 9")
  }
}
