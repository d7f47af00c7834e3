internal import CLua

/// Names that a program adds to Lua, and what its users are told about wrong ones.
extension LuaState {
  /// Puts the table `names` behind the globals: they are read like globals at the price of a
  /// second lookup, and assigning one calls `taken(name)`, which should raise. The globals' own
  /// metatable is hidden.
  public func guardGlobals(names: LuaTable, taken: LuaFunction) throws {
    try core.use { stack in
      try core.push(names.reference, stack)
      try core.push(taken.reference, stack)
      try core.check(klp_guard_globals(stack), stack)
    }
  }

  /// A name that is not in `table` calls `unknown(name)`, which should raise, if the reader is
  /// code of a strict chunk; any other reader gets nil.
  public func makeStrict(_ table: LuaTable, unknown: LuaFunction) throws {
    try core.use { stack in
      try core.push(table.reference, stack)
      try core.push(unknown.reference, stack)
      try core.check(klp_make_strict(stack), stack)
    }
  }

  /// Declares a chunk to be the user's own: unknown names are errors there.
  public func setStrict(chunkName: String) throws {
    try core.use { stack in try core.check(klp_strict_chunk(stack, chunkName), stack) }
  }
}

/// `math.random`: Lua's generator, xoshiro256**.
extension LuaState {
  /// Seeds it; `math.randomseed()` without arguments comes back to this seed.
  public func seedRandom(_ seed: UInt64) throws {
    try core.use { stack in try core.check(klp_seed_random(stack, seed), stack) }
  }

  /// Its whole state: four words. Setting it goes on with the same numbers.
  public var randomState: [UInt64] {
    get throws {
      try core.use { stack in
        var words = [UInt64](repeating: 0, count: 4)
        guard klq_random_state(stack, &words) else { return [] }
        return words
      }
    }
  }

  public func setRandomState(_ words: [UInt64]) throws {
    precondition(words.count == 4, "the state of math.random is four words")
    try core.use { stack in
      guard klq_set_random_state(stack, words) else {
        throw LuaError("math.random is not Lua's own generator")
      }
    }
  }
}
