internal import Dispatch
internal import Synchronization

/// `body(0), ..., body(count - 1)`, computed on up to `threads` threads, in index order.
///
/// Workers claim indices one at a time from a counter, because escape times are heavy-tailed.
/// Results do not depend on `threads`: `body` must depend on its index alone.
public func parallelMap<Result: Sendable>(
  _ count: Int, threads: Int, _ body: @Sendable (Int) -> Result
) -> [Result] {
  let workers = max(1, min(threads, count))
  if workers == 1 { return (0..<count).map(body) }
  let slots = UnsafeMutableBufferPointer<Result?>.allocate(capacity: count)
  slots.initialize(repeating: nil)
  defer {
    slots.deinitialize()
    slots.deallocate()
  }
  // Each index is claimed by exactly one worker, so no slot is written twice.
  nonisolated(unsafe) let target = slots
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: workers) { _ in
    while true {
      let index = next.add(1, ordering: .relaxed).oldValue
      if index >= count { return }
      target[index] = body(index)
    }
  }
  return slots.map { slot in
    guard let slot else { preconditionFailure("parallelMap: a slot was never filled") }
    return slot
  }
}
