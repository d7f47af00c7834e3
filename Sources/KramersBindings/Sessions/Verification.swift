#if canImport(Glibc)
  internal import Glibc
#endif
package import Kramers
import KramersStore
package import Lua

/// What running a session's journal again has shown.
package struct Verification {
  var path: String
  var entries: Int
  /// Variables compared, and the experiments among what they reach.
  var variables: Int
  var experiments: Int
  var differences: [Difference]
  /// Data sets that the entries read again, and that are others now.
  var changedData: [String]
  /// Why a difference may be no fault: entries that were interrupted and never resumed.
  var unfinished: [Int]
  package var isSame: Bool { differences.isEmpty }

  struct Difference {
    var name: String
    var stored: String
    var replayed: String
  }

  package var record: Record {
    [
      "kind": "verification", "session": path, "verdict": isSame ? "same" : "different",
      "entries": entries, "variables": variables, "experiments": experiments,
      "changed_data": changedData.isEmpty ? nil : changedData,
      "interrupted": unfinished.isEmpty ? nil : unfinished.map { $0 + 1 },
      "differences": differences.map { difference -> Record in
        [
          "name": difference.name, "stored": difference.stored, "replayed": difference.replayed,
        ]
      },
    ]
  }
}

extension Program {
  /// Runs the journal of a session again in an interpreter of its own, and compares every variable,
  /// result and weight with what the file holds.
  ///
  /// Files that the entries read are read again; Kramers' own verbs write none, `io.write` and
  /// `os.execute` do what they did.
  package func verify(_ path: String) throws -> Verification {
    let contents = try SessionFile.open(path)
    if let reason = sandboxRefusal(of: contents.journal) {
      throw VerbError("session.verify", "\(path): \(reason)")
    }
    let replay = try Program(replayOptions)
    LuaSignals.install(replay.lua.interrupt)
    let watch = try LimitWatch(options.limits, of: replay)
    defer {
      watch.end()
      LuaSignals.install(lua.interrupt)
      if replay.lua.interrupt.isRequested { lua.interrupt.request() }
    }
    var failures: [Verification.Difference] = []
    var unfinished: Set<Int> = []
    try withoutStandardOutput {
      replay.session.beginReplay()
      for (index, entry) in contents.journal.enumerated() {
        if let resumed = resumedEntry(index, of: contents.journal) { unfinished.remove(resumed) }
        if let failure = try replay.replay(entry) {
          failures.append(
            .init(name: "entry \(index + 1)", stored: entry.outcome.rawValue, replayed: failure))
        }
        if entry.outcome == .interrupted || entry.outcome == .running, !entry.isResume {
          unfinished.insert(index)
        }
        if replay.lua.interrupt.isRequested {
          if let limit = watch.limit(in: replay) { throw LimitError(limit) }
          throw LuaInterrupted()
        }
      }
    }
    var comparison = try StateComparison(contents.state, replay.sessionState().state)
    comparison.compare()
    return Verification(
      path: path, entries: contents.journal.count, variables: comparison.variables,
      experiments: comparison.experiments, differences: failures + comparison.differences,
      changedData: comparison.changedData,
      unfinished: unfinished.sorted())
  }

  private var replayOptions: ProgramOptions {
    var replay = options
    replay.seed = 0
    replay.isQuiet = true
    return replay
  }

  /// - Returns: how it ended, if not as it did.
  private func replay(_ entry: JournalEntry) throws -> String? {
    switch entry.outcome {
    case .interrupted, .running:
      // `resume()` may come, and begins where this entry would have.
      session.begin(entry)
      if !entry.isResume {
        chronicle.interruptedEntry = ResumableEntry(
          session.journal.count - 1, entry, log: EntryLog(), start: try EntryStart(self))
      }
      return nil
    case .error where entry.isResume && entry.message?.contains(ResumeError.prefix) == true:
      // It could not go on, and changed nothing: what it could not bear may be as it was by now.
      session.begin(entry)
      return nil
    case .ok, .error:
      if entry.kind == .script {
        try setArguments(script: String(entry.chunkName.dropFirst()), entry.arguments)
      }
      do {
        let values = try run(
          entry: entry.source, kind: entry.kind, chunkName: entry.chunkName,
          arguments: entry.arguments)
        if entry.kind == .entry { try remember(values) }
        return entry.outcome == .ok ? nil : "no error"
      } catch {
        if entry.outcome == .error || error.isExit { return nil }
        return "\(error)".split(separator: "\n").first.map(String.init) ?? "an error"
      }
    }
  }

  /// `_` is the last value, `_1` ... `_9` those before it.
  package func remember(_ values: [LuaValue]) throws {
    guard let value = values.first, values.contains(where: { !$0.isNil }) else { return }
    let globals = try lua.globals
    for n in stride(from: 9, through: 1, by: -1) {
      let earlier = try globals.rawGet(LuaValue(n == 1 ? "_" : "_\(n - 1)"))
      if !earlier.isNil { try globals.rawSet(LuaValue("_\(n)"), earlier) }
    }
    try globals.rawSet("_", value)
  }

  /// What entries print again goes nowhere.
  private func withoutStandardOutput(_ body: () throws -> Void) throws {
    finish()
    let kept = dup(1)
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard kept >= 0, nowhere >= 0 else {
      throw FileError("/dev/null", String(cString: strerror(errno)))
    }
    dup2(nowhere, 1)
    close(nowhere)
    defer {
      finish()
      dup2(kept, 1)
      close(kept)
    }
    try body()
  }
}

/// In a replay `exit()` ends its entry, not the program.
struct ExitError: Error, CustomStringConvertible {
  var description: String { "exit" }
}

extension Error {
  fileprivate var isExit: Bool { (self as? LuaError)?.underlying is ExitError }
}
