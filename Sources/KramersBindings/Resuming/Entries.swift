import Kramers
package import KramersStore
package import Lua

/// An entry under way, or one that was interrupted: `resume()` goes on with it.
final class ResumableEntry {
  /// Its index in the journal.
  let index: Int
  let kind: JournalEntry.Kind
  let text: [UInt8]
  let chunkName: String
  let arguments: [String]
  let log: EntryLog
  let start: EntryStart
  /// The entry that it goes on with, if it calls `resume()`.
  var resumed: ResumableEntry?

  var scriptName: String { String(chunkName.dropFirst()) }

  func origin(seed: UInt64) -> Output.Origin {
    kind == .script
      ? Output.Origin(seed: seed, script: scriptName, arguments: arguments)
      : Output.Origin(seed: seed, code: [String(decoding: text, as: UTF8.self)])
  }

  init(_ index: Int, _ entry: JournalEntry, log: EntryLog, start: EntryStart) {
    self.index = index
    kind = entry.kind
    text = entry.source
    chunkName = entry.chunkName
    arguments = entry.arguments
    self.log = log
    self.start = start
  }
}

/// Running what the user gave: entries of the shell, code of the command line, scripts.
extension Program {
  /// Runs an entry, notes it in the journal, and returns its values; an expression needs no
  /// `return`.
  ///
  /// Where something is kept of it (in a shell, or with a session) it can be resumed after an
  /// interrupt, and `Chronicle.interruptedResult` is what it has so far.
  package func run(
    entry text: [UInt8], kind: JournalEntry.Kind = .entry, chunkName: String,
    arguments: [String] = []
  ) throws -> [LuaValue] {
    let entry = JournalEntry(
      kind: kind, source: text, chunkName: chunkName, arguments: arguments, started: wallClock())
    chronicle.begin(entry)
    let start = ContinuousClock.now
    do {
      let values =
        session.keepsLog
        ? try follow(
          ResumableEntry(
            session.journal.count - 1, entry, log: EntryLog(), start: try EntryStart(self)))
        : try call(kind, text, chunkName, arguments)
      end(.ok, nil, start)
      return values
    } catch {
      let isInterrupted = (error as? LuaError)?.kind == .interrupted
      // Stopped between two long verbs: in batch what a protocol has is emitted all the same.
      if isInterrupted, !session.isShell, let partial = protocolCalls.partial {
        output.emit(partial)
        protocolCalls.removeAll()
      }
      end(isInterrupted ? .interrupted : .error, isInterrupted ? nil : "\(error)", start)
      throw error
    }
  }

  private func end(
    _ outcome: JournalEntry.Outcome, _ message: String?, _ start: ContinuousClock.Instant
  ) {
    session.end(outcome, message, seconds: start.duration(to: .now) / .seconds(1))
    noteGlobals()
    saveAfterEntry()
  }

  private func call(
    _ kind: JournalEntry.Kind, _ text: [UInt8], _ chunkName: String, _ arguments: [String]
  ) throws -> [LuaValue] {
    switch kind {
    case .entry: return try compile(text, chunkName: chunkName).function.call()
    case .code:
      try evaluate(text, chunkName: chunkName, arguments: arguments)
      return []
    case .script:
      try run(script: text, chunkName: chunkName, arguments: arguments)
      return []
    }
  }

  /// Runs an entry with its log.
  private func follow(_ entry: ResumableEntry) throws -> [LuaValue] {
    try chronicle.during(entry) {
      protocolCalls.removeAll()
      if session.savesAtOnce { autosave() }
      do {
        return try call(entry.kind, entry.text, entry.chunkName, entry.arguments)
      } catch {
        if lua.interrupt.isRequested {
          chronicle.noteInterrupt(of: entry)
          if chronicle.interruptedResult == nil {
            chronicle.interruptedResult = try protocolCalls.partial.map { try pushResult($0) }
          }
        }
        throw error
      }
    }
  }

  /// Whether more lines could complete the text.
  package func isIncomplete(_ text: [UInt8]) -> Bool {
    do {
      _ = try compile(text, chunkName: "=entry")
      return false
    } catch {
      return (error as? LuaError)?.isIncomplete == true
    }
  }

  /// resume()
  func resume(_ call: LuaCall) throws -> [LuaValue] {
    try refuseWhileLooking("resume")
    guard call.arguments.isEmpty else { throw ResumeError("takes no arguments") }
    guard let entry = chronicle.interruptedEntry,
      !chronicle.entriesUnderWay.contains(where: { $0 === entry })
    else {
      throw ResumeError("nothing was interrupted that could go on")
    }
    if let reason = sandboxRefusal(of: session.journal) { throw ResumeError(reason) }
    chronicle.entryUnderWay?.resumed = entry
    let now = try EntryStart(self)
    try entry.start.restore(self)
    entry.log.rewind()
    warnOfEditedScript(entry)
    if entry.kind == .script { try setArguments(script: entry.scriptName, entry.arguments) }
    if !session.isShell { output.resume(entry.origin(seed: seed)) }
    do {
      let values = try follow(entry)
      try entry.log.checkEnd()
      chronicle.interruptedEntry = nil
      return values
    } catch {
      // Another way than before: as if resume() had not been called. The script may have caught the
      // error and failed by another.
      if let failure = entry.log.failure ?? (error as? ResumeError) {
        entry.log.takeBack()
        try now.restore(self)
        throw Program.cannotGoOn(error) ? error : failure
      }
      throw error
    }
  }

  /// What goes on is the text that began, whatever stands in its file now.
  private func warnOfEditedScript(_ entry: ResumableEntry) {
    guard entry.kind == .script, entry.chunkName.hasPrefix("@"),
      let now = readScriptText(entry.scriptName), now != entry.text
    else { return }
    errors.warn(
      "\(entry.scriptName) has changed since the entry began; what goes on is the text that began, "
        + "which the session holds")
  }

  /// A verb's call, through the log of the entry under way; its results know where they come from.
  func logged(
    _ name: String, _ box: ExperimentBox, _ options: Options, _ body: () throws -> [LuaValue]
  ) throws -> [LuaValue] {
    try chronicle.during(ProvenanceBox(name, options.record(self), box.experiment, self)) {
      guard let log = chronicle.entryUnderWay?.log else { return try body() }
      let values = try log.perform(name, box, options, self, body)
      try chronicle.noteFiles(options)
      saveBetweenCalls()
      return values
    }
  }

  /// Runs work that can stop and go on. Interrupted, it returns what it has; where an autosave is
  /// due, it stops for that moment, and goes on.
  ///
  /// - Parameter progress: where an interrupted result stands; nil for one that is complete.
  func resumable<Progress: ByteCodable & Sendable, Result>(
    _ progress: (Result) -> Progress?, _ body: (RunMonitor, Progress?) throws -> Result
  ) throws -> Result {
    let log = chronicle.entryUnderWay?.log
    var reached = try log?.takeProgress(Progress.self)
    while true {
      let deadline = log?.canCheckpoint == true ? session.nextAutosave : nil
      let monitor = monitor(pausingAt: deadline)
      let result: Result
      do {
        result = try body(monitor, reached)
      } catch let error as InputError {
        // Stopped before there was anything to show.
        throw monitor.mustStop ? LuaInterrupted() : error
      }
      guard let log, let deadline, let stands = progress(result), !lua.interrupt.isRequested,
        ContinuousClock.now >= deadline
      else { return result }
      try log.checkpoint(.value(stands))
      autosave()
      reached = stands
    }
  }

  /// A long verb's result. An interrupted one is stored (in batch: emitted) and the statement
  /// abandoned.
  ///
  /// - Parameter progress: where an interrupted verb stands, for `resume()`; without it the verb is
  ///   run again from its start.
  func finishLong(
    _ record: Record, _ isInterrupted: Bool, progress: (any ByteCodable & Sendable)? = nil
  ) throws -> LuaValue {
    guard isInterrupted else { return try pushResult(record) }
    chronicle.entryUnderWay?.log.suspend(progress.map { .value($0) })
    if session.isShell {
      chronicle.interruptedResult = try pushResult(protocolCalls.partial ?? record)
    } else {
      output.emit(record)
      if let partial = protocolCalls.partial { output.emit(partial) }
    }
    protocolCalls.removeAll()
    throw LuaInterrupted()
  }

  package var canResume: Bool { chronicle.interruptedEntry != nil }

  /// The user's own globals: what is neither Lua's nor the program's.
  package func userGlobals() throws -> [(LuaValue, LuaValue)] {
    try lua.globals.rawPairs().filter { key, _ in !libraryNames.contains(key) && key.text != "arg" }
  }
}
