internal import CSessionFile
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// A session file that this program has attached: it alone saves to it, until this value is gone or
/// the process ends, however it ends.
///
/// The file is one SQLite database (docs/session-file.md). Nothing lies beside it but, during a
/// save, SQLite's rollback journal.
public final class SessionFile: Sendable {
  /// As it was given.
  public let path: String
  /// nil: attached for writing. Otherwise why this program may only read it:
  /// `is in use by another program (process 4711)`.
  public let readOnlyReason: String?

  private let place: FilePlace
  private let attachment: Mutex<Attachment>

  private struct Attachment {
    /// Holds the lock.
    var file: OpenFile?
    /// Made by this value, and nothing was saved yet.
    var isNew = false
    /// What the file holds at this count of transactions; anything else that writes changes it.
    var saved: SavedRows?
    var changes: UInt32?
    /// Rows that the last save changed.
    var lastChanges = 0
  }

  /// Work with files goes one after the other in this process: closing any descriptor of a file
  /// drops the locks that SQLite has on it.
  private static let turn = Mutex<Void>(())

  /// Attaches the file, and makes it if there is none: then it is a whole, empty session from the
  /// first moment, readable by its owner alone, and goes again if nothing is ever saved to it.
  ///
  /// An existing file is checked like one that is opened, and left as it is; `contents` reads it
  /// with nobody in between.
  ///
  /// - Parameter creates: whether to make a file that is missing; else that is an error.
  /// - Throws: `SessionError`; none when another program has the file, see `readOnlyReason`.
  public init(path: String, creates: Bool = true) throws(SessionError) {
    self.path = path
    let place = try FilePlace(path)
    self.place = place
    let (attachment, reason) = try SessionFile.alone { () throws(SessionError) in
      try SessionFile.attach(place, creates: creates)
    }
    self.attachment = Mutex(attachment)
    readOnlyReason = reason
  }

  deinit {
    SessionFile.turn.withLock { _ in
      attachment.withLock { attachment in
        if attachment.isNew, let file = attachment.file, file.identity == place.identity() {
          unlink(place.path)
        }
        attachment.file = nil
      }
    }
  }

  /// Reads the file, as hostile input.
  public func contents() throws(SessionError) -> SessionContents {
    try withAttachment { attachment, file throws(SessionError) in
      let (contents, saved) = try place.read(file) { size throws(SessionError) in
        try SessionReader.read(place, size: size)
      }
      attachment.saved = saved
      attachment.changes = try place.inspect(file).header.changes
      return contents
    }
  }

  /// Saves in one transaction that is on the disk when this returns; on an error the file is as it
  /// was. Arrays and rows that are in the file already are not written again.
  public func save(_ contents: SessionContents) throws(SessionError) {
    if let readOnlyReason {
      throw SessionError(.busy, path, "cannot be saved: it \(readOnlyReason)")
    }
    do {
      try contents.check()
    } catch {
      throw SessionError(.failure, path, "cannot be saved: \(error.words)")
    }
    try withAttachment { attachment, file throws(SessionError) in
      let header = try place.inspect(file).header
      let saved = header.changes == attachment.changes ? attachment.saved : nil
      let rows = SessionRows(contents)
      var (new, changes) = (saved, 0)
      do throws(SessionError) {
        try Connection(place, .saving).run { database in
          try database.inTransaction(.immediate) {
            let old = try Schema.check(database)
            if old != Schema.version { try Schema.replace(old, in: database) }
            new = try SavedRows.replace(saved, by: rows, in: database)
            changes = database.changes
          }
        }
      } catch {
        // SQLite cuts a file that shrank when the transaction has ended; where only that failed the
        // contents are saved.
        guard let now = try? place.inspect(file).header, now.changes == header.changes &+ 1 else {
          throw error
        }
      }
      attachment.isNew = false
      attachment.saved = new
      attachment.changes = try FileHeader(file.read(FileHeader.size, at: 0), path: path).changes
      attachment.lastChanges = changes
    }
  }

  /// From now on no save makes a file of more bytes: it fails with `SessionError.Kind.tooLarge`, and
  /// the file stays as it was.
  public static func limitSize(to bytes: Int) { limit.store(bytes, ordering: .relaxed) }

  /// nil: as large as the disk.
  static var sizeLimit: Int? {
    let bytes = limit.load(ordering: .relaxed)
    return bytes == .max ? nil : bytes
  }

  private static let limit = Atomic(Int.max)

  /// Bytes of the file now; 0 where it was removed.
  public var size: Int { attachment.withLock { $0.file?.size ?? 0 } }

  /// Rows that the last save changed.
  var lastChanges: Int { attachment.withLock { $0.lastChanges } }

  /// Reads a file without attaching it, as hostile input: whatever it holds, no code of it runs, and
  /// memory and time stay in proportion to its size.
  public static func open(_ path: String) throws(SessionError) -> SessionContents {
    let place = try FilePlace(path)
    return try alone { () throws(SessionError) in
      let file = try place.open(writing: false)
      return try place.read(file) { size throws(SessionError) in
        try SessionReader.read(place, size: size).contents
      }
    }
  }

  /// For lists: what stands in the file's small tables. Arrays are not looked at.
  public static func summary(_ path: String) throws(SessionError) -> SessionSummary {
    let place = try FilePlace(path)
    return try alone { () throws(SessionError) in
      let file = try place.open(writing: false)
      return try place.read(file) { size throws(SessionError) in
        try SessionSummary(place, size: size)
      }
    }
  }

  /// Deletes a session file that nobody has attached.
  ///
  /// - Throws: `SessionError`, also for a file that is no session.
  public static func remove(_ path: String) throws(SessionError) {
    let place = try FilePlace(path)
    try alone { () throws(SessionError) in
      let file = try place.open(writing: true)
      _ = try FileHeader(file.read(FileHeader.size, at: 0), path: path)
      guard session_file_lock(file.descriptor) == 0 else { throw place.busy(file.holder) }
      guard file.identity == place.identity() else { throw place.replaced }
      guard unlink(place.path) == 0 else { throw place.failure("deleted") }
      unlink(place.journal)
    }
  }

  /// Whether a program has the file attached, this one or another.
  public static func isAttached(_ path: String) -> Bool {
    (try? alone { () throws(SessionError) in
      try FilePlace(path).open(writing: false).holder != 0
    }) ?? false
  }

  private static func alone<R: Sendable>(
    _ body: () throws(SessionError) -> R
  ) throws(SessionError) -> R {
    try turn.withLock { _ throws(SessionError) in try body() }
  }

  private func withAttachment<R: Sendable>(
    _ body: (inout Attachment, OpenFile) throws(SessionError) -> R
  ) throws(SessionError) -> R {
    try SessionFile.alone { () throws(SessionError) in
      try attachment.withLock { attachment throws(SessionError) in
        guard let file = attachment.file, let now = place.identity() else {
          throw SessionError(.missing, path, "was removed while this program had it")
        }
        guard file.identity == now else { throw place.replaced }
        return try body(&attachment, file)
      }
    }
  }

  private static func attach(
    _ place: FilePlace, creates: Bool
  ) throws(SessionError) -> (Attachment, readOnlyReason: String?) {
    for _ in 0..<10 {
      if place.identity() == nil {
        guard creates else { throw SessionError(.missing, place.given, "does not exist") }
        if let file = try place.create(EmptySession.bytes()) {
          return (Attachment(file: file, isNew: true), nil)
        }
        continue
      }
      let (file, reason) = try openForWriting(place)
      // Somebody may have put another file there before it was locked.
      guard file.identity == place.identity() else { continue }
      let size = try place.inspect(file).size
      if reason == nil { try SessionReader.check(place, size: size) }
      return (Attachment(file: file), reason)
    }
    throw SessionError(.failure, place.given, "cannot be opened: it comes and goes")
  }

  private static func openForWriting(
    _ place: FilePlace
  ) throws(SessionError) -> (OpenFile, readOnlyReason: String?) {
    if let refusal = place.writeRefusal { return (try place.open(writing: false), refusal) }
    let file = try place.open(writing: true)
    if session_file_lock(file.descriptor) == 0 { return (file, nil) }
    if errno == EAGAIN { return (file, place.busy(file.holder).reason) }
    return (file, "cannot be locked: \(systemError())")
  }
}
