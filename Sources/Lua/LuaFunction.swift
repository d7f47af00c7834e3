internal import CLua

/// A function of Lua, kept alive while this value lives.
public struct LuaFunction: Hashable {
  public let reference: LuaReference

  /// Calls it with any number of arguments and returns all results. Inside a callback it runs on
  /// the coroutine that called; a yield across the callback is an error.
  @discardableResult
  public func call(_ arguments: [LuaValue] = []) throws -> [LuaValue] {
    let core = reference.core
    return try core.use(arguments.count) { stack in
      let top = klq_top(stack)
      try core.push(reference, stack)
      for argument in arguments { try core.push(argument, stack) }
      try core.check(klp_call(stack, Int32(arguments.count)), stack)
      return try core.readAll(from: top + 1, stack)
    }
  }
}

/// One call of a Swift closure from Lua.
public struct LuaCall {
  public let state: LuaState
  public let arguments: [LuaValue]

  /// The n-th argument, counted from 1; nil beyond the last, as in Lua.
  public func argument(_ n: Int) -> LuaValue {
    arguments.indices.contains(n - 1) ? arguments[n - 1] : .nil
  }
}

/// A Swift function for Lua: arguments in, results out. What it throws is raised in Lua as an error
/// object that carries the Swift error.
public typealias LuaBody = (LuaCall) throws -> [LuaValue]

/// What Lua holds of a Swift closure.
private final class BodyBox {
  let core: LuaCore
  let body: LuaBody

  init(core: LuaCore, body: @escaping LuaBody) {
    self.core = core
    self.body = body
  }
}

extension LuaCore {
  func pushBody(_ body: @escaping LuaBody, _ stack: OpaquePointer) throws {
    let box = Unmanaged.passRetained(BodyBox(core: self, body: body))
    let status = klp_push_closure(
      stack,
      { context, stack in
        // Retained for the call: a script may drop the last reference to the running function.
        let box = Unmanaged<BodyBox>.fromOpaque(context).takeUnretainedValue()
        return box.core.enter(box.body, stack)
      },
      box.toOpaque(), { Unmanaged<BodyBox>.fromOpaque($0).release() })
    if status != KL_OK { box.release() }
    try check(status, stack)
  }

  /// Runs a callback. No Swift frame is left when it returns; only then does C raise the error.
  private func enter(_ body: LuaBody, _ stack: OpaquePointer) -> Int32 {
    guard let owner else { return 0 }  // a finalizer, while the state closes
    return on(stack) {
      do {
        let arguments = try readAll(from: 1, stack)
        let results = try body(LuaCall(state: owner, arguments: arguments))
        guard let count = Int32(exactly: results.count), klq_room(stack, count + 8) else {
          throw LuaError.stackOverflow
        }
        for result in results { try push(result, stack) }
        return count
      } catch {
        return raise(error, stack)
      }
    }
  }
}
