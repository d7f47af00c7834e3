/// A Lua value kept alive from Swift.
///
/// Equal when it is the same value in Lua. Its release only takes a note, which the state reads at
/// its next use: so the last owner may be dropped anywhere, inside a callback, in a finalizer, or
/// after the state was closed.
public final class LuaReference: Hashable {
  let core: LuaCore
  let slot: Int32
  /// Lua's type name: "table", "function", "userdata" or "thread".
  public let typeName: String
  /// The address in Lua; a value's identity while a reference to it lives.
  public let rawPointer: UnsafeRawPointer?

  init(core: LuaCore, slot: Int32, typeName: String, rawPointer: UnsafeRawPointer?) {
    self.core = core
    self.slot = slot
    self.typeName = typeName
    self.rawPointer = rawPointer
  }

  deinit { core.retire(slot) }

  public static func == (a: LuaReference, b: LuaReference) -> Bool {
    a === b || (a.core === b.core && a.rawPointer == b.rawPointer && a.typeName == b.typeName)
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(rawPointer) }
}
