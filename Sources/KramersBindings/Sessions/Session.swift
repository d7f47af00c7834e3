#if canImport(Glibc)
  internal import Glibc
#endif
import Kramers
package import KramersStore
import Lua

/// The session under way: its journal, its file, and when it is saved next.
package final class Session {
  /// Seconds of work between two autosaves; 0 for none. `KRAMERS_AUTOSAVE` changes it.
  private let interval: Double
  /// A save may cost this share of the time since the one before.
  private static let share = 1.0 / 200
  /// That the program began with.
  private let seed: UInt64
  /// Whether its entries run in a sandbox.
  private let isSandboxed: Bool
  package private(set) var journal: [JournalEntry] = []
  private(set) var file: SessionFile?
  /// Whether the file is one that the program chose, to be removed when the user leaves.
  private(set) var isAutosave = false
  /// In a shell entries can be resumed, and the session is saved without being asked.
  package var isShell = false
  var created = wallClock()
  /// The global variables, with the index of the entry that gave them their value.
  var globals: [LuaValue: (value: LuaValue, entry: Int)] = [:]
  /// Whether there is anything that no file holds.
  private(set) var isUnsaved = false
  private var lastSave = ContinuousClock.now
  private var lastCost = Duration.zero
  private var workSinceSave = 0.0
  /// Why the last save failed.
  private(set) var lastFailure: String?
  /// Whether the entry under way was saved on the user's word: its end belongs into the file too.
  var isSavedInside = false
  private var isReplay = false
  /// Whether the entry under way belongs to the journal before the one that was opened.
  private var isEntryForeign = false

  init(seed: UInt64, isSandboxed: Bool = false) {
    self.seed = seed
    self.isSandboxed = isSandboxed
    interval =
      getenv("KRAMERS_AUTOSAVE").flatMap { Double(String(cString: $0)) } ?? 120
  }

  /// Whether the calls of entries are logged, for `resume()`.
  var keepsLog: Bool { isShell || file != nil }

  /// Whether an entry is saved as it begins: a script may run for days.
  var savesAtOnce: Bool { file != nil && !isShell }

  /// The number of the entry under way, counted from 1; nil between entries.
  var entryUnderWay: Int? { journal.last?.outcome == .running ? journal.count : nil }

  // MARK: Journal

  func begin(_ entry: JournalEntry) {
    if journal.isEmpty, seed != 0, !isReplay {
      // So that the journal says all: `kramers --seed 7`.
      journal.append(
        JournalEntry(
          kind: .code, source: Array("shell.seed(\(Int64(bitPattern: seed)));".utf8),
          chunkName: "=(--seed)", started: entry.started, outcome: .ok))
    }
    markSandbox()
    journal.append(entry)
    isUnsaved = true
  }

  /// The journal says that strangers wrote it: it goes on in a sandbox alone.
  private func markSandbox() {
    guard isSandboxed, !isReplay, !journal.contains(where: \.isMarkOfSandbox) else { return }
    journal.append(.markOfSandbox)
  }

  func end(_ outcome: JournalEntry.Outcome, _ message: String?, seconds: Double) {
    guard !isEntryForeign, !journal.isEmpty else {
      isEntryForeign = false
      return
    }
    isUnsaved = true
    journal[journal.count - 1].outcome = outcome
    journal[journal.count - 1].message = message
    journal[journal.count - 1].seconds = seconds
    workSinceSave += seconds
  }

  /// Notes what was done outside of Lua, as a comment.
  package func note(_ comment: String) {
    begin(
      JournalEntry(
        kind: .entry, source: Array(comment.utf8), chunkName: "=[\(journal.count + 1)]",
        started: wallClock()))
    end(.ok, nil, seconds: 0)
  }

  /// Takes the journal of an opened session; the entry under way goes on behind it.
  func adopt(_ contents: SessionContents) {
    let underWay = journal.last.flatMap { $0.outcome == .running ? $0 : nil }
    journal = contents.journal
    // `:open` itself is no part of the session that it opens.
    isEntryForeign = underWay?.isAboutSessions == true
    markSandbox()
    if let underWay, !isEntryForeign { journal.append(underWay) }
    created = contents.created
    globals = [:]
    isUnsaved = false
  }

  // MARK: File

  /// Where the session is saved from now on.
  func attach(_ file: SessionFile?, isAutosave: Bool = false) {
    self.file = file
    self.isAutosave = isAutosave
  }

  /// When work that can stop is to be stopped for a save; nil: never.
  var nextAutosave: ContinuousClock.Instant? {
    guard interval > 0, file != nil || isShell, file?.readOnlyReason == nil, !isReplay else {
      return nil
    }
    return lastSave + max(.seconds(interval), lastCost / Self.share)
  }

  /// Whether to save at the end of an entry: a named session soon, another after some work.
  func isDueAfterEntry(isInterrupted: Bool) -> Bool {
    guard !isReplay, file?.readOnlyReason == nil else { return false }
    if isSavedInside { return true }
    guard interval > 0 else { return false }
    let elapsed = lastSave.duration(to: .now)
    if file != nil, !isAutosave { return elapsed >= lastCost * 50 }
    guard isShell else { return false }
    let enough = isInterrupted ? 1.0 : 10.0
    return workSinceSave >= enough && elapsed >= lastCost / Self.share
  }

  /// Saves and takes the time that it cost.
  func save(_ contents: SessionContents, to file: SessionFile) throws {
    let start = ContinuousClock.now
    try file.save(contents)
    lastSave = .now
    lastCost = start.duration(to: lastSave)
    workSinceSave = 0
    isUnsaved = false
    lastFailure = nil
    isSavedInside = false
  }

  /// Whether a failure is another than the last one, which was told.
  func isNews(_ failure: String) -> Bool {
    defer {
      lastFailure = failure
      lastSave = .now
    }
    return failure != lastFailure
  }

  /// Whether a file of the user's does not hold what was done.
  var isLost: Bool {
    guard let file, !isAutosave, isUnsaved else { return false }
    return lastFailure != nil || file.readOnlyReason != nil
  }

  /// From now on the entries are those of another session, run again: nothing is written.
  func beginReplay() { isReplay = true }
  var isReplaying: Bool { isReplay }
}

extension JournalEntry {
  private static let sandboxChunk = "=(--sandbox)"

  /// A statement that does nothing when the journal runs again.
  fileprivate static var markOfSandbox: JournalEntry {
    JournalEntry(
      kind: .code, source: Array("do end -- kramers --sandbox".utf8), chunkName: sandboxChunk,
      started: wallClock(), outcome: .ok)
  }

  var isMarkOfSandbox: Bool { chunkName == Self.sandboxChunk }
}
