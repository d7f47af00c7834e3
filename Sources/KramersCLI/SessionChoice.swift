import KramersBindings

/// What the command line says about sessions.
struct SessionChoice {
  /// `--session` or `--resume`.
  var name: String?
  /// Whether the session must exist, and goes on with what was interrupted.
  var resumes = false

  /// - Returns: the exit status when the session cannot be opened.
  func open(in program: Program) -> Int32? {
    guard let name else { return nil }
    do {
      try program.useSession(name, mustExist: resumes)
      if resumes, !program.canResume {
        if let reason = program.unendedEntry() {
          writeError("kramers: \(name) cannot go on: \(reason)\n")
          return 65
        }
        program.errors.warn("nothing was interrupted in \(name)")
      }
      return nil
    } catch {
      return sessionStatus(error)
    }
  }

  /// `--verify`: runs the journal again and writes what it found.
  /// - Returns: 0 when everything is the same, 1 when not.
  static func verify(_ name: String, _ options: ProgramOptions) -> Int32 {
    do {
      let program = try Program(options)
      let isSame = try program.verifySession(name)
      program.finish()
      return isSame ? 0 : 1
    } catch {
      return sessionStatus(error)
    }
  }

  /// `--sessions`.
  static func list(_ options: ProgramOptions) -> Int32 {
    do {
      let program = try Program(options)
      try program.writeSessionList()
      program.finish()
      return 0
    } catch {
      return sessionStatus(error)
    }
  }
}

/// Writes the error and gives its exit status.
private func sessionStatus(_ error: any Error) -> Int32 {
  writeError("kramers: \(error)\n")
  return Program.sessionStatus(error) ?? 70
}
