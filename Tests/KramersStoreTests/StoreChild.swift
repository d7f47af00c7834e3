import Foundation
import Fuzzing
import Kramers
import Testing

@testable import KramersStore

/// What children of the tests do; in the test program itself nothing.
@Suite("a child", .enabled(if: childRole != nil), .serialized)
struct StoreChild {
  /// Reads mutants until the last, and says on its last line how it went.
  @Test("reads mutants", .enabled(if: childRole == "mutants"))
  func mutants() throws {
    let folder = try Folder()
    let original = bytes(of: childSetting("FILE"))
    try #require(look(at: original, in: folder, "the original").opened)
    let whole = try portrait(SessionFile.open(childSetting("FILE")))
    let before = peakMemory()
    var (opened, worst) = (0, 0.0)
    var seeds = FuzzSeeds("session files: mutants", normal: 500, long: 10_000, share: 0.1)
    while let seed = seeds.next() {
      // A crash leaves the seed behind.
      try? "\(seed)".write(toFile: childSetting("SEED"), atomically: false, encoding: .utf8)
      let look = try look(at: mutant(of: original, seed), in: folder, "seed \(seed)")
      #expect(look.seconds < 2, "seed \(seed)")
      if look.opened {
        opened += 1
        // Hashes cover everything: what opens is what was saved.
        #expect(try portrait(SessionFile.open(folder.file())) == whole, "seed \(seed)")
      }
      worst = max(worst, look.seconds)
    }
    let grown = (peakMemory() - before) >> 20
    #expect(grown < 256)
    print(
      "mutants: \(opened) of \(seeds.count) opened, the slowest took \(Int(worst * 1000)) ms, "
        + "\(grown) MB more at the peak")
  }

  /// Changes one column at random and uses what the reader lets through, without the comparison of
  /// hashes, which whoever writes such a file can make right.
  @Test("reads changed rows", .enabled(if: childRole == "rows"))
  func rows() throws {
    let folder = try Folder()
    let original = bytes(of: childSetting("FILE"))
    let before = peakMemory()
    var (made, opened, worst) = (0, 0, 0.0)
    var seeds = FuzzSeeds("session files: rows", normal: 500, long: 10_000, share: 0.1)
    while let seed = seeds.next() {
      try? "\(seed)".write(toFile: childSetting("SEED"), atomically: false, encoding: .utf8)
      let sql = rowChange(seed)
      guard let hostile = try? edited(original, sql) else { continue }
      made += 1
      #expect(FileManager.default.createFile(atPath: folder.file(), contents: Data(hostile)))
      let start = ContinuousClock.now
      do {
        let contents = try Connection(FilePlace(folder.file()), .reading(size: hostile.count)).run {
          try Schema.check($0)
          return try SessionReader($0, size: hostile.count).contents()
        }
        worst = max(worst, (ContinuousClock.now - start) / .seconds(1))
        opened += 1
        use(contents)
      } catch {
        worst = max(worst, (ContinuousClock.now - start) / .seconds(1))
        #expect(error.kind == .corrupt, "seed \(seed): \(sql): \(error)")
      }
      #expect(folder.names == ["s.kramers"])
    }
    let grown = (peakMemory() - before) >> 20
    #expect(grown < 256 && worst < 2)
    print(
      "rows: \(opened) of \(made) let through, the slowest took \(Int(worst * 1000)) ms, "
        + "\(grown) MB more at the peak")
  }

  /// Changes columns or arrays and makes every hash right again, so that the reader itself has to
  /// tell what it can use.
  @Test("reads changed files with the right hashes", .enabled(if: childRole == "rehashed"))
  func rehashes() throws {
    let folder = try Folder()
    let original = bytes(of: childSetting("FILE"))
    try #require(look(at: rehashed(original), in: folder, "the original").opened)
    #expect(
      try portrait(SessionFile.open(folder.file()))
        == portrait(SessionFile.open(childSetting("FILE")))
    )
    let before = peakMemory()
    var (made, opened, other, worst) = (0, 0, 0, 0.0)
    let whole = try portrait(SessionFile.open(childSetting("FILE")))
    var seeds = FuzzSeeds("session files: rehashed", normal: 500, long: 10_000, share: 0.1)
    while let seed = seeds.next() {
      try? "\(seed)".write(toFile: childSetting("SEED"), atomically: false, encoding: .utf8)
      var hostile = original
      do {
        if seed % 3 == 0 { hostile = try arrayChange(hostile, seed) }
        if seed % 3 != 0 { hostile = try edited(hostile, rowChange(seed)) }
        if seed % 6 > 2 { hostile = try edited(hostile, rowChange(seed + 1_000_000)) }
        hostile = try rehashed(hostile)
      } catch { continue }
      made += 1
      let look = try look(at: hostile, in: folder, "seed \(seed)")
      worst = max(worst, look.seconds)
      guard look.opened else { continue }
      opened += 1
      let contents = try SessionFile.open(folder.file())
      if portrait(contents) != whole { other += 1 }
      // What opens can be saved again.
      let copy = try Folder()
      try SessionFile(path: copy.file()).save(contents)
      #expect(try portrait(SessionFile.open(copy.file())) == portrait(contents), "seed \(seed)")
    }
    let grown = (peakMemory() - before) >> 20
    #expect(grown < 256 && worst < 2)
    // They do get past the hashes.
    #expect(other > Int(seeds.count) / 20)
    print(
      "rehashed: \(opened) of \(made) opened, \(other) of them with other contents, the slowest took "
        + "\(Int(worst * 1000)) ms, \(grown) MB more at the peak")
  }

  /// Saves until it is killed.
  @Test("saves for ever", .enabled(if: childRole == "saves"))
  func saves() throws {
    let file = try SessionFile(path: childSetting("FILE"))
    var contents = try file.contents()
    print("saving")
    for round in 1... {
      contents.saved = Double(round)
      contents.state.values = [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 300_000)
      contents.journal[0].seconds = Double(round)
      try file.save(contents)
      usleep(2_000)
    }
  }

  /// Saves more than it may write.
  @Test("saves too much", .enabled(if: childRole == "limit"))
  func limit() throws {
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit(rlim_cur: 500_000, rlim_max: 500_000)
    #expect(setrlimit(__rlimit_resource_t(1 /* RLIMIT_FSIZE */), &limit) == 0)
    let file = try SessionFile(path: childSetting("FILE"))
    var contents = try file.contents()
    contents.state.values = [UInt8](repeating: 1, count: 1_000_000)
    do {
      try file.save(contents)
      Issue.record("saved beyond the limit")
    } catch { print("sentence: \(error)") }
    contents.state.values = []
    try file.save(contents)
  }

  /// Has no right to write.
  @Test("may not write", .enabled(if: childRole == "nobody"))
  func nobody() throws {
    let folder = childSetting("FILE")
    #expect(chmod(folder, 0o555) == 0)
    if getuid() == 0 { #expect(setuid(65_534) == 0) }
    let file = try SessionFile(path: folder + "/s.kramers")
    #expect(file.readOnlyReason == "lies in a folder that may not be written")
    #expect(try file.contents().journal.count == 4)
    let error = refusal { () throws(SessionError) in try file.save(SessionContents()) }
    #expect(error.reason == "cannot be saved: it lies in a folder that may not be written")
    let locked = try SessionFile(path: folder + "/locked.kramers")
    #expect(locked.readOnlyReason == "may not be written: Permission denied")
    #expect(try SessionFile.open(folder + "/locked.kramers").journal.count == 4)
    let secret = refusal { () throws(SessionError) in
      _ = try SessionFile.open(folder + "/secret.kramers")
    }
    #expect(secret.reason == "cannot be opened: Permission denied")
    let attached = refusal { () throws(SessionError) in
      _ = try SessionFile(path: folder + "/secret.kramers")
    }
    #expect(attached.reason == "cannot be opened: Permission denied")
    let new = refusal { () throws(SessionError) in _ = try SessionFile(path: folder + "/new") }
    #expect(new.reason == "cannot be made: Permission denied")
    let removal = refusal { () throws(SessionError) in
      try SessionFile.remove(folder + "/s.kramers")
    }
    #expect(removal.reason == "cannot be deleted: Permission denied")
  }
}
