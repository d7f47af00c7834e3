import Foundation
import Testing

extension SessionFolder {
  /// Begins a run, kills it up to five times, and lets it end: what it says must be that of the
  /// whole run.
  ///
  /// - Returns: how often it was killed.
  func killAndResume(
    _ script: [String], session: String, autosave: Double?, whole: Run,
    _ generator: inout SeededGenerator
  ) throws -> Int {
    let begin = ["--session", session] + script
    var end: Run?
    var outputs: [String] = []
    for round in 0..<5 {
      // Killed before anything was saved, it begins again.
      let exists = FileManager.default.fileExists(atPath: session)
      let arguments = ["--threads", "\(1 + round % 2)"] + (exists ? ["--resume", session] : begin)
      let run = try start(arguments, autosave: autosave)
      usleep(UInt32.random(in: 0..<500_000, using: &generator))
      run.send(SIGKILL)
      let ended = try run.finish()
      if ended.signal == nil {
        end = ended
        break
      }
      outputs.append(ended.output)
    }
    let exists = FileManager.default.fileExists(atPath: session)
    var last = try end ?? start(exists ? ["--resume", session] : begin).finish()
    if last.errors.contains(": 0 entries") {
      // Killed between making the file and the first save.
      #expect(last.status == 65)
      last = try start(begin).finish()
    }
    #expect(last.status == 0, "\(script): \(last.errors)")
    if last.errors.contains("nothing was interrupted") {
      // One was killed after its work was done and saved.
      #expect(outputs.contains(whole.output), "\(script) after \(outputs.count) kills")
    } else {
      #expect(last.output == whole.output, "\(script) after \(outputs.count) kills")
    }
    return outputs.count
  }
}

/// Numbers that are the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
