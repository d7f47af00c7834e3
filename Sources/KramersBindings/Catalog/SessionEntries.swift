import Kramers

extension Catalog {
  /// Sessions: one SQLite file each, `docs/session-file.md` says what is in it.
  static let sessions: [Entry] = [
    Entry(
      "session.save", .session(Program.sessionSave),
      "saves experiments, global variables, results, random streams and the journal; from then on "
        + "the session lives in that file and is saved as work goes on. A name with a slash or the "
        + "ending .kramers is a path, others live in ~/.local/state/kramers. Functions are no data: "
        + "opening the session names them, with the entry that made them",
      usage: "session.save([name])", command: ":save [name]", returns: "the path",
      example: """
        local path = os.tmpname() .. ".kramers"
        taus = { 1103, 2999, 8152 }
        print(session.save(path) == path)
        """,
      seeAlso: ["session.open", "session.verify"]),
    Entry(
      "session.open", .session(Program.sessionOpen),
      "opens a session in the place of the present one; no code of the file runs, and it is checked "
        + "before anything is changed. What was interrupted goes on with resume()",
      usage: "session.open(name)", command: ":open name", returns: "the path",
      example: """
        local path = os.tmpname() .. ".kramers"
        taus = { 1103, 2999, 8152 }
        session.save(path)
        taus = nil
        session.open(path)
        print(#taus)
        """,
      seeAlso: ["session.save", "session.list", "resume"]),
    Entry(
      "session.list", .session(Program.sessionList), "the sessions, the newest last",
      usage: "session.list()", command: ":sessions", looks: true,
      returns: "a list: name, saved, created, entries, variables, results, interrupted, bytes, "
        + "program, last (how the last entry begins)",
      example: """
        local list = session.list()
        print(#list, "sessions")
        for _, s in ipairs(list) do print(s.name, s.entries) end
        """,
      seeAlso: ["session.open", "session.delete"]),
    Entry(
      "session.journal", .session(Program.sessionJournal),
      "every input so far as a script that runs again; those that failed or were interrupted are "
        + "comments",
      usage: "session.journal([path])", command: ":journal [path]", looks: true,
      returns: "the script, or the path it was written to",
      example: """
        print(session.journal())
        """,
      seeAlso: ["session.verify", "session.export"]),
    Entry(
      "session.verify", .session(Program.sessionVerify),
      "runs the journal of a session again, in an interpreter of its own, and compares every "
        + "variable, result and weight with the file, bit for bit; kramers --verify NAME does it in "
        + "a process of its own",
      usage: "session.verify([name])",
      returns:
        "kind=\"verification\": verdict (\"same\" or \"different\"), differences (name, stored, replayed), "
        + "changed_data (the data sets that are others now, as they were), interrupted (entries that "
        + "did not end)",
      answer: Answer(
        "verification",
        [
          "entries", "variables", "experiments", "changed_data", "interrupted",
          "differences: name stored replayed",
        ], summary: ["{session}: {verdict}"]),
      example: """
        local path = os.tmpname() .. ".kramers"
        session.save(path)
        print(session.verify(path).verdict)
        """,
      seeAlso: ["session.journal"]),
    Entry(
      "session.delete", .session(Program.sessionDelete),
      "deletes a session's file, unless another program has it open",
      usage: "session.delete(name)", returns: "nothing",
      example: """
        local path = session.export(os.tmpname() .. ".kramers")
        session.delete(path)
        print(io.open(path))
        """,
      seeAlso: ["session.list"]),
    Entry(
      "session.export", .session(Program.sessionExport),
      "writes the session for others, by the ending of the path: .lua the journal, .jsonl a line for "
        + "each result with its provenance, .kramers a copy",
      usage: "session.export(path)", returns: "the path",
      example: """
        local path = session.export(os.tmpname() .. ".lua")
        for line in io.lines(path) do print(line) end
        os.remove(path)
        """,
      seeAlso: ["session.journal", "r:json"]),
  ]
}
