#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension FilePlace {
  /// Looks at the file without SQLite: whether it is a session of a known version, and whole. A
  /// transaction that was cut short by the end of its program is taken back (that is all that
  /// opening ever writes); one of a program that lives is none of our business, SQLite waits for it.
  ///
  /// - Returns: the file's header and size.
  func inspect(_ file: OpenFile) throws(SessionError) -> (header: FileHeader, size: Int) {
    var attempt = 0
    while true {
      defer { attempt += 1 }
      let bytes = file.read(FileHeader.size, at: 0)
      let header = try FileHeader(bytes, path: given)
      let size = file.size
      if access(path + "-wal", F_OK) == 0 {
        throw SessionError(
          .corrupt, given, "is no session alone: a log of another program, \(path)-wal, lies there")
      }
      let holder = file.holder
      let isOurs = holder == 0 || holder == Int(getpid())
      if try hasHotJournal() {
        guard isOurs else { return (header, size) }
        // Later ones: a program that is no Kramers is at work on the file.
        guard attempt < 200 else { throw busy(-1) }
        if attempt > 0 { usleep(20_000) }
        try recover()
        continue
      }
      if header.fits(bytes, fileSize: size) { return (header, size) }
      // Perhaps another program ended a transaction between two looks.
      guard attempt < (isOurs ? 2 : 100) else {
        throw SessionError(
          .corrupt, given,
          "is damaged: it has \(size) bytes, and its header tells of \(header.pageCount) pages "
            + "of \(header.pageSize)")
      }
      if attempt > 1 { usleep(10_000) }
    }
  }

  /// Reads the file, and again when another program saved to it meanwhile: then its size was not the
  /// one that its contents were compared with.
  func read<R>(
    _ file: OpenFile, _ body: (_ size: Int) throws(SessionError) -> R
  ) throws(SessionError) -> R {
    let start = ContinuousClock.now
    while true {
      let (header, size) = try inspect(file)
      do {
        return try body(size)
      } catch {
        let now = try inspect(file)
        guard ContinuousClock.now - start < .seconds(15),
          now.header.changes != header.changes || now.size != size
        else { throw error }
      }
    }
  }

  func busy(_ holder: Int) -> SessionError {
    SessionError(.busy, given, "is in use by \(processWords(holder))")
  }

  /// Whether a rollback journal tells of a transaction that did not end.
  private func hasHotJournal() throws(SessionError) -> Bool {
    guard access(journal, F_OK) == 0 else { return false }
    let file: OpenFile
    do {
      file = try FilePlace(journal).open(writing: false)
    } catch let error where error.kind == .missing {
      return false  // Its transaction ended just now.
    }
    let magic: [UInt8] = [0xD9, 0xD5, 0x05, 0xF9, 0x20, 0xA1, 0x63, 0xD7]
    let start = file.read(8, at: 0)
    // As SQLite sees it: empty, or its header overwritten with zeros, it has nothing to say.
    guard let first = start.first, first != 0 else { return false }
    // A journal that names a super-journal makes SQLite delete the file of that name. None of ours
    // does: they change one file only.
    let end = file.read(8, at: max(file.size - 8, 8))
    guard start == magic, end != magic else {
      throw SessionError(
        .corrupt, given, "is no session alone: \(journal) lies there, which no session has made")
    }
    return true
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
