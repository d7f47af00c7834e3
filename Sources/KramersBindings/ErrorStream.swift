internal import CStandardStreams
internal import Synchronization

/// Standard error: messages, and at most one line that is erased before the next message.
public final class ErrorStream: Sendable {
  let isQuiet: Bool
  private let hasLine = Mutex(false)

  public init(isQuiet: Bool) { self.isQuiet = isQuiet }

  public func write(_ text: String) {
    hasLine.withLock { hasLine in
      put((hasLine ? Self.erase : "") + text)
      hasLine = false
    }
  }

  /// A warning; silent with --quiet.
  public func warn(_ words: String) {
    if !isQuiet { write("kramers: \(words)\n") }
  }

  /// Shows a line in place of the former; nil erases it.
  func show(line: String?) {
    hasLine.withLock { hasLine in
      guard let line else {
        if hasLine { put(Self.erase) }
        hasLine = false
        return
      }
      put(Self.erase + line)
      hasLine = true
    }
  }

  private static let erase = "\r\u{1B}[K"

  private func put(_ text: String) {
    let bytes = Array(text.utf8)
    ks_write_error(bytes, bytes.count)
  }
}
