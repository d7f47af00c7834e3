import Testing

@testable import Kramers

@Suite("shares of an ensemble")
struct EnsembleShareTests {
  @Test("every unit is that of exactly one share, and joined they are in order")
  func partition() {
    for total in [0, 1, 2, 7, 16, 33] {
      for count in 1...9 {
        for offset in [0, 1, 5, 12] {
          let shares = (0..<count).map {
            EnsembleShare(index: $0, count: count, offset: offset)
          }
          for unit in 0..<total { #expect(shares.count { $0.owns(unit) } == 1) }
          let units = shares.map { share in Array(share.units(of: total)) }
          for (share, own) in zip(shares, units) { #expect(own.allSatisfy(share.owns)) }
          #expect(
            EnsembleShare.join(units, offset: offset, total: total) == Array(0..<total))
          // No two differ by more than one unit.
          let counts = units.map(\.count)
          #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
        }
      }
    }
    #expect(EnsembleShare.join([[1], [2]], offset: 0, total: 3) == nil)
  }

  @Test("parts of an ensemble of escapes, through bytes, are the whole one", arguments: [1, 3, 40])
  func escapes(count: Int) throws {
    var settings = Settings()
    settings.learningRate = 0.2
    settings.l2 = 0.3
    settings.temperature = 0.0139 / 3
    let experiment = try Experiment(
      data: .population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
      settings: settings, initialization: .zero)
    var request = EscapeRequest(settings: settings, seed: 4)
    request.replicas = 20
    let whole = try experiment.measureEscape(request, threads: 2)
    var parts: [EscapePart] = []
    for index in 0..<count {
      let share = EnsembleShare(index: index, count: count, offset: 2)
      request.share = share
      let part = try experiment.measureEscape(request, threads: 2).outcomes.part(share)
      #expect(part.isComplete && part.total == 20)
      var writer = ByteWriter()
      part.write(to: &writer)
      var reader = ByteReader(writer.bytes)
      parts.append(try EscapePart(from: &reader))
      #expect(EnsembleProgress(part, of: share)?.part(share) == part)
    }
    request.share = nil
    let joined = try #require(EnsembleProgress(joining: parts, offset: 2))
    let merged = try experiment.measureEscape(request, threads: 1, resuming: joined)
    #expect(merged.times == whole.times && merged.escaped == whole.escaped)
    #expect(merged.rate.tau == whole.rate.tau && merged.residence == whole.residence)
    #expect(merged.outcomes == whole.outcomes)
    let again = try experiment.measureEscape(request, threads: 1, resuming: merged.outcomes)
    #expect(again.residence == whole.residence && again.steps == whole.steps)
    // A part of another size cannot stand in its place.
    if count == 3 { #expect(EnsembleProgress(joining: parts.dropLast() + [], offset: 2) == nil) }
  }
}
