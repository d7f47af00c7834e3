import KramersBindings
import Lua

/// Runs the chunks of a command line and turns what happened into an exit status.
struct Batch {
  var options: ProgramOptions
  var session = SessionChoice()
  /// Of a shard or a merge: the script's text, which is that of the folder.
  var text: [UInt8]?

  /// - Returns: 0; 1 after an error raised in Lua; 65 and 66 for a session that is corrupt or missing,
  ///   65 also when it cannot go on; 66 when the script cannot be read; 74 when the session could not
  ///   be saved; 75 when a limit stopped it; 70 when the program itself could not start; of a merge 65
  ///   and 75 for parts that are damaged or missing. SIGINT and SIGTERM end the process by the same
  ///   signal, after the step under way.
  func run() -> Int32 { runOnce().status }

  /// - Returns: the exit status, and of a shard what it came to.
  func runOnce() -> (status: Int32, shard: ShardOutcome?) {
    var watch: LimitWatch?
    // Finalizers run when the program goes, and are watched like all else.
    defer { watch?.end() }
    return run(watchedBy: &watch)
  }

  private func run(watchedBy held: inout LimitWatch?) -> (status: Int32, shard: ShardOutcome?) {
    var sources = SourceLines()
    do {
      let program = try Program(options)
      try program.setArguments(script: options.script, options.arguments)
      LuaSignals.install(program.lua.interrupt)
      LuaSignals.endProcessOnHaste()
      let watch = try LimitWatch(options.limits, of: program)
      held = watch
      if let status = session.open(in: program) { return (status, nil) }
      let stop = resume(program)
      let isDone = session.resumes && options.script == nil && options.code.isEmpty
      let failure = stop ?? (isDone ? nil : runChunks(program, options, text: text, &sources))
      program.finish()
      let limit = failure.flatMap { watch.limit(behind: $0, in: program) }
      let isStopped = LuaSignals.received != 0 || limit != nil
      program.tellingOfRun {
        if isStopped { program.errors.warn("\(failure.map { "\($0)" } ?? "interrupted")") }
        if let limit { program.errors.write("kramers: stopped by \(limit)\n") }
        program.leaveSession(isStopped: isStopped)
      }
      if LuaSignals.received != 0 { reraise(LuaSignals.received) }
      if let status = program.endStatus { return (status, nil) }
      if limit == nil, program.hasReachedSessionLimit, let size = options.limits.session {
        program.errors.write("kramers: stopped by --max-session \(MemorySize(size))\n")
        return (75, nil)
      }
      if limit != nil {
        let isSaved = program.savingStatus == 0 || program.hasReachedSessionLimit
        return (isSaved ? 75 : program.savingStatus, nil)
      }
      if let outcome = program.shardOutcome(failure) {
        if let error = outcome.error { program.errors.write("kramers: \(error)\n") }
        return (outcome.error?.status ?? 0, outcome)
      }
      guard let failure else {
        let status = program.savingStatus
        return (status == 0 && program.hasFailed ? 1 : status, nil)
      }
      program.errors.write(errorReport(failure, sources, colored: options.colorsErrors))
      if let stop, Program.cannotGoOn(stop) { return (65, nil) }
      return (failure is FileError ? 66 : 1, nil)
    } catch {
      writeError("kramers: \(error)\n")
      return (70, nil)
    }
  }
}

extension Batch {
  /// Goes on with what was interrupted in the session, if that was asked for.
  private func resume(_ program: Program) -> (any Error)? {
    guard session.resumes, program.canResume else { return nil }
    do {
      try program.run(code: "resume()", chunkName: "=(--resume)")
      return nil
    } catch {
      return error
    }
  }
}

/// The chunks of the command line, in order, until one fails.
/// - Returns: what it failed with.
func runChunks(
  _ program: Program, _ options: ProgramOptions, text: [UInt8]? = nil,
  _ sources: inout SourceLines
) -> (any Error)? {
  do {
    for (i, text) in options.code.enumerated() {
      let name = i == 0 ? "(-e)" : "(-e \(i + 1))"
      sources.add(name, text)
      try program.run(code: text, chunkName: "=" + name)
    }
    if let script = options.script, let text {
      try program.run(text: text, of: script, sources: &sources)
    } else if let script = options.script, script != "-" {
      try program.run(file: script, sources: &sources)
    } else if options.script == "-" || options.code.isEmpty {
      if Terminal.isInput { program.errors.warn("reading a script from the terminal") }
      try program.run(standardInput: (), sources: &sources)
    }
    return nil
  } catch {
    return error
  }
}
