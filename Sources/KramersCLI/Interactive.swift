import KramersBindings
import KramersShell
import Lua

/// The interactive shell, after the chunks of the command line if there are any (`-i`).
struct Interactive {
  let options: ProgramOptions
  let shell: ShellOptions

  /// - Returns: 0, or 70 when the program could not start. SIGTERM ends the process by itself.
  func run() -> Int32 {
    do {
      let program = try Program(options)
      try program.setArguments(script: options.script, options.arguments)
      LuaSignals.install(program.lua.interrupt)
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
      let signal = Shell(program, shell, sources: sources).run()
      if signal != 0 { reraise(signal) }
      return 0
    } catch {
      writeError("kramers: \(error)\n")
      return 70
    }
  }
}
