internal import CSessionFile

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// An SQLite connection for one piece of work. It runs no code that a file brings along.
struct Connection {
  enum Purpose: Equatable {
    /// Of a file of so many bytes.
    case reading(size: Int)
    case saving
  }

  private let place: FilePlace
  private let purpose: Purpose

  init(_ place: FilePlace, _ purpose: Purpose) {
    self.place = place
    self.purpose = purpose
  }

  /// Opens, calls `body`, closes.
  func run<R>(_ body: (Database) throws -> R) throws(SessionError) -> R {
    var systemCode: CInt = 0
    // Of instructions of SQLite's machine: in proportion to the file, which does hold so much.
    let budget = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    defer { budget.deallocate() }
    if case .reading(let size) = purpose { budget.pointee = 1_000 + size / 20 }
    do {
      let database = try Database(place.path, readOnly: purpose != .saving)
      errno = 0
      let outcome = Result {
        try prepare(database, budget)
        return try body(database)
      }
      systemCode = database.systemCode
      // SQLite does not keep the code of a failed commit.
      if systemCode == 0, [EFBIG, EDQUOT, ENOSPC, EIO].contains(errno) { systemCode = errno }
      let result = try outcome.get()
      try database.close()
      return result
    } catch let error as SessionError {
      throw error
    } catch let damage as Damage {
      throw SessionError(.corrupt, place.given, damage.words)
    } catch let error as DatabaseError {
      throw sentence(error, systemCode)
    } catch {
      throw SessionError(.failure, place.given, "cannot be \(verb): \(error)")
    }
  }

  private var verb: String { purpose == .saving ? "saved" : "opened" }

  /// Limits, and what a file may not do.
  private func prepare(_ database: Database, _ budget: UnsafeMutablePointer<Int>) throws {
    let connection = database.connection
    session_file_defend(UnsafeMutableRawPointer(connection))
    for (limit, value) in [
      (SQLITE_LIMIT_ATTACHED, 0), (SQLITE_LIMIT_TRIGGER_DEPTH, 1),
      (SQLITE_LIMIT_WORKER_THREADS, 0), (SQLITE_LIMIT_COLUMN, 64),
      (SQLITE_LIMIT_EXPR_DEPTH, 20), (SQLITE_LIMIT_COMPOUND_SELECT, 2),
      (SQLITE_LIMIT_SQL_LENGTH, 20_000), (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100),
    ] { sqlite3_limit(connection, limit, CInt(value)) }
    if case .reading(let size) = purpose {
      sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, CInt(min(max(size, 100_000), 1 << 30)))
      sqlite3_progress_handler(
        connection, 1_000,
        { budget in
          guard let budget = budget?.assumingMemoryBound(to: Int.self) else { return 1 }
          budget.pointee -= 1
          return budget.pointee < 0 ? 1 : 0
        }, budget)
    }
    if purpose == .saving, let limit = SessionFile.sizeLimit {
      try database.execute("PRAGMA max_page_count = \(max(limit / EmptySession.pageSize, 1))")
    }
    try database.execute(
      """
      PRAGMA foreign_keys = OFF;
      PRAGMA trusted_schema = OFF;
      PRAGMA cell_size_check = ON;
      PRAGMA mmap_size = 0;
      PRAGMA temp_store = MEMORY;
      PRAGMA synchronous = EXTRA;
      PRAGMA secure_delete = OFF;
      PRAGMA cache_size = -16000;
      """)
  }

  private func sentence(_ error: DatabaseError, _ systemCode: CInt) -> SessionError {
    let words = error.words
    func fail(_ kind: SessionError.Kind, _ reason: String) -> SessionError {
      SessionError(kind, place.given, reason)
    }
    let system = systemCode == 0 ? words : systemError(systemCode)
    switch error.code {
    case SQLITE_BUSY, SQLITE_LOCKED:
      return fail(.busy, "is in use by another program")
    case SQLITE_FULL where systemCode == 0 && SessionFile.sizeLimit != nil:
      return fail(.tooLarge, "cannot be saved: it would take more than its limit")
    case SQLITE_FULL:
      return fail(.failure, "cannot be \(verb): \(systemError(ENOSPC))")
    case SQLITE_READONLY where systemCode == 0:
      return fail(.failure, "cannot be \(verb): it or its folder may not be written")
    case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM:
      return fail(.failure, "cannot be \(verb): \(system)")
    case SQLITE_NOMEM:
      return fail(.failure, "cannot be \(verb): \(systemError(ENOMEM))")
    case SQLITE_TOOBIG where purpose == .saving:
      return fail(.failure, "cannot be saved: a text in it has more than 10^9 bytes")
    case SQLITE_INTERRUPT:
      return fail(.corrupt, "is damaged: reading it takes longer than its size explains")
    case _
    where purpose == .saving && error.code != SQLITE_CORRUPT
      && error.code != SQLITE_NOTADB:
      return fail(.failure, "cannot be saved: \(words)")
    default:
      return fail(.corrupt, "is damaged: \(words)")
    }
  }
}
