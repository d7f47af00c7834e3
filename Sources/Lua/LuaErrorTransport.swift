internal import CLua

/// What Lua holds of a Swift error.
private final class ErrorBox {
  let error: any Error
  init(_ error: any Error) { self.error = error }
}

/// Errors across the border, both ways.
extension LuaCore {
  /// Pops the error that a protected call left.
  func takeError(_ status: Int32, _ stack: OpaquePointer) -> LuaError {
    defer { klq_settop(stack, -2) }
    let report = klq_take_report(stack)
    var error = LuaError("", kind: kind(status))
    error.traceback = report.traceback.map { String(cString: $0) }
    if report.line > 0 {
      error.position = .init(chunk: String(cString: report.chunk), line: Int(report.line))
    }
    if klq_is_interrupt(stack, -1) {
      error.kind = .interrupted
      let place = error.position.map { "\($0.chunk):\($0.line): " } ?? ""
      error.message = place + LuaInterrupted().description
      return error
    }
    if status == KL_ERRMEM && klq_type(stack, -1) == KL_NIL { return .noMemory }
    if let context = klq_error_context(stack, -1) {
      error.underlying = Unmanaged<ErrorBox>.fromOpaque(context).takeUnretainedValue().error
    }
    // A callback that fails because it was asked to stop: the stop, with its cause.
    if interrupt.isRequested, error.underlying != nil { error.kind = .interrupted }
    error.message = message(stack)
    if klq_type(stack, -1) == KL_STRING {
      // Buffers of the string library raise this as an ordinary string.
      if error.message == LuaError.noMemory.message { error.kind = .memory }
      let named = Self.position(in: error.message)
      if let named, let user = error.position, isInternal(named.chunk) {
        // An error inside a protocol blames the user's line; where it was raised comes after.
        let place = "\(named.chunk):\(named.line): "
        let words = error.message.dropFirst(place.count)
        error.message = "\(user.chunk):\(user.line): \(words) (in \(named.chunk):\(named.line))"
      } else {
        error.position = named ?? error.position
      }
    }
    if klq_room(stack, 8), let value = try? read(-1, stack) {
      error.value = value
      error.cameFromLua = true
    }
    return error
  }

  private func kind(_ status: Int32) -> LuaError.Kind {
    switch status {
    case KL_ERRSYNTAX: .syntax
    case KL_ERRMEM: .memory
    case KL_ERRERR: .errorInHandler
    default: .runtime
    }
  }

  private func message(_ stack: OpaquePointer) -> String {
    var length = 0
    if let text = klq_error_message(stack, -1, &length) ?? klq_string(stack, -1, &length) {
      return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }
    let fallback = "(error object is a \(String(cString: klq_typename(stack, -1))) value)"
    guard klq_room(stack, 8) else { return fallback }
    klq_push_value(stack, -1)
    defer { klq_settop(stack, -2) }
    guard klp_error_text(stack) == KL_OK else { return fallback }
    return bytes(-1, stack).map { String(decoding: $0, as: UTF8.self) } ?? fallback
  }

  /// "chunk:12: words" names a position; "[string "..."]:12: words" may hold a colon inside.
  static func position(in message: String) -> LuaError.Position? {
    let head = message.prefix { $0 != "\n" }
    let end = head.hasPrefix("[string ") ? "\"]" : ""
    var from = head.startIndex
    while let colon = head[from...].firstIndex(of: ":") {
      let (chunk, rest) = (head[..<colon], head[head.index(after: colon)...])
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      if chunk.hasSuffix(end), let line = Int(digits), rest[digits.endIndex...].hasPrefix(":") {
        return .init(chunk: String(chunk), line: line)
      }
      from = rest.startIndex
    }
    return nil
  }

  /// Leaves the error value for the trampoline to raise.
  func raise(_ error: any Error, _ stack: OpaquePointer) -> Int32 {
    _ = klq_room(stack, 16)
    let lua = error as? LuaError
    if error is LuaInterrupted || (lua?.kind == .interrupted && lua?.cameFromLua == false) {
      klq_push_interrupt(stack)
      return KL_RAISE
    }
    if let error = lua, error.cameFromLua, (try? push(error.value, stack)) != nil {
      keepReport(of: error, stack)
      return KL_RAISE
    }
    // A value that cannot go back (another state's, say) still keeps its cause.
    let cause = lua?.underlying ?? error
    let box = Unmanaged.passRetained(ErrorBox(cause))
    let words = Array("\(error)".utf8)
    let status = words.withUnsafeBytes { text in
      klp_push_error(stack, text.baseAddress, text.count, box.toOpaque()) {
        Unmanaged<ErrorBox>.fromOpaque($0).release()
      }
    }
    if status != KL_OK { box.release() }  // and the error on the stack says so: no memory
    return KL_RAISE
  }

  /// The value on top goes on with the position and traceback it had before Swift saw it.
  private func keepReport(of error: LuaError, _ stack: OpaquePointer) {
    if klq_is_error(stack, -1) { return }  // keeps its own
    guard let traceback = error.traceback, (try? pushString(Array(traceback.utf8), stack)) != nil
    else { return }
    klq_keep_report(stack, Int32(clamping: error.position?.line ?? 0), error.position?.chunk ?? "")
  }
}
