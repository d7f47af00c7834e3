internal import CLua

/// A table of Lua, kept alive while this value lives; equal when it is the same table.
public struct LuaTable: Hashable {
  public let reference: LuaReference

  var core: LuaCore { reference.core }

  /// The table's identity, to notice cycles.
  public var rawPointer: UnsafeRawPointer? { reference.rawPointer }

  /// `rawget(t, key)`: no metamethods.
  public func rawGet(_ key: LuaValue) throws -> LuaValue {
    try core.use { stack in
      try core.push(reference, stack)
      try core.push(key, stack)
      klq_rawget(stack, -2)
      return try core.read(-1, stack)
    }
  }

  /// `rawset(t, key, value)`; throws for a nil or NaN key.
  public func rawSet(_ key: LuaValue, _ value: LuaValue) throws {
    try core.use { stack in
      try pushAll(key, value, stack)
      try core.check(klp_rawset(stack), stack)
    }
  }

  /// `t[key]`, through `__index`.
  public func get(_ key: LuaValue) throws -> LuaValue {
    try core.use { stack in
      try core.push(reference, stack)
      try core.push(key, stack)
      try core.check(klp_get(stack), stack)
      return try core.read(-1, stack)
    }
  }

  /// `t[key] = value`, through `__newindex`.
  public func set(_ key: LuaValue, _ value: LuaValue) throws {
    try core.use { stack in
      try pushAll(key, value, stack)
      try core.check(klp_set(stack), stack)
    }
  }

  /// `rawlen(t)`: a border of the array part.
  public var rawCount: Int {
    get throws {
      try core.use { stack in
        try core.push(reference, stack)
        return Int(klq_rawlen(stack, -1))
      }
    }
  }

  /// Visits the pairs in Lua's order (which changes from run to run), without metamethods, until
  /// `body` returns false. The body may change or clear existing fields, not add new ones.
  public func forEachRaw(_ body: (LuaValue, LuaValue) throws -> Bool) throws {
    try core.use { stack in
      let base = klq_top(stack)
      try core.push(reference, stack)
      klq_push_nil(stack)
      while true {
        klq_push_value(stack, base + 1)
        klq_push_value(stack, base + 2)
        var more = false
        try core.check(klp_next(stack, &more), stack)
        guard more else { return }
        let (key, value) = (try core.read(-2, stack), try core.read(-1, stack))
        guard try body(key, value) else { return }
        klq_settop(stack, base + 3)  // the value goes,
        klq_replace(stack, base + 2)  // the key is where the next step begins
      }
    }
  }

  /// All pairs, without metamethods.
  public func rawPairs() throws -> [(LuaValue, LuaValue)] {
    var pairs: [(LuaValue, LuaValue)] = []
    try forEachRaw { key, value in
      pairs.append((key, value))
      return true
    }
    return pairs
  }

  /// The metatable itself, whatever its `__metatable` says.
  public var metatable: LuaTable? {
    get throws {
      try core.use { stack in
        try core.push(reference, stack)
        guard klq_push_metatable(stack, -1) else { return nil }
        return LuaTable(reference: try core.reference(-1, stack))
      }
    }
  }

  public func setMetatable(_ metatable: LuaTable?) throws {
    try core.use { stack in
      try core.push(reference, stack)
      try core.push(metatable.map { .table($0) } ?? .nil, stack)
      try core.check(klp_set_metatable(stack), stack)
    }
  }

  private func pushAll(_ key: LuaValue, _ value: LuaValue, _ stack: OpaquePointer) throws {
    try core.push(reference, stack)
    try core.push(key, stack)
    try core.push(value, stack)
  }
}
