#if canImport(Glibc)
  import Glibc
#endif
import KramersBindings
import Lua

/// Runs the chunks of a command line and turns what happened into an exit status.
struct Batch {
  let options: ProgramOptions
  let code: [String]
  let script: String?
  let arguments: [String]

  init(_ options: ProgramOptions, code: [String], script: String?, arguments: [String]) {
    self.options = options
    self.code = code
    self.script = script
    self.arguments = arguments
  }

  /// - Returns: 0, or 1 after an error raised in Lua or a script that cannot be read. SIGINT and
  ///   SIGTERM end the process by the same signal.
  func run() -> Int32 {
    var sources = SourceLines()
    do {
      let program = try Program(options)
      try program.setArguments(script: script, arguments)
      LuaSignals.install(program.lua.interrupt)
      let failure = runChunks(program, &sources)
      program.finish()
      if LuaSignals.received != 0 { reraise(LuaSignals.received) }
      if let failure {
        writeError(errorReport(failure, sources))
        return 1
      }
      return 0
    } catch {
      writeError("kramers: \(error)\n")
      return 70
    }
  }

  private func runChunks(_ program: Program, _ sources: inout SourceLines) -> (any Error)? {
    do {
      for text in code {
        sources.add("(-e)", text)
        try program.evaluate(text, chunkName: "=(-e)")
      }
      if let script, script != "-" {
        try program.run(file: script, sources: &sources)
      } else if script == "-" || code.isEmpty {
        if Terminal.isInput { writeError("kramers: reading a script from the terminal\n") }
        try program.run(standardInput: (), sources: &sources)
      }
      return nil
    } catch {
      return error
    }
  }

  /// Ends the process as the signal would have, so that a surrounding loop stops too.
  private func reraise(_ number: Int32) {
    signal(number, SIG_DFL)
    raise(number)
  }
}
