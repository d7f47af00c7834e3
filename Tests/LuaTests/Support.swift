import Lua
import Synchronization
import Testing

struct Boom: Error, Equatable, CustomStringConvertible {
  var code: Int
  var description: String { "boom \(code)" }
}

extension LuaState {
  @discardableResult
  func run(_ source: String, _ chunk: String = "@script.lua") throws -> [LuaValue] {
    try load(source, chunkName: chunk).call()
  }

  func failure(_ source: String, _ chunk: String = "@script.lua") -> LuaError? {
    do {
      try run(source, chunk)
      return nil
    } catch { return error as? LuaError }
  }
}

/// Counts the live instances of the objects a test made.
final class Counted {
  let live: Tally
  init(_ live: Tally) {
    self.live = live
    live.add(1)
  }
  deinit { live.add(-1) }
}

final class Tally: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func add(_ n: Int) { count.withLock { $0 += n } }
}
