/// Why a session file cannot be opened or saved, in a sentence.
public struct SessionError: Error, CustomStringConvertible, Equatable {
  public enum Kind: Sendable {
    /// There is no such file.
    case missing
    /// The file is damaged, or no session file at all. It was left as it was.
    case corrupt
    /// A later version of the program made it.
    case newer
    /// Another program has it.
    case busy
    /// The system refuses: permissions, a full disk.
    case failure
    /// The file would be larger than `SessionFile.limitSize` allows.
    case tooLarge
  }

  public let kind: Kind
  public let path: String
  /// Without the path: `is no session file: it does not begin like an SQLite database`.
  public let reason: String

  public init(_ kind: Kind, _ path: String, _ reason: String) {
    self.kind = kind
    self.path = path
    self.reason = reason
  }

  public var description: String { "\(path) \(reason)" }
}

/// A file that is not what it should be; whoever knows its path makes a `SessionError` of it.
struct Damage: Error {
  let words: String

  init(_ words: String) { self.words = words }
}
