internal import CLua

/// A Lua 5.4 interpreter and its owner: it is closed when the last reference to it goes.
///
/// The standard libraries are open, with these differences: only source text is loaded, never
/// bytecode; nothing in Lua catches the interrupt; a Lua `__gc` runs in a coroutine of its own. One
/// thread at a time; only `interrupt` may be used from others.
///
/// ```swift
/// let lua = try LuaState()
/// try lua.register("twice") { call in [LuaValue((call.arguments[0].double ?? 0) * 2)] }
/// let results = try lua.load("return twice(21)", chunkName: "=example").call()
/// ```
public final class LuaState {
  let core: LuaCore

  /// Opens a state whose allocations stay below `memoryLimit` bytes, if one is given.
  public init(memoryLimit: Int? = nil) throws {
    core = try LuaCore(memoryLimit: memoryLimit)
    core.owner = self
  }

  deinit { core.close() }

  /// Stops whatever runs in this state; may be kept and used from any thread.
  public var interrupt: LuaInterrupt { core.interrupt }

  /// Requests the interrupt after so many instructions of Lua, counted in thousands, in coroutines
  /// and finalizers too. Lua runs two to three times slower from then on. `debug.sethook` takes the
  /// counter's place.
  public func limitInstructions(_ count: Int) {
    kl_limit_instructions(core.current, UInt64(clamping: count))
  }

  /// Whether the limit was reached.
  public var hasSpentInstructions: Bool { kl_instructions_spent(core.current) }

  /// From now on scripts find of Lua's libraries only what computes: no io, debug, package, bytecode
  /// or file, of `os` the clock alone, of `collectgarbage` "count". For good.
  public func enterSandbox() throws {
    try core.use { stack in try core.check(klp_enter_sandbox(stack), stack) }
  }

  /// Bytes that Lua has allocated.
  public var memoryInUse: Int { Int(kl_live(core.current).bytes) }

  /// Chunks whose name begins so are left out of the positions and tracebacks of errors: a protocol
  /// written in Lua blames its caller. "@stdlib/" at first; empty strings leave nothing out.
  public func setInternalChunks(prefix: String, or other: String = "") {
    kl_set_internal_prefixes(core.current, prefix, other)
    core.internalPrefixes = [prefix, other].map { String($0.drop { $0 == "@" || $0 == "=" }) }
  }

  /// Compiles source text without running it.
  ///
  /// - Parameter chunkName: Lua's convention: `@file` for a file, `=name` for a name as it is.
  public func load(_ source: [UInt8], chunkName: String) throws -> LuaFunction {
    try core.use { stack in
      try core.check(
        source.withUnsafeBytes { klp_load(stack, $0.baseAddress, $0.count, chunkName) }, stack)
      return LuaFunction(reference: try core.reference(-1, stack))
    }
  }

  public func load(_ source: String, chunkName: String) throws -> LuaFunction {
    try load(Array(source.utf8), chunkName: chunkName)
  }

  /// The table of global variables.
  public var globals: LuaTable {
    get throws {
      try core.use { stack in
        klq_push_globals(stack)
        return LuaTable(reference: try core.reference(-1, stack))
      }
    }
  }

  /// Makes a global function of a Swift closure.
  public func register(_ name: String, _ body: @escaping LuaBody) throws {
    try globals.rawSet(LuaValue(name), .function(makeFunction(body)))
  }

  /// A Lua function that runs a Swift closure. Lua retains the closure: capture the state weakly,
  /// or use `LuaCall.state`.
  public func makeFunction(_ body: @escaping LuaBody) throws -> LuaFunction {
    try core.use { stack in
      try core.pushBody(body, stack)
      return LuaFunction(reference: try core.reference(-1, stack))
    }
  }

  /// A new table: `array` at 1, 2, ..., and named `fields`.
  public func makeTable(
    array: [LuaValue] = [], fields: KeyValuePairs<String, LuaValue> = [:]
  ) throws -> LuaTable {
    try core.use { stack in
      try core.check(
        klp_new_table(stack, Int32(clamping: array.count), Int32(clamping: fields.count)), stack)
      let table = LuaTable(reference: try core.reference(-1, stack))
      for (index, value) in array.enumerated() { try table.rawSet(LuaValue(index + 1), value) }
      for (name, value) in fields { try table.rawSet(LuaValue(name), value) }
      return table
    }
  }

  /// Userdata that retains `object` until Lua collects it.
  ///
  /// An object has one userdata at a time: wrapped again, it is the same value in Lua, with the
  /// metatable it got first.
  ///
  /// - Parameter metatable: `__index`, `__tostring`, `__name` and so on, Swift or Lua functions. Its
  ///   `__gc` is set to the release of the object.
  public func wrap(_ object: AnyObject, metatable: LuaTable) throws -> LuaValue {
    try core.use { stack in
      let context = Unmanaged.passUnretained(object)
      if klq_push_known_object(stack, context.toOpaque()) { return try core.read(-1, stack) }
      try core.push(metatable.reference, stack)
      _ = context.retain()
      let status = klp_push_object(stack, context.toOpaque()) {
        Unmanaged<AnyObject>.fromOpaque($0).release()
      }
      if status != KL_OK { context.release() }
      try core.check(status, stack)
      return try core.read(-1, stack)
    }
  }

  /// What `tostring` says of a value, `__tostring` and `__name` included; see `namesGiven`.
  public func describe(_ value: LuaValue) throws -> String {
    try core.use { stack in
      try core.push(value, stack)
      try core.check(klp_tostring(stack), stack)
      return String(decoding: core.bytes(-1, stack) ?? [], as: UTF8.self)
    }
  }

  /// Values without a text of their own are called "table: 1", "function: 2" and so on, in the order
  /// in which they were first asked for: no address leaves Lua, which another run would not repeat.
  public var namesGiven: UInt64 { kl_names(core.current) }

  /// Goes back to an earlier `namesGiven`; the names given after it are forgotten.
  public func setNamesGiven(_ count: UInt64) throws {
    try core.use { stack in try core.check(klp_set_names(stack, count), stack) }
  }

  /// A full collection; finalizers run.
  public func collectGarbage() throws {
    try core.use { stack in try core.check(klp_collect(stack), stack) }
  }

  /// Fails Lua's allocations after `count` more successful ones, all or only `times` of them; nil
  /// ends it. For tests.
  func failAllocations(after count: Int?, times: Int? = nil) {
    kl_fail_after(core.current, count ?? -1, times ?? -1)
  }
}
