#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension FilePlace {
  /// Looks at the file without SQLite, until it is a whole session of a known version with no
  /// transaction under way. A transaction that was cut short by the end of its program is taken back
  /// (that is all that opening ever writes).
  ///
  /// - Returns: the file's header and size.
  func inspect(_ file: OpenFile) throws(SessionError) -> (header: FileHeader, size: Int) {
    var tries = 0
    while true {
      let bytes = file.read(FileHeader.size, at: 0)
      let header = try FileHeader(bytes, path: given)
      let size = file.size
      if access(path + "-wal", F_OK) == 0 {
        throw SessionError(
          .corrupt, given, "is no session alone: a log of another program, \(path)-wal, lies there")
      }
      tries += 1
      switch try journalState() {
      case .none:
        if header.fits(bytes, fileSize: size) { return (header, size) }
        // Perhaps another program ended a transaction between two looks.
        guard tries < (file.holder == 0 ? 2 : 50) else {
          throw SessionError(
            .corrupt, given,
            "is damaged: it has \(size) bytes, and its header tells of \(header.pageCount) pages "
              + "of \(header.pageSize)")
        }
        if tries > 1 { usleep(20_000) }
      case .hot:
        let holder = file.holder
        if holder == 0 || holder == Int(getpid()) {
          try recover()
        } else {
          guard tries < 500 else { throw busy(holder) }
          usleep(20_000)
        }
      }
    }
  }

  /// Reads the file when it is whole, and again when another program saved to it meanwhile.
  func read<R>(
    _ file: OpenFile, _ body: (_ size: Int) throws(SessionError) -> R
  ) throws(SessionError) -> R {
    var tries = 0
    while true {
      let (header, size) = try inspect(file)
      do {
        return try body(size)
      } catch {
        let now = try inspect(file)
        tries += 1
        guard tries < 100, now.header.changes != header.changes || now.size != size else {
          throw error
        }
      }
    }
  }

  func busy(_ holder: Int) -> SessionError {
    SessionError(.busy, given, "is in use by \(processWords(holder))")
  }

  private enum JournalState { case none, hot }

  /// Whether a rollback journal tells of a transaction that did not end.
  private func journalState() throws(SessionError) -> JournalState {
    guard access(journal, F_OK) == 0 else { return .none }
    let beside = try FilePlace(journal)
    let file = try beside.open(writing: false)
    let magic: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]
    let start = file.read(8, at: 0)
    // As SQLite sees it: empty, or its header overwritten with zeros, it has nothing to say.
    guard let first = start.first, first != 0 else { return .none }
    // A journal that names a super-journal makes SQLite delete the file of that name. None of ours
    // does: they change one file only.
    let end = file.read(8, at: max(file.size - 8, 8))
    guard start == magic, end != magic else {
      throw SessionError(
        .corrupt, given, "is no session alone: \(journal) lies there, which no session has made")
    }
    return .hot
  }

  private func recover() throws(SessionError) {
    do {
      try Connection(self, .saving).run { database in
        try Statement(database, "SELECT count(*) FROM sqlite_schema").forEachRow { _ in }
      }
    } catch let error where error.kind == .failure {
      throw SessionError(
        .failure, given,
        "was being saved when its program was killed, and cannot be brought back to its last whole "
          + "state: \(error.reason)")
    }
  }
}

func processWords(_ holder: Int) -> String {
  switch holder {
  case Int(getpid()): "this program already"
  case 1...: "another program (process \(holder))"
  default: "another program"
  }
}
