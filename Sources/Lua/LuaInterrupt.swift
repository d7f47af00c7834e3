internal import CLua
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// Stops the Lua code of one state; may outlive it.
///
/// After `request()` every instruction of Lua raises an error that pcall, xpcall and coroutines
/// cannot catch, until `clear()`. Swift code that works long polls `isRequested` and either returns
/// what it has or throws `LuaInterrupted`. One call into Lua's C library (a pathological
/// `string.find`) runs to its end first.
public final class LuaInterrupt: @unchecked Sendable {
  // Unchecked: the C structure holds atomics.
  let pointer: OpaquePointer

  init() throws {
    guard let pointer = kl_interrupt_new() else { throw LuaError.noMemory }
    self.pointer = pointer
  }

  deinit { kl_interrupt_free(pointer) }

  /// Asks for the stop; any thread. In C, `kl_interrupt_request` is also async-signal-safe.
  public func request() { kl_interrupt_request(pointer) }

  /// One relaxed atomic load; any thread.
  public var isRequested: Bool { kl_interrupt_requested(pointer) }

  /// Stops Lua as `request` does, until whoever called this calls `release`: the way out of a
  /// function that nothing in Lua may catch, and that Swift does.
  public func hold() { kl_interrupt_hold(pointer) }

  /// - Returns: false where the stop was also requested, and stands.
  public func release() -> Bool { kl_interrupt_release(pointer) }

  /// Lets Lua run again: at the prompt, or at the end of a script.
  public func clear() { kl_interrupt_clear(pointer) }
}

/// SIGINT, SIGTERM and SIGHUP of the process, turned into the interrupt of one state.
///
/// Blocking calls end with EINTR. The signals are not raised again: the program decides that.
public enum LuaSignals {
  private static let target = Mutex<LuaInterrupt?>(nil)

  /// From now on the signals request this interrupt; installed again, another one.
  ///
  /// - Returns: false if the system refused the handler.
  @discardableResult
  public static func install(_ interrupt: LuaInterrupt) -> Bool {
    target.withLock { target in
      let installed = kl_signals_install(interrupt.pointer)
      target = interrupt  // the former one may go: no handler uses it any more
      return installed
    }
  }

  /// The handlers that stood before come back.
  public static func restore() {
    target.withLock { target in
      kl_signals_restore()
      target = nil
    }
  }

  /// As if the signal had come, also where the process ignores it; any thread.
  public static func receive(_ signal: Int32) { kl_signals_receive(signal) }

  /// From now on a second SIGINT within two seconds ends the process at once, by the signal.
  public static func endProcessOnHaste(_ ends: Bool = true) { kl_signals_end_on_haste(ends) }

  /// From now on one more signal ends the process, however long after the first.
  public static func endProcessOnNext() { kl_signals_end_next() }

  /// SIGINT, SIGTERM, SIGHUP, or 0 for none since `clear()`.
  public static var received: Int32 { kl_signal_received() }

  /// Whether a signal came that ends the process: any but SIGINT.
  public static var endsProcess: Bool { received != 0 && received != SIGINT }

  /// How many came since `clear()`.
  public static var count: Int { Int(kl_signal_count()) }

  /// 0: none; 1: asked to stop; 2: a second SIGINT came within two seconds of the first.
  public static var level: Int { Int(kl_signal_level()) }

  /// Forgets the signals received, not the interrupt.
  public static func clear() { kl_signals_clear() }
}
