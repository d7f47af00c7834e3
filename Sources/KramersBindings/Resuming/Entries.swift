import Kramers
package import Lua

/// An entry of the shell that was interrupted: `resume()` goes on with it.
final class InterruptedEntry {
  let text: [UInt8]
  let chunkName: String
  let log: EntryLog
  let start: EntryStart

  init(text: [UInt8], chunkName: String, log: EntryLog, start: EntryStart) {
    self.text = text
    self.chunkName = chunkName
    self.log = log
    self.start = start
  }
}

/// Running the entries of a shell. In a script none of this is at work: `entryLog` is nil.
extension Program {
  /// Runs an entry and returns its values; an expression needs no `return`.
  ///
  /// - Throws: what was raised. After an interrupt the entry can be resumed, if a verb had done
  ///   something that would otherwise be lost, and `interruptedResult` is what it has so far.
  package func run(entry text: [UInt8], chunkName: String) throws -> [LuaValue] {
    let entry = InterruptedEntry(
      text: text, chunkName: chunkName, log: EntryLog(), start: try EntryStart(self))
    return try follow(entry)
  }

  private func follow(_ entry: InterruptedEntry) throws -> [LuaValue] {
    let outer = entryLog
    entryLog = entry.log
    defer { entryLog = outer }
    partial = nil
    interruptedResult = nil
    do {
      return try compile(entry.text, chunkName: entry.chunkName).function.call()
    } catch {
      if lua.interrupt.isRequested {
        if entry.log.isWorthResuming { interruptedEntry = entry }
        if interruptedResult == nil { interruptedResult = try partial.map { try pushResult($0) } }
      }
      throw error
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

  func installResume() throws {
    try setGlobal(
      "resume",
      .function(
        lua.makeFunction { [unowned self] call in
          guard call.arguments.isEmpty else { throw ResumeError("takes no arguments") }
          return try resume()
        }))
  }

  private func resume() throws -> [LuaValue] {
    guard let entry = interruptedEntry else {
      throw ResumeError("nothing was interrupted that could go on")
    }
    let now = try EntryStart(self)
    try entry.start.restore(self)
    entry.log.rewind()
    do {
      let values = try follow(entry)
      interruptedEntry = nil
      return values
    } catch {
      // Another way than before: as if resume() had not been called.
      if (error as? LuaError)?.underlying is ResumeError { try now.restore(self) }
      throw error
    }
  }

  /// A verb's call, through the log of the entry under way.
  func logged(
    _ name: String, _ box: ExperimentBox, _ options: Options, _ body: () throws -> [LuaValue]
  ) throws -> [LuaValue] {
    guard let entryLog else { return try body() }
    return try entryLog.perform(name, box, options, self, body)
  }

  /// A long verb's result. An interrupted one is stored (in batch: emitted) and the statement
  /// abandoned.
  ///
  /// - Parameter progress: where an interrupted verb stands, for `resume()`; without it the verb is
  ///   run again from its start.
  func finishLong(
    _ record: Record, _ isInterrupted: Bool, progress: (any Sendable)? = nil
  ) throws -> LuaValue {
    guard isInterrupted else { return try pushResult(record) }
    if let entryLog {
      entryLog.suspend(progress)
      interruptedResult = try pushResult(partial ?? record)
    } else {
      output.emit(record)
      if let partial { output.emit(partial) }
    }
    partial = nil
    throw LuaInterrupted()
  }

  package var canResume: Bool { interruptedEntry != nil }

  /// The user's own globals: what is neither Lua's nor the program's.
  package func userGlobals() throws -> [(LuaValue, LuaValue)] {
    try lua.globals.rawPairs().filter { key, _ in !libraryNames.contains(key) && key.text != "arg" }
  }
}
