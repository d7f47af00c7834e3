import Lua
internal import Synchronization

/// The bytes that a run may still write: to standard output, standard error and files. Whoever asks
/// for more is refused, and the run is stopped as by any other limit.
final class OutputBudget: Sendable {
  private let left: Atomic<Int>
  private let spent = Atomic(false)
  private let isLifted = Atomic(false)
  private let interrupt: LuaInterrupt

  /// - Parameter limit: nil for none.
  init(_ limit: Int?, _ interrupt: LuaInterrupt) {
    left = Atomic(limit ?? .max)
    self.interrupt = interrupt
  }

  /// Whether more was asked for than there was.
  var isSpent: Bool { spent.load(ordering: .relaxed) }

  /// Whether so many bytes may be written; they are counted then.
  func take(_ bytes: Int) -> Bool {
    let before = left.load(ordering: .relaxed)
    if before == .max || isLifted.load(ordering: .relaxed) { return true }
    guard !isSpent, left.subtract(bytes, ordering: .relaxed).newValue >= 0 else {
      if !spent.exchange(true, ordering: .relaxed) { interrupt.request() }
      return false
    }
    return true
  }

  /// What the program itself says of a run that has ended is not counted.
  func lifted(_ body: () -> Void) {
    isLifted.store(true, ordering: .relaxed)
    body()
    isLifted.store(false, ordering: .relaxed)
  }
}
