import Kramers
import KramersStore
package import Lua

/// What the program keeps of what was done: the session with its journal, the entries under way and
/// the one that was interrupted, and where results come from.
package final class Chronicle {
  package let session: Session
  /// Entries whose calls are logged, the innermost last: one inside of `resume()` is the second.
  private(set) var entriesUnderWay: [ResumableEntry] = []
  var entryUnderWay: ResumableEntry? { entriesUnderWay.last }
  /// What `resume()` goes on with.
  var interruptedEntry: ResumableEntry?
  /// Whether the interrupt under way was noted in `interruptedEntry`.
  private var isInterruptNoted = false
  /// What the interrupted verb had so far, until the shell takes it.
  package var interruptedResult: LuaValue?
  /// Result table -> `ProvenanceBox`, with weak keys.
  let provenances: LuaTable
  /// Of the verbs and protocols under way, the innermost last.
  private var origins: [ProvenanceBox] = []
  var origin: ProvenanceBox? { origins.last }
  /// Of the texts of the protocols, by name.
  private var protocolChecksums: [String: UInt64] = [:]

  init(_ session: Session, provenances: LuaTable) {
    self.session = session
    self.provenances = provenances
  }

  // MARK: Entries

  func begin(_ entry: JournalEntry) {
    session.begin(entry)
    isInterruptNoted = false
  }

  /// Runs `body` as the run of an entry with a log.
  func during<Result>(_ entry: ResumableEntry, _ body: () throws -> Result) rethrows -> Result {
    entriesUnderWay.append(entry)
    defer { entriesUnderWay.removeLast() }
    interruptedResult = nil
    return try body()
  }

  /// The entry was left by an interrupt: `resume()` goes on with it.
  func noteInterrupt(of entry: ResumableEntry) {
    // resume() passes on the interrupt of the entry that it runs.
    guard !isInterruptNoted, entry.log.isWorthResuming || !session.isShell else { return }
    // Stopped before it went on, `resume()` leaves what it was to go on with.
    if !session.journal[entry.index].isResume { interruptedEntry = entry }
    isInterruptNoted = true
  }

  /// The program ends inside of them.
  func leaveEntries() { entriesUnderWay = [] }

  /// What goes on after a crash: of an entry that calls `resume()` the one that it resumes.
  var resumableNow: ResumableEntry? {
    guard var entry = entryUnderWay else { return nil }
    // `session.save()` alone keeps what was interrupted before it.
    if interruptedEntry != nil, session.journal[entry.index].isAboutSessions,
      !entry.log.isWorthResuming
    {
      return nil
    }
    if session.journal[entry.index].isResume { return entry.resumed ?? interruptedEntry }
    while let inner = entry.resumed { entry = inner }
    return entry
  }

  // MARK: Inputs and origins

  /// Tells the log of the entry under way what a call has read.
  func noteFiles(_ options: Options) throws {
    guard let log = entryUnderWay?.log else { return }
    for (path, bytes) in options.files.files {
      let checksum = bytes.withUnsafeBytes(StateHash.of)
      try log.note(EntryInput(verb: options.verb, path: path, checksum: checksum))
    }
  }

  /// A protocol was read.
  func knowProtocol(_ name: String, _ source: [UInt8]) {
    protocolChecksums[name] = source.withUnsafeBytes(StateHash.of)
  }

  /// A part of a protocol was read.
  func knowPart(of name: String, _ source: [UInt8]) {
    let checksum = source.withUnsafeBytes(StateHash.of)
    protocolChecksums[name] = (protocolChecksums[name] ?? 0) &* 31 &+ checksum
  }

  /// Tells the log that a protocol is called.
  func noteProtocol(_ name: String) throws {
    guard let checksum = protocolChecksums[name] else { return }
    try entryUnderWay?.log.note(EntryInput(verb: name, path: nil, checksum: checksum))
  }

  /// Runs a verb's call; results that it makes know where they come from.
  func during<Result>(_ origin: ProvenanceBox, _ body: () throws -> Result) rethrows -> Result {
    origins.append(origin)
    defer { origins.removeLast().end() }
    return try body()
  }
}
