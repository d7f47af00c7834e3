import Foundation
import Kramers
import Testing

@testable import KramersStore

@Suite("a session comes back from its file bit for bit")
struct RoundTripTests {
  private func roundTrip(_ contents: SessionContents) throws -> SessionContents {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    try file.save(contents)
    #expect(folder.names == ["s.kramers"])
    let opened = try SessionFile.open(folder.file())
    #expect(try portrait(file.contents()) == portrait(opened))
    return opened
  }

  @Test("with something of everything")
  func everything() throws {
    let contents = try Sample.everything()
    #expect(try portrait(roundTrip(contents)) == portrait(contents))
  }

  @Test("when it is empty")
  func empty() throws {
    let contents = SessionContents()
    #expect(try portrait(roundTrip(contents)) == portrait(contents))
  }

  @Test("in several parts, when an array is larger than one")
  func parts() throws {
    var contents = SessionContents()
    for size in [Schema.partSize - 1, Schema.partSize, Schema.partSize + 1, 2 * Schema.partSize] {
      contents.state.values = (0..<size).map { UInt8(truncatingIfNeeded: $0 >> 3) }
      #expect(try roundTrip(contents).state.values == contents.state.values)
    }
  }

  @Test("with the states of many replicas, entries and results")
  func many() throws {
    var contents = SessionContents()
    let experiment = try Sample.population()
    let states = (0..<20_000).map { replica in
      var state = experiment.state
      state.parameters[0] = Double(replica)
      return experiment.at(state)
    }
    contents.state.objects = [.experiment(experiment), .states(states, owner: 0)]
    contents.journal = (0..<20_000).map { entry in
      JournalEntry(
        kind: .entry, source: [], chunkName: "", started: Double(entry), outcome: .ok)
    }
    contents.variables = (0..<20_000).map { VariableRow(name: "\($0)", kind: "", summary: "") }
    #expect(try portrait(roundTrip(contents)) == portrait(contents))
  }

  @Test("and two objects with equal contents are two")
  func equalObjects() throws {
    var contents = SessionContents()
    let experiment = try Sample.trained()
    contents.state.objects = [.experiment(experiment), .experiment(experiment)]
    contents.state.current = 1
    let opened = try roundTrip(contents)
    #expect(opened.state.objects.count == 2 && opened.state.current == 1)
  }

  @Test("and trains on from there like the one that was saved")
  func resumes() throws {
    var contents = SessionContents()
    var experiment = try Sample.trained()
    contents.state.objects = [.experiment(experiment)]
    let opened = try roundTrip(contents)
    guard case .experiment(var restored) = opened.state.objects.first else {
      Issue.record("no experiment")
      return
    }
    let options = TrainingOptions(steps: 100)
    #expect(try restored.train(options).final == experiment.train(options).final)
    #expect(portrait(restored) == portrait(experiment))
  }

  @Test("through any number of saves, each of them over the last")
  func saves() throws {
    let folder = try Folder()
    let file = try SessionFile(path: folder.file())
    var contents = try Sample.everything()
    for round in 0..<6 {
      contents.saved += 1
      contents.journal.append(contents.journal[round])
      contents.state.values = [UInt8](repeating: UInt8(round), count: 100 * round)
      if round % 2 == 1 { contents.state.objects.removeLast(2) }
      if round % 2 == 1 { contents.state.current = nil }
      if round == 3 { contents.interrupted = nil }
      if round == 4 { contents.journal.removeFirst(3) }
      contents.unsaved = []
      try file.save(contents)
      #expect(try portrait(SessionFile.open(folder.file())) == portrait(contents))
    }
  }

  @Test("and a summary says what it is without reading it all")
  func summary() throws {
    let folder = try Folder()
    let contents = try Sample.everything()
    try SessionFile(path: folder.file()).save(contents)
    let summary = try SessionFile.summary(folder.file())
    #expect(summary.program == "1.4.0" && summary.created == contents.created)
    #expect(summary.saved == contents.saved && summary.journalCount == 4)
    #expect(summary.lastSource == Array("sweep{}".utf8) && summary.interruptedEntry == 3)
    #expect(summary.variableCount == 2 && summary.resultCount == 2)
    #expect(summary.bytes == bytes(of: folder.file()).count)
  }
}
