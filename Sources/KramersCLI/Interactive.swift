import KramersBindings
import KramersShell
import Lua

/// The interactive shell, after the chunks of the command line if there are any (`-i`).
struct Interactive {
  let options: ProgramOptions
  let shell: ShellOptions
  let session: SessionChoice
  /// The socket over which a notebook's kernel asks; nil: a terminal.
  var requests: Int32?

  /// - Returns: 0; 65 and 66 for a session that is corrupt or missing; 74 when it could not be saved;
  ///   70 when the program could not start. SIGTERM ends the process by itself.
  func run() -> Int32 {
    do {
      let program = try Program(options)
      try program.setArguments(script: options.script, options.arguments)
      LuaSignals.install(program.lua.interrupt)
      if let status = session.open(in: program) { return status }
      var sources = SourceLines()
      if options.script != nil || !options.code.isEmpty {
        let failure = runChunks(program, options, &sources)
        program.finish()
        if let failure {
          program.errors.write(errorReport(failure, sources, colored: options.colorsErrors))
        }
        LuaSignals.clear()
        program.lua.interrupt.clear()
      }
      var shell = shell
      shell.resumes = session.resumes && program.canResume
      let front = Shell(program, shell, sources: sources)
      let signal = requests.map(front.serve) ?? front.run()
      if signal != 0 { reraise(signal) }
      return program.savingStatus
    } catch {
      writeError("kramers: \(error)\n")
      return 70
    }
  }
}
