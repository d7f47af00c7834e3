import Foundation
import Kramers
import Testing

@testable import KramersStore

@Suite("the cost of a save", .serialized)
struct SpeedTests {
  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try body()
    let (whole, rest) = (ContinuousClock.now - start).components
    return Double(whole) + Double(rest) * 1e-18
  }

  @Test("of 1e6 parameters and 10 MB of globals is well below a second")
  func large() throws {
    let folder = try Folder()
    let data = try Dataset.gaussian(
      singular: [Double](repeating: 1, count: 10), inputs: 100, samples: 1000, test: 1000, seed: 1)
    var experiment = try Experiment(
      data: data, network: Network(widths: [100, 909, 990, 10], activation: .tanh), seed: 1)
    var contents = SessionContents()
    contents.state.objects = [.experiment(experiment)]
    contents.state.values = (0..<10_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761) }
    let file = try SessionFile(path: folder.file())
    let first = try seconds { try file.save(contents) }
    let nothing = try seconds { try file.save(contents) }
    contents.saved = 5
    let row = try seconds { try file.save(contents) }
    var again: [Double] = []
    for k in 0..<5 {
      contents.state.values[k] ^= 1
      try experiment.setParameters(experiment.state.parameters.map { $0 + 1 })
      contents.state.objects = [.experiment(experiment)]
      again.append(try seconds { try file.save(contents) })
    }
    let opened = try seconds { _ = try SessionFile.open(folder.file()) }
    let size = bytes(of: folder.file()).count
    print("first \(first) nothing \(nothing) row \(row) again \(again) open \(opened) size \(size)")
    // Other suites run meanwhile; alone it takes a tenth of this.
    #expect(first < 1 && nothing < 0.3)
  }

  private func images() -> Dataset {
    var x = [Double](repeating: 0, count: 60_000 * 784)
    for k in stride(from: 0, to: x.count, by: 997) { x[k] = Double(k) }
    return Dataset(
      name: "idx",
      train: Samples(
        count: 60_000, inputs: 784, outputs: 1, x: x, y: [Double](repeating: 1, count: 60_000)))
  }

  @Test("and the checksum of a data set of MNIST's size is computed once")
  func checksum() throws {
    let data = images()
    let copy = data
    let first = seconds { _ = data.checksum }
    let second = seconds { _ = copy.checksum }
    print("checksum of 376 MB \(first) s, again \(second) s")
    #expect(first < 1 && second < 0.01)
  }

  @Test(
    "and such a data set is written once",
    .enabled(if: ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil))
  func dataset() throws {
    let folder = try Folder()
    var experiment = try Experiment(data: images(), network: Network(widths: [784, 10, 1]))
    var contents = SessionContents()
    contents.state.objects = [.experiment(experiment)]
    let file = try SessionFile(path: folder.file())
    let first = try seconds { try file.save(contents) }
    try experiment.setParameters(experiment.state.parameters.map { $0 + 1 })
    contents.state.objects = [.experiment(experiment)]
    let second = try seconds { try file.save(contents) }
    let opened = try seconds { _ = try SessionFile.open(folder.file()) }
    let summary = try seconds { _ = try SessionFile.summary(folder.file()) }
    print("376 MB: saved \(first) s, again \(second) s, opened \(opened) s, summary \(summary) s")
    #expect(second < 0.3 && summary < 0.3)
  }
}
