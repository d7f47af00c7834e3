import Foundation
import Kramers
import KramersStore
import Testing

/// What a look at a hostile file came to.
struct Look {
  var opened = false
  var sentence = ""
  var seconds = 0.0
}

/// Writes the bytes into the folder as the only file, opens it in every way there is, uses what comes
/// out, and expects the file and the folder to be as they were.
func look(at bytes: [UInt8], in folder: Folder, _ comment: Comment) throws -> Look {
  let path = folder.file()
  #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)), comment)
  var look = Look()
  let start = ContinuousClock.now
  do {
    let contents = try SessionFile.open(path)
    look.seconds = seconds(since: start)
    look.opened = true
    use(contents)
  } catch {
    look.seconds = seconds(since: start)
    look.sentence = error.description
    #expect(error.kind == .corrupt || error.kind == .newer, comment)
    #expect(error.reason.utf8.count < 400, comment)
  }
  let again = ContinuousClock.now
  _ = try? SessionFile.summary(path)
  if let file = try? SessionFile(path: path) {
    #expect(file.readOnlyReason == nil, comment)
    let contents = try? file.contents()
    #expect((contents != nil) == look.opened, comment)
  } else {
    #expect(!look.opened, comment)
  }
  look.seconds = max(look.seconds, seconds(since: again) / 3)
  #expect(FileManager.default.contents(atPath: path) == Data(bytes), comment)
  #expect(folder.names == ["s.kramers"], comment)
  return look
}

private func seconds(since start: ContinuousClock.Instant) -> Double {
  (ContinuousClock.now - start) / .seconds(1)
}

/// Measures and trains everything that a session holds: it must be as good as if it had been made
/// by hand.
func use(_ contents: SessionContents) {
  for state in [contents.state, contents.interrupted?.start].compactMap({ $0 }) {
    for object in state.objects {
      switch object {
      case .data(let data): _ = data.checksum
      case .experiment(let experiment), .snapshot(let experiment): use(experiment)
      case .states(let states, let owner):
        states.forEach(use)
        guard case .experiment = state.objects[owner] else {
          Issue.record("states without an experiment")
          continue
        }
      }
    }
  }
  contents.interrupted?.calls.forEach { $0.experiments.forEach(use) }
}

func use(_ experiment: Experiment) {
  var experiment = experiment
  _ = try? experiment.measure()
  _ = try? experiment.train(TrainingOptions(steps: 2))
  _ = try? experiment.phases()
}
