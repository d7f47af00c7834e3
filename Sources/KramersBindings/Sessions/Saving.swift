import Kramers
import KramersStore
import Lua

/// What goes into a session's file, and when.
extension Program {
  /// Everything that the session holds now.
  ///
  /// - Parameter isUnderWay: whether the entry under way can be resumed from what is saved: from what
  ///   it began with, and what its calls have done.
  func sessionContents(isUnderWay: Bool = true) throws -> SessionContents {
    var contents = SessionContents()
    contents.program = options.version
    contents.instructionSet = instructionSet
    contents.created = session.created
    contents.saved = wallClock()
    contents.journal = session.journal
    let (state, unsaved) = try sessionState()
    contents.state = state
    if let entry = (isUnderWay ? chronicle.resumableNow : nil) ?? chronicle.interruptedEntry,
      entry.start.isWhole
    {
      var interrupted = InterruptedEntry(entry: entry.index)
      switch entry.start {
      case .here(let here): interrupted.start = try sessionState(at: here).state
      case .stored(let state): interrupted.start = state
      }
      interrupted.calls = entry.log.storedCalls
      contents.interrupted = interrupted
    }
    contents.unsaved = unsaved.sorted { $0.path < $1.path }.map { path, kind in
      let root = path.prefix { $0 != "." && $0 != "[" }
      let entry = session.globals[LuaValue(String(root))]?.entry
      return UnsavedValue(name: path, kind: kind, entry: entry)
    }
    (contents.variables, contents.results) = try describeGlobals()
    return contents
  }

  /// Global variables and results in words, for readers of the file.
  private func describeGlobals() throws -> ([VariableRow], [ResultRow]) {
    var variables: [VariableRow] = []
    for (key, value) in try userGlobals() {
      guard let name = key.text, !value.isFunction else { continue }
      let (kind, size) = try kindAndSize(value)
      let words: String
      switch value {
      case .string: words = String((value.text ?? size).prefix(200))
      default: words = size
      }
      variables.append(VariableRow(name: name, kind: kind, summary: words))
    }
    variables.sort { $0.name < $1.name }
    let results = try namedResults().map { name, value in
      let record = try record(of: value, verb: "session.save", isOrdered: false)
      let box = try chronicle.provenances.rawGet(value).asObject(ProvenanceBox.self)
      let kind = if case .text(let kind)? = record["kind"] { kind } else { "" }
      return ResultRow(
        name: name, kind: kind, json: String(decoding: jsonLineBytes(record), as: UTF8.self),
        provenance: box.map { String(decoding: jsonLineBytes($0.record), as: UTF8.self) })
    }
    return (variables, results)
  }

  /// The results that the user's globals hold, with where they stand, in order.
  func namedResults() throws -> [(name: String, value: LuaValue)] {
    var results: [(name: String, value: LuaValue)] = []
    for (key, value) in try userGlobals() {
      guard let name = key.text else { continue }
      try collectResults(value, name, &results, depth: 0)
    }
    return results.sorted { $0.name < $1.name }
  }

  /// Results in a variable or in a list or table of it.
  private func collectResults(
    _ value: LuaValue, _ name: String, _ results: inout [(name: String, value: LuaValue)],
    depth: Int
  ) throws {
    guard case .table(let table) = value, results.count < 100_000 else { return }
    if try isResult(value) {
      results.append((name, value))
    } else if depth < 2, try table.rawCount <= 10_000 {
      for (key, inner) in try table.rawPairs() {
        let part = key.text.map { ".\($0)" } ?? key.int.map { "[\($0)]" } ?? "[?]"
        try collectResults(inner, name + part, &results, depth: depth + 1)
      }
    }
  }

  /// Notes which globals the entry that ended has changed.
  func noteGlobals() {
    guard session.keepsLog, let globals = try? userGlobals() else { return }
    var noted: [LuaValue: (value: LuaValue, entry: Int)] = [:]
    for (name, value) in globals {
      if let known = session.globals[name], known.value == value {
        noted[name] = known
      } else {
        noted[name] = (value, session.journal.count - 1)
      }
    }
    session.globals = noted
  }

  // MARK: Autosaves

  /// Between two calls of an entry.
  func saveBetweenCalls() {
    if let next = session.nextAutosave, ContinuousClock.now >= next { autosave() }
  }

  func saveAfterEntry() {
    let isInterrupted = session.journal.last?.outcome == .interrupted
    if session.isDueAfterEntry(isInterrupted: isInterrupted) { autosave() }
  }

  /// Saves to the session's file, or to one of the program's own choice. A failure is told once.
  func autosave() {
    // What the file says is done was also told.
    output.flush()
    do {
      guard try session.file != nil || !userGlobals().isEmpty || chronicle.interruptedEntry != nil,
        let file = try session.file ?? makeAutosave()
      else { return }
      try session.save(sessionContents(), to: file)
    } catch {
      if (error as? SessionError)?.kind == .tooLarge {
        hasReachedSessionLimit = true
        lua.interrupt.request()
      }
      if session.isNews("\(error)") { errors.warn("not saved: \(error)") }
    }
  }

  /// 74 when the user's session could not be saved, 0 otherwise; after `leaveSession`.
  package var savingStatus: Int32 { session.isLost ? 74 : 0 }

  private func makeAutosave() throws -> SessionFile? {
    guard let directory = UserDirectories.state else { return nil }
    if let reason = UserDirectories.make(directory) { throw FileError(directory, reason) }
    let path = SessionPaths.autosave(in: directory)
    let file = try SessionFile(path: path)
    session.attach(file, isAutosave: true)
    return file
  }

  /// The program ends. A session of the user's is saved; an autosave goes when the user leaves on
  /// purpose, and is kept and named where the program was stopped, by a signal or a limit.
  package func leaveSession(isStopped: Bool) {
    guard !session.isReplaying else { return }
    if session.isAutosave, !isStopped {
      let path = session.file?.path
      session.attach(nil)
      if let path { try? SessionFile.remove(path) }
      return
    }
    if session.isUnsaved, session.file != nil || (session.isShell && isStopped) {
      if session.file?.readOnlyReason == nil { autosave() }
    }
    if session.isLost {
      // Whatever --quiet says: the exit status needs its reason.
      let reason = session.file?.readOnlyReason.map { "it \($0)" } ?? session.lastFailure ?? ""
      errors.write("kramers: the session could not be saved: \(reason)\n")
      return
    }
    guard isStopped, let file = session.file else { return }
    let name = SessionPaths.name(of: file.path)
    let command = "kramers " + (options.sandbox.map { "--sandbox \($0.folder) " } ?? "")
    errors.warn(
      chronicle.interruptedEntry == nil
        ? "saved: \(command)--session \(name) opens it"
        : "saved: \(command)--resume \(name) goes on")
  }
}

extension LuaValue {
  fileprivate var isFunction: Bool { asFunction != nil }
}
