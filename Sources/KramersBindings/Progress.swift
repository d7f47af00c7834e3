#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
internal import Dispatch
import Kramers
import Lua
internal import Synchronization

/// What long work says of itself on standard error: a line while a terminal looks on, below a
/// picture where the shell was asked for one, and one status line for each SIGUSR1. A timer looks
/// ten times a second; the work itself does nothing for it.
public final class Progress: Sendable {
  private struct Task {
    var verb: String
    var monitor: RunMonitor?
    var start: ContinuousClock.Instant
    /// What was shown.
    var trail: ValueTrail?
  }

  /// Ticks of the timer since the first and since the second request to stop.
  private struct Stop {
    var first = 0
    var second = 0
    /// In a shell the second Ctrl-C ends a call that does not notice the first.
    var isShell = false
  }

  private let errors: ErrorStream
  /// Whether anything is shown but status lines.
  private let isLive: Bool
  private let hasColors: Bool
  /// 7-bit characters only.
  private let isPlain = TerminalPicture.isPlain(isTerminal: true)
  private let tasks = Mutex<[Task]>([])
  private let stop = Mutex(Stop())
  private let quantity = Mutex<Observable?>(nil)
  private let drawsPictures = Mutex(false)
  private let ticks = Mutex(0)
  private let steps = Mutex(0)
  private let isAwake = Mutex(true)
  private let begin = ContinuousClock.now
  // Unsafe: made in init, cancelled in deinit, not touched in between.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer

  init(_ errors: ErrorStream, isLive: Bool, hasColors: Bool) {
    self.errors = errors
    self.isLive = isLive
    self.hasColors = hasColors
    timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "kramers.progress"))
    timer.setEventHandler { [weak self] in self?.look() }
    timer.schedule(deadline: .now() + 0.1, repeating: 0.1)
    timer.activate()
  }

  deinit {
    wake()
    timer.cancel()
  }

  /// What runs show from now on; see `RunMonitor.watched`.
  var watched: Observable? {
    get { quantity.withLock { $0 } }
    set { quantity.withLock { $0 = newValue } }
  }

  /// Whether the shell shows pictures of long work.
  var hasPictures: Bool {
    get { drawsPictures.withLock { $0 } }
    set { drawsPictures.withLock { $0 = newValue } }
  }

  /// What the monitor of a run watches: something, where it is to be drawn.
  var monitored: Observable? { watched ?? (isPictured ? .loss : nil) }

  private var isPictured: Bool { isLive && hasPictures && stop.withLock { $0.isShell } }

  /// Steps that verbs have taken.
  package var totalSteps: Int { steps.withLock { $0 } }

  /// At the prompt of a shell nothing is looked at: an idle shell uses no CPU.
  package func rest() {
    isAwake.withLock { isAwake in
      if isAwake { timer.suspend() }
      isAwake = false
    }
  }

  /// A shell's entry begins.
  package func wake(inShell: Bool = false) {
    stop.withLock { $0 = Stop(isShell: inShell) }
    isAwake.withLock { isAwake in
      if !isAwake { timer.resume() }
      isAwake = true
    }
  }

  /// Runs a verb; what is shown of it is gone when it returns.
  func during<Result>(_ verb: String, _ body: () throws -> Result) rethrows -> Result {
    tasks.withLock { $0.append(Task(verb: verb, start: .now)) }
    defer {
      let isOver = tasks.withLock { tasks in
        let task = tasks.removeLast()
        steps.withLock { $0 += task.monitor?.stepsTaken ?? 0 }
        return tasks.isEmpty
      }
      if isLive, isOver { errors.show([]) }
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
    let tick = ticks.withLock { ticks in
      ticks += 1
      return ticks
    }
    // Under the lock, so that a verb that ends now erases what was drawn.
    tasks.withLock { tasks in
      watch(&tasks)
      guard let task = tasks.last(where: { $0.monitor != nil }) ?? tasks.last,
        task.start.duration(to: .now) > .milliseconds(500), ks_may_draw()
      else { return }
      if !isPictured { errors.show([line(task)]) }
      // A picture is looked at: it need not flicker.
      if isPictured, tick % 3 == 0 { errors.show(picture(task) + [line(task)]) }
    }
  }

  /// Takes the value that was asked for a tick ago and asks for the next.
  private func watch(_ tasks: inout [Task]) {
    guard let last = tasks.indices.last(where: { tasks[$0].monitor != nil }),
      let monitor = tasks[last].monitor
    else { return }
    monitor.askForLook()
    guard let shown = monitor.shown else { return }
    if tasks[last].trail?.goesOn(with: shown) != true {
      tasks[last].trail = ValueTrail(shown.observable)
    }
    tasks[last].trail?.add(shown.value, at: shown.step)
  }

  /// Columns for a line: there is room for the terminal's echo of Ctrl-C, which would begin
  /// another line.
  private var width: Int {
    let columns = Int(ks_error_columns())
    return max((columns > 0 ? columns : 80) - 3, 1)
  }

  /// The lines of a picture, where the terminal has room for them.
  private func picture(_ task: Task) -> [String] {
    let rows = Int(ks_error_rows())
    // The cursor cannot go back to lines that have left the screen.
    let most = min((rows > 0 ? rows : 24) - 2, 11)
    guard let figure = figure(task), width >= 30 else { return [] }
    let style = Figure.TextStyle(
      width: min(width, 79), height: most, isPlain: isPlain, hasColors: hasColors)
    let lines = figure.text(style).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast()
    return lines.count <= most ? lines.map(String.init) : []
  }

  private func figure(_ task: Task) -> Figure? {
    guard let monitor = task.monitor else { return nil }
    let escapes = monitor.escapes
    if escapes.requested > 0 { return Figure(live: escapes) }
    let ramp = watched == nil ? Figure(live: monitor.points) : nil
    return ramp ?? task.trail.flatMap { Figure(live: $0) }
  }

  /// A call into C's library runs to its end whatever was asked: after two seconds that is said.
  private func watchStop() {
    guard LuaSignals.received != 0 else { return }
    let ticks = stop.withLock { stop in
      stop.first += 1
      if LuaSignals.count > 1 { stop.second += 1 }
      return stop
    }
    if ticks.first == 100, LuaSignals.endsProcess {
      // Nobody may be there to ask a second time.
      errors.show([])
      endProcess(LuaSignals.received)
    }
    if ticks.isShell, ticks.second == 5 {
      errors.write("kramers: ended inside a call that cannot be interrupted\n")
      endProcess(SIGINT)
    }
    if ticks.first == 20 {
      if !ticks.isShell { LuaSignals.endProcessOnNext() }
      errors.write(
        "kramers: still inside a call that cannot be interrupted; "
          + "Ctrl-C again ends the program at once\n")
    }
  }

  private func endProcess(_ number: Int32) {
    signal(number, SIG_DFL)
    kill(getpid(), number)
  }

  private var status: String {
    tasks.withLock { tasks in
      guard let task = tasks.last(where: { $0.monitor != nil }) ?? tasks.last else {
        return "no verb is running, \(durationText(seconds(since: begin))) since the start"
      }
      return words(task).joined(separator: "  ")
    }
  }

  /// What is known of the task, as much as has room, and behind it what is watched as bars.
  private func line(_ task: Task) -> String {
    var line = task.verb
    for part in words(task).dropFirst() {
      // A number that is cut is another number.
      guard line.count + 2 + part.count <= width else { break }
      line += "  " + part
    }
    let room = width - line.count - 2
    guard !isPictured, let watched, let trail = task.trail, trail.observable == watched,
      trail.count > 1, room > 4
    else { return String(line.prefix(width)) }
    return line + "  " + sparkline(trail.values, room, isPlain: isPlain)
  }

  private func words(_ task: Task) -> [String] {
    let elapsed = seconds(since: task.start)
    guard let monitor = task.monitor, monitor.progress.total > 0 else {
      return [task.verb, durationText(elapsed)]
    }
    var words = [task.verb] + workText(monitor, elapsed: elapsed)
    if let shown = monitor.shown {
      words.append("\(shown.observable.label) \(numberText(shown.value, digits: 4))")
    }
    return words
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double {
    start.duration(to: .now) / .seconds(1)
  }
}

/// How far the work is, how fast it goes and when it will be done.
private func workText(_ monitor: RunMonitor, elapsed: Double) -> [String] {
  let (done, total) = monitor.progress
  let ramp = monitor.points
  let rate = Double(monitor.stepsTaken) / max(elapsed, 1e-9)
  let isRamp = ramp.total > 0
  // The steps that a point may take at the most say nothing of the time that a ramp has left.
  let left = isRamp ? ramp.stepsLeft(current: done) : Double(total - done)
  var parts = monitor.escapeCount.map { ["\($0.escaped)/\($0.requested) escaped"] } ?? []
  parts += [isRamp ? "\(ramp.steps.count)/\(ramp.total) points" : "\(done)/\(total) steps"]
  parts.append("\(numberText(rate, digits: 3))\(isRamp ? " steps" : "")/s")
  if let left, rate > 0 { parts.append("\(durationText(left / rate)) left") }
  return parts
}

/// The last values as bars, as many as fit; logarithmic when they are positive and span decades.
func sparkline(_ values: [Double], _ width: Int, isPlain: Bool) -> String {
  let bars = Array(isPlain ? "_.-:=+*#" : "▁▂▃▄▅▆▇█")
  var shown = Array(values.suffix(width))
  if let low = shown.min(), let high = shown.max(), low > 0, high > 100 * low {
    shown = shown.map { log($0) }
  }
  guard let low = shown.min(), let high = shown.max() else { return "" }
  return String(
    shown.map { x in
      high > low ? bars[min(Int((x - low) / (high - low) * 8), 7)] : bars[0]
    })
}

/// 0:07, 12:30, 3:00:00.
func durationText(_ seconds: Double) -> String {
  guard seconds < 1e9 else { return "years" }
  let whole = Int(max(seconds, 0).rounded())
  func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
  let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
  return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
}
