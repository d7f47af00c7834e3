#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
internal import Dispatch
import Kramers
import Lua
internal import Synchronization

/// What long work says of itself on standard error: one line while a terminal looks on, one status
/// line for each SIGUSR1. A timer looks ten times a second; the work itself does nothing for it.
public final class Progress: Sendable {
  private struct Task {
    var verb: String
    var monitor: RunMonitor?
    var start: ContinuousClock.Instant
  }

  private let errors: ErrorStream
  /// Whether the line is shown.
  private let isLive: Bool
  private let tasks = Mutex<[Task]>([])
  private let ticksSinceStop = Mutex(0)
  private let begin = ContinuousClock.now
  // Unsafe: made in init, cancelled in deinit, not touched in between.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer

  init(_ errors: ErrorStream, isLive: Bool) {
    self.errors = errors
    self.isLive = isLive
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "kramers.progress"))
    timer.setEventHandler { [weak self] in self?.look() }
    timer.schedule(deadline: .now() + 0.1, repeating: 0.1)
    timer.activate()
  }

  deinit { timer.cancel() }

  /// Runs a verb; the line about it is gone when it returns.
  func during<Result>(_ verb: String, _ body: () throws -> Result) rethrows -> Result {
    tasks.withLock { $0.append(Task(verb: verb, start: .now)) }
    defer {
      let isOver = tasks.withLock { tasks in
        tasks.removeLast()
        return tasks.isEmpty
      }
      if isLive, isOver { errors.show(line: nil) }
    }
    return try body()
  }

  /// The monitor of the verb that runs.
  func attach(_ monitor: RunMonitor) {
    tasks.withLock { tasks in
      if !tasks.isEmpty { tasks[tasks.count - 1].monitor = monitor }
    }
  }

  private func look() {
    watchStop()
    if ks_take_status_request() { errors.write("kramers: \(status)\n") }
    guard isLive else { return }
    // Under the lock, so that a verb that ends now erases the line after it was drawn.
    tasks.withLock { tasks in
      guard let task = tasks.last(where: { $0.monitor != nil }) ?? tasks.last,
        task.start.duration(to: .now) > .milliseconds(500)
      else { return }
      let columns = Int(ks_error_columns())
      errors.show(line: String(line(task).prefix((columns > 0 ? columns : 80) - 1)))
    }
  }

  /// A call into C's library runs to its end whatever was asked: after two seconds that is said.
  private func watchStop() {
    guard LuaSignals.received != 0 else { return }
    let ticks = ticksSinceStop.withLock { ticks in
      ticks += 1
      return ticks
    }
    let isLate = ticks == 20
    if ticks == 100, LuaSignals.received == SIGTERM {
      // Nobody may be there to ask a second time.
      signal(SIGTERM, SIG_DFL)
      kill(getpid(), SIGTERM)
    }
    if isLate {
      LuaSignals.endProcessOnNext()
      errors.write(
        "kramers: still inside a call that cannot be interrupted; "
          + "Ctrl-C again ends the program at once\n")
    }
  }

  private var status: String {
    tasks.withLock { tasks in
      guard let task = tasks.last(where: { $0.monitor != nil }) ?? tasks.last else {
        return "no verb is running, \(durationText(seconds(since: begin))) since the start"
      }
      return line(task)
    }
  }

  private func line(_ task: Task) -> String {
    let elapsed = seconds(since: task.start)
    guard let monitor = task.monitor, monitor.progress.total > 0 else {
      return "\(task.verb)  \(durationText(elapsed))"
    }
    let (done, total) = monitor.progress
    let rate = Double(done) / max(elapsed, 1e-9)
    var parts = [task.verb, "\(done)/\(total) steps", "\(numberText(rate, digits: 3))/s"]
    if done > 0 { parts.append("\(durationText(Double(total - done) / rate)) left") }
    if let value = monitor.value { parts.append("order parameter \(numberText(value, digits: 4))") }
    return parts.joined(separator: "  ")
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double {
    start.duration(to: .now) / .seconds(1)
  }
}

/// 0:07, 12:30, 3:00:00.
func durationText(_ seconds: Double) -> String {
  guard seconds < 1e9 else { return "years" }
  let whole = Int(max(seconds, 0).rounded())
  func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
  let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
  return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
}
