package import Kramers
import KramersStore
import Lua

/// `session.*`: what a person does with sessions.
extension Program {
  func sessionSave(_ call: LuaCall) throws -> [LuaValue] {
    let path = try optionalName("session.save", call).map { try SessionPaths.path(of: $0) }
    return [LuaValue(try saveSession(to: path))]
  }

  func sessionOpen(_ call: LuaCall) throws -> [LuaValue] {
    let name = try nameArgument("session.open", call)
    return [try openSession(SessionPaths.path(of: name))]
  }

  func sessionList(_: LuaCall) throws -> [LuaValue] {
    try SessionPaths.checkDirectory()
    return [try push(sessionList())]
  }

  func sessionJournal(_ call: LuaCall) throws -> [LuaValue] {
    let script = journalText()
    guard let path = try optionalName("session.journal", call) else { return [.string(script)] }
    try writeFile(script, to: path)
    return [LuaValue(path)]
  }

  func sessionExport(_ call: LuaCall) throws -> [LuaValue] {
    let path = try nameArgument("session.export", call)
    try exportSession(to: path)
    return [LuaValue(path)]
  }

  func sessionDelete(_ call: LuaCall) throws -> [LuaValue] {
    let name = try nameArgument("session.delete", call)
    try SessionFile.remove(SessionPaths.path(of: name))
    return []
  }

  func sessionVerify(_ call: LuaCall) throws -> [LuaValue] {
    let path: String
    if let name = try optionalName("session.verify", call) {
      path = try SessionPaths.path(of: name)
    } else if let file = session.file {
      path = file.path
    } else {
      throw VerbError("session.verify", "takes the name of a session: this one is in no file yet")
    }
    return [try pushResult(verify(path).record)]
  }

  private func optionalName(_ verb: String, _ call: LuaCall) throws -> String? {
    call.argument(1).isNil ? nil : try nameArgument(verb, call)
  }

  private func nameArgument(_ verb: String, _ call: LuaCall) throws -> String {
    guard let name = call.argument(1).text, !name.isEmpty else {
      throw VerbError(verb, "takes a name or a path, got \(describe(call.argument(1)))")
    }
    return name
  }

  /// Writes a file that the user asked for; not while a journal is run again.
  func writeFile(_ bytes: [UInt8], to path: String) throws {
    if session.isReplaying { return }
    guard budget.take(bytes.count) else { throw LuaInterrupted() }
    try writeWhole(bytes, to: path)
  }

  // MARK: Saving

  /// - Parameter path: nil for the session's own.
  private func saveSession(to path: String?) throws -> String {
    let file: SessionFile
    if let own = session.file, path == nil || path == own.path,
      path != nil || !session.isAutosave
    {
      file = own
    } else if let path {
      try makeStateDirectory(for: path)
      file = try SessionFile(path: path)
    } else {
      throw VerbError("session.save", "takes a name: this session has none yet")
    }
    if let reason = file.readOnlyReason {
      throw VerbError("session.save", "\(file.path): \(reason); save under another name")
    }
    try limitingSize {
      do {
        try save(to: file)
      } catch let error as SessionError where error.kind == .missing {
        // Removed under the program: made anew.
        try save(to: SessionFile(path: file.path))
      }
    }
    try charge(file)
    return file.path
  }

  /// A file that would pass the limit of a session stops the run, which nothing catches.
  private func limitingSize(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as SessionError where error.kind == .tooLarge {
      hasReachedSessionLimit = true
      lua.interrupt.request()
      throw LuaInterrupted()
    }
  }

  /// What a script saves by its own word counts as output.
  private func charge(_ file: SessionFile) throws {
    guard budget.take(file.size) else { throw LuaInterrupted() }
  }

  private func save(to file: SessionFile) throws {
    try session.save(sessionContents(), to: file)
    session.isSavedInside = true
    use(file)
  }

  /// From now on the session lives in this file; an autosave that it had goes.
  private func use(_ file: SessionFile) {
    guard session.file !== file else { return }
    let autosave = session.isAutosave ? session.file?.path : nil
    session.attach(file)
    if let autosave { try? SessionFile.remove(autosave) }
  }

  private func makeStateDirectory(for path: String) throws {
    guard let directory = UserDirectories.state, path.hasPrefix(directory + "/") else { return }
    if let reason = UserDirectories.make(directory) {
      throw FileError(directory, "cannot be made, where sessions live: \(reason)")
    }
  }

  /// A copy, the journal, or the results, by the ending of the name.
  private func exportSession(to path: String) throws {
    if path.hasSuffix(".lua") {
      try writeFile(journalText(), to: path)
    } else if path.hasSuffix(".jsonl") {
      try writeFile(try resultLines(), to: path)
    } else if path.hasSuffix(SessionPaths.ending) {
      let place = try FileRoom.current?.sessionPath(path) ?? path
      guard place != session.file?.path else {
        throw VerbError("session.export", "\(path) is this session's own file")
      }
      let copy = try SessionFile(path: place)
      if let reason = copy.readOnlyReason { throw FileError(path, reason) }
      let isAlone = session.journal.last?.isAboutSessions == true
      try limitingSize { try copy.save(sessionContents(isUnderWay: !isAlone)) }
      try charge(copy)
    } else {
      throw VerbError(
        "session.export",
        "writes the journal as .lua, the results as .jsonl, or a copy as .kramers, got '\(path)'")
    }
  }

  /// The entry that asks for it is not part of it.
  private func journalText() -> [UInt8] {
    let journal =
      session.journal.last?.outcome == .running ? session.journal.dropLast() : session.journal[...]
    let script = journalScript(Array(journal)) { text in
      (try? compile(text, chunkName: "=journal").isExpression) == true
    }
    return Array(script.utf8)
  }

  /// One line for each result: its name, how it came about, and itself.
  private func resultLines() throws -> [UInt8] {
    try sessionContents(isUnderWay: false).results.flatMap { row -> [UInt8] in
      let name = jsonLineBytes(["name": row.name]).dropLast()
      let provenance = row.provenance ?? "null"
      return name + Array(",\"provenance\":\(provenance),\"result\":\(row.json)}\n".utf8)
    }
  }

  // MARK: Opening

  /// Opens a session in the place of the present one, which is saved first if it has another file
  /// or holds work.
  func openSession(_ path: String) throws -> LuaValue {
    // Its own file again: back to what was saved.
    let own = session.file.flatMap { $0.path == path ? $0 : nil }
    let file = try own ?? SessionFile(path: path, creates: false)
    let contents = try file.contents()
    do {
      return try enter(contents, file, isOwn: own != nil)
    } catch is ByteError {
      throw SessionError(
        .corrupt, path, "is damaged: what its variables or its calls hold cannot be read")
    }
  }

  private func enter(
    _ contents: SessionContents, _ file: SessionFile, isOwn: Bool
  ) throws -> LuaValue {
    let log = try contents.interrupted.map { interrupted in
      do {
        return try EntryLog(interrupted.calls)
      } catch is EarlierLogError {
        errors.warn(
          "entry \(interrupted.entry + 1) was begun by an earlier kramers, whose notes of it cannot be "
            + "compared with what is here now: it runs again from its start")
        return EntryLog()
      }
    }
    if !isOwn { try keepPresent() }
    try restore(contents.state)
    session.adopt(contents)
    session.attach(file)
    chronicle.interruptedEntry = nil
    if let stored = contents.interrupted, let log,
      contents.journal.indices.contains(stored.entry), !isUnderWay(stored.entry, isOwn)
    {
      chronicle.interruptedEntry = ResumableEntry(
        stored.entry, contents.journal[stored.entry], log: log, start: .stored(stored.start))
    }
    noteGlobals()
    tellOpened(contents, file)
    return .string(Array(file.path.utf8))
  }

  /// Whether an entry of the file that was opened is the one that opens it.
  private func isUnderWay(_ entry: Int, _ isOwn: Bool) -> Bool {
    isOwn && chronicle.entriesUnderWay.contains { $0.index == entry }
  }

  /// What would be lost by opening another session.
  private func keepPresent() throws {
    guard session.isShell, session.isUnsaved || session.isAutosave,
      try !userGlobals().isEmpty
    else { return }
    autosave()
    if session.isAutosave, let path = session.file?.path {
      errors.warn("what was here is in \(SessionPaths.name(of: path))")
    }
  }

  private func tellOpened(_ contents: SessionContents, _ file: SessionFile) {
    let entries = counted(contents.journal.count, "entry", "entries")
    errors.warn(
      "opened \(SessionPaths.name(of: file.path)): \(entries), "
        + "saved \(timeText(contents.saved)) by kramers \(contents.program)")
    if let reason = file.readOnlyReason {
      errors.warn("\(reason): nothing will be saved; session.save(name) takes another file")
    }
    if !contents.unsaved.isEmpty {
      let names = contents.unsaved.prefix(20).map { value in
        "\(value.name) (\(value.kind)" + (value.entry.map { ", entry \($0 + 1))" } ?? ")")
      }
      let more = contents.unsaved.count - names.count
      errors.warn(
        "not saved: " + names.joined(separator: ", ") + (more > 0 ? " and \(more) more" : ""))
    }
    guard let entry = chronicle.interruptedEntry else { return }
    errors.warn("entry \(entry.index + 1) was interrupted; resume() goes on")
    let then = (contents.program, contents.instructionSet)
    if then != (options.version, instructionSet), entry.log.isWorthResuming {
      errors.warn(
        "what its verbs had done was computed by kramers \(then.0) with \(then.1) and is kept; "
          + "the rest is computed by \(options.version) with \(instructionSet)")
    }
  }

  // MARK: Lists

  /// One record a session, the newest last.
  package func sessionList() -> Record {
    let summaries = SessionPaths.all().map { path -> (saved: Double, record: Record) in
      do {
        let summary = try SessionFile.summary(path)
        return (
          summary.saved,
          summary.record(SessionPaths.name(of: path), isInUse: SessionFile.isAttached(path))
        )
      } catch {
        return (0, ["name": SessionPaths.name(of: path), "error": "\(error)"])
      }
    }
    return .array(summaries.sorted { $0.saved < $1.saved }.map(\.record))
  }

  /// The session that this program was using when it was killed, in one line.
  package func offerAutosave() {
    let left = SessionPaths.all().filter { SessionPaths.isAutosave($0) && $0 != session.file?.path }
    guard
      let (path, summary) = left.reversed().lazy.compactMap({ path in
        SessionFile.isAttached(path) ? nil : (try? SessionFile.summary(path)).map { (path, $0) }
      }).first
    else { return }
    let name = SessionPaths.name(of: path)
    let more = left.count > 1 ? "; :sessions lists more" : ""
    errors.warn(
      "a session of \(timeText(summary.saved)) ended unsaved "
        + "(\(counted(summary.journalCount, "entry", "entries"))): :open \(name)\(more)")
  }
}

extension SessionSummary {
  fileprivate func record(_ name: String, isInUse: Bool) -> Record {
    [
      "name": name, "saved": timeText(saved), "created": timeText(created), "entries": journalCount,
      "variables": variableCount, "results": resultCount, "interrupted": interruptedEntry != nil,
      "in_use": isInUse ? true : nil, "bytes": bytes, "program": program,
      "last": lastSource.map {
        String(String(decoding: $0, as: UTF8.self).prefix { !$0.isNewline }.prefix(60))
      },
    ]
  }
}

func counted(_ n: Int, _ one: String, _ many: String) -> String { "\(n) \(n == 1 ? one : many)" }

/// What the command line does with sessions.
extension Program {
  /// From now on the program works in this session.
  package func useSession(_ name: String, mustExist: Bool) throws {
    let path = try SessionPaths.userPath(of: name)
    do {
      _ = try openSession(path)
    } catch let error as SessionError where error.kind == .missing && !mustExist {
      try makeStateDirectory(for: path)
      session.attach(try SessionFile(path: path))
    }
  }

  /// Why the opened session has nothing that could go on, unless all that was begun has ended.
  package func unendedEntry() -> String? {
    guard let last = session.journal.last else {
      return "it holds no entry: nothing was begun in it yet"
    }
    guard last.outcome == .running || last.outcome == .interrupted else { return nil }
    let what = last.kind == .script ? " (\(last.chunkName.dropFirst()))" : ""
    return
      "its entry \(session.journal.count)\(what) did not end, and what it began from is not in the "
      + "file; run it again from its start"
  }

  /// Whether an entry cannot go on because what it finds is not what it began with.
  package static func cannotGoOn(_ error: any Error) -> Bool {
    (error as? LuaError)?.underlying is ResumeError
  }

  /// Writes what verifying a session has found.
  package func verifySession(_ name: String) throws -> Bool {
    let verification = try verify(SessionPaths.userPath(of: name))
    output.emit(verification.record)
    return verification.isSame
  }

  /// One record a session.
  package func writeSessionList() throws {
    try SessionPaths.checkDirectory()
    guard case .array(let records) = sessionList(), !records.isEmpty else { return }
    if output.format == .table {
      return output.write(try text(of: [push(.array(records))], width: 0, bold: false) + "\n")
    }
    for record in records { output.emit(record) }
  }

  /// The exit status of an error about a session that the command line names.
  package static func sessionStatus(_ error: any Error) -> Int32? {
    if error is VerbError { return 64 }  // no name for a session
    if error is FileError { return 74 }  // no folder for sessions
    if error is LimitError { return 75 }
    guard let error = error as? SessionError else { return nil }
    switch error.kind {
    case .missing: return 66
    case .corrupt, .newer: return 65
    case .busy: return 1
    case .failure: return 74
    case .tooLarge: return 75
    }
  }
}
