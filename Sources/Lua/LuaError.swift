/// An error that came out of Lua, or one to be raised there.
public struct LuaError: Error, CustomStringConvertible, @unchecked Sendable {
  // Unchecked: the values refer to a state, which its owner keeps to one thread at a time; Error
  // demands Sendable and the message alone would lose the table that a script raised.

  public enum Kind: Sendable {
    case syntax
    case runtime
    case memory
    /// A message handler failed, or the C stack overflowed while an error was handled.
    case errorInHandler
    /// The stop that `LuaInterrupt` asked for.
    case interrupted
  }

  public struct Position: Equatable, Sendable {
    /// The chunk as Lua shows it: "script.lua", "stdin", "[string ...]".
    public var chunk: String
    public var line: Int

    public init(chunk: String, line: Int) {
      self.chunk = chunk
      self.line = line
    }
  }

  public var kind: Kind
  /// With the position in front, without the traceback.
  public var message: String
  /// "stack traceback:" and its lines, without internal frames; taken where the error was raised.
  public var traceback: String?
  /// The line that the message blames; failing that, the user's line that was running.
  public var position: Position?
  /// The Swift error that a callback threw, as it was.
  public var underlying: (any Error)?
  /// What Lua raised: a string, a table, ...; `.nil` if the error did not come from Lua.
  public var value: LuaValue = .nil

  /// Whether Lua raised `value`, so that raising this error again raises the same value.
  var cameFromLua = false

  /// An error of Swift's own; thrown in a callback, Lua puts the position in front.
  public init(_ message: String, kind: Kind = .runtime) {
    self.kind = kind
    self.message = message
  }

  public var description: String { message }

  /// A syntax error at the end of the text: more input could complete it.
  public var isIncomplete: Bool { kind == .syntax && message.hasSuffix("<eof>") }

  static let closed = LuaError("the Lua state is closed")
  static let stackOverflow = LuaError("stack overflow: too many values")
  static let noMemory = LuaError("not enough memory", kind: .memory)
}

/// Thrown by a callback that saw `LuaInterrupt.isRequested`: the same stop as the interrupt's own.
public struct LuaInterrupted: Error, CustomStringConvertible {
  public init() {}
  public var description: String { "interrupted" }
}
