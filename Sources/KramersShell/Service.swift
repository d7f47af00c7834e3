#if canImport(Glibc)
  internal import Glibc
#endif
internal import Kramers
import KramersBindings
internal import Lua

/// The shell for a program in place of a person: a notebook's kernel asks over a socket.
///
/// A request is a line `VERB BYTES POINT` and so many bytes of code: `execute`, `complete`,
/// `inspect` (a name of the catalogue), `whole` (whether an entry is complete). Each is answered by
/// JSON Lines, of which the last has `kind = "done"`. What code prints goes to standard output and
/// error as ever, and is written before the reply that follows it.
extension Shell {
  /// Answers requests until the other end is closed; what is under way then is stopped, as by SIGHUP.
  /// - Returns: the signal that ended it, 0 for none.
  public func serve(_ socket: Int32) -> Int32 {
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    let replies = ServiceReplies(socket)
    front = replies
    let watch = ReaderWatch(socket)
    program.shell.showPicture = { svg, title in
      replies.send([
        "kind": "picture", "svg": String(decoding: svg, as: UTF8.self), "title": title,
      ])
    }
    program.session.isShell = true
    while !LuaSignals.endsProcess, let request = ServiceRequest(from: socket) {
      answer(request, replies, watch)
    }
    program.finish()
    program.leaveSession(isStopped: LuaSignals.received != 0)
    return LuaSignals.received == SIGINT ? 0 : LuaSignals.received
  }

  private func answer(_ request: ServiceRequest, _ replies: ServiceReplies, _ watch: ReaderWatch) {
    var done: Record = ["kind": "done"]
    switch request.verb {
    case "execute":
      // Ctrl-C between two entries stops neither.
      LuaSignals.clear()
      program.lua.interrupt.clear()
      watch.during { work { run(request.code) } }
      program.shell.lastEntry = request.code
    case "complete":
      let found = completions(request.code, at: request.point)
      done = [
        "kind": "done", "files": found.includesFiles,
        "candidates": found.candidates.map {
          ["text": $0.text, "note": $0.note, "summary": $0.summary] as Record
        },
      ]
    case "inspect":
      let name = String(decoding: request.code, as: UTF8.self)
      let names =
        [name]
        + (name.split { $0 == ":" || $0 == "." }.last.map { ["x:\($0)", "d:\($0)", "\($0)"] } ?? [])
      let entry = names.lazy.compactMap { self.program.catalog.byName[$0] }.first
      done = ["kind": "done", "text": entry.map { HelpText.of($0) }]
    case "whole": done = ["kind": "done", "whole": isComplete(request.code)]
    default: done = ["kind": "done", "failure": "unknown request '\(request.verb)'"]
    }
    replies.send(done)
  }
}
