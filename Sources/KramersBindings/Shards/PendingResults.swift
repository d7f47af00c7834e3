import Lua

/// The result of an ensemble whose parts are not all there: a table that may be kept, handed on and
/// given new fields. Whoever looks into it stops the script.
extension Program {
  func preparePendingResults() throws {
    let look = try lua.makeFunction { [unowned self] call in
      for value in call.arguments {
        if let error = lookError(value) { throw error }
      }
      return []
    }
    for name in [
      "index", "len", "call", "tostring", "concat", "unm", "add", "sub", "mul", "div", "mod", "pow",
      "idiv", "band", "bor", "bxor", "shl", "shr", "bnot", "eq", "lt", "le", "pairs",
    ] {
      try metatables.pending.rawSet(LuaValue("__" + name), .function(look))
    }
  }

  func pushPending(_ ensemble: SharedEnsemble) throws -> LuaValue {
    let table = try lua.makeTable()
    try table.setMetatable(metatables.pending)
    if let pointer = table.rawPointer { shards?.pending[pointer] = (table, ensemble) }
    return .table(table)
  }

  /// The error of a look at a value, if it is a pending result.
  func lookError(_ value: LuaValue) -> (any Error)? {
    value.asTable.flatMap { lookError(at: $0.rawPointer) }
  }

  func lookError(at pointer: UnsafeRawPointer?) -> (any Error)? {
    guard let shards, let pointer, let (_, ensemble) = shards.pending[pointer] else { return nil }
    return shards.stopped(by: .look(ensemble), self)
  }

  /// Throws where an argument of a verb, or an option, is pending.
  func refusePending(_ arguments: [LuaValue]) throws {
    guard let shards, !shards.pending.isEmpty else { return }
    for value in arguments {
      if let error = lookError(value) { throw error }
      for (_, option) in try value.asTable?.rawPairs() ?? [] {
        if let error = lookError(option) { throw error }
      }
    }
  }
}
