import Kramers
import Lua
internal import CStandardStreams
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#endif

/// What a run may take. Beyond it the run stops as at a signal: after the step under way, saved.
public struct RunLimits: Sendable, Equatable {
  /// Of time, from the start.
  public var seconds: Double?
  /// Bytes of memory that the process holds.
  public var memory: Int?
  /// Instructions of Lua.
  public var instructions: Int?
  /// Bytes written to standard output, standard error and files.
  public var output: Int?
  /// Bytes of a session's file.
  public var session: Int?

  public init() {}

  public var isEmpty: Bool { self == RunLimits() }
}

/// Watches a program's limits, from a thread of its own where there is anything to watch.
public final class LimitWatch: Sendable {
  private enum Reached: Int { case none, seconds, memory }

  private static let interval: UInt32 = 10_000  // microseconds
  /// What a stranger's script gets to stop by itself: a call into Lua's C library may not.
  private var patience: Duration { .seconds(min(max(limits.seconds ?? 5, 0.5), 5)) }

  private let limits: RunLimits
  private let interrupt: LuaInterrupt
  private let isStrict: Bool
  private let start = ContinuousClock.now
  private let reached = Atomic(Reached.none.rawValue)
  private let isOver = Atomic(false)

  /// Begins to watch; until `end()`.
  public init(_ limits: RunLimits, of program: Program) throws {
    self.limits = limits
    interrupt = program.lua.interrupt
    isStrict = program.options.sandbox != nil
    if let instructions = limits.instructions { program.lua.limitInstructions(instructions) }
    guard limits.seconds != nil || limits.memory != nil else { return }
    var thread = pthread_t()
    let context = Unmanaged.passRetained(self).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<LimitWatch>.fromOpaque(context).takeRetainedValue().watch()
        return nil
      }, context)
    guard status == 0 else {
      throw LuaError("no thread to watch the limits: \(String(cString: strerror(status)))")
    }
    pthread_detach(thread)
  }

  public func end() { isOver.store(true, ordering: .relaxed) }

  private func watch() {
    // The thread has no part in signals: the one that runs Lua takes them.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    while !isOver.load(ordering: .relaxed), !interrupt.isRequested {
      if let seconds = limits.seconds, start.duration(to: .now) >= .seconds(seconds) {
        stop(.seconds)
      } else if let memory = limits.memory, residentMemory() > memory {
        stop(.memory)
      }
      usleep(Self.interval)
    }
    if isStrict { endProcessUnlessOver() }
  }

  /// A limit that the script itself could overstep is none: what does not stop in time, or takes
  /// memory on, ends with the process.
  private func endProcessUnlessOver() {
    let asked = ContinuousClock.now
    while !isOver.load(ordering: .relaxed) {
      let tooMuch = limits.memory.map { residentMemory() > $0 + $0 / 2 + 1 << 28 } ?? false
      if tooMuch || asked.duration(to: .now) >= patience {
        let number = LuaSignals.received
        if number != 0 {
          signal(number, SIG_DFL)
          kill(getpid(), number)
        }
        ks_end_at_limit(
          "kramers: stopped by a limit; what ran did not end by itself, and the process ends with it\n",
          75)
      }
      usleep(Self.interval)
    }
  }

  private func stop(_ limit: Reached) {
    reached.store(limit.rawValue, ordering: .relaxed)
    interrupt.request()
  }

  /// The limit that ended a run with this error, in the words of the command line; nil: none did.
  public func limit(behind error: any Error, in program: Program) -> String? {
    guard let error = error as? LuaError else { return nil }
    let memory = limits.memory.map { "--max-memory \(MemorySize($0))" }
    // Lua's own memory stays below the limit: the one allocation that would not is refused.
    if error.kind == .memory { return memory }
    guard error.kind == .interrupted else { return nil }
    return limit(in: program)
  }

  /// The limit that asked a program to stop; nil: none did.
  func limit(in program: Program) -> String? {
    let memory = limits.memory.map { "--max-memory \(MemorySize($0))" }
    switch Reached(rawValue: reached.load(ordering: .relaxed)) {
    case .seconds: return limits.seconds.map { "--max-seconds \(plainNumber($0))" }
    case .memory: return memory
    default: break
    }
    if program.budget.isSpent { return limits.output.map { "--max-output \(MemorySize($0))" } }
    if program.hasReachedSessionLimit {
      return limits.session.map { "--max-session \(MemorySize($0))" }
    }
    guard let count = limits.instructions, program.lua.hasSpentInstructions else { return nil }
    return "--max-steps \(plainNumber(Double(count) / 1e6)) (millions of Lua's instructions)"
  }
}

/// What running a journal again was stopped by, in the words of the command line.
package struct LimitError: Error, CustomStringConvertible {
  package let description: String
  init(_ limit: String) { description = "stopped by \(limit)" }
}

/// Opened once: a sandbox has no /proc.
private let memoryFile = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)

/// Before `/proc` goes.
func prepareResidentMemory() { _ = memoryFile }

/// Bytes that the process holds. Not `getrusage`: its maximum begins with that of the process which
/// started this one.
private func residentMemory() -> Int {
  var bytes = [UInt8](repeating: 0, count: 128)
  let count = pread(memoryFile, &bytes, bytes.count, 0)
  let words = bytes.prefix(max(count, 0)).split(separator: UInt8(ascii: " "))
  guard words.count > 1, let pages = Int(String(decoding: words[1], as: UTF8.self))
  else { return 0 }
  return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
}

/// Bytes as people write them: `512M`, `2G`, `1.5GiB`; a prefix is a power of 1024.
public struct MemorySize: Sendable, Equatable, CustomStringConvertible {
  public let bytes: Int

  public init(_ bytes: Int) { self.bytes = bytes }

  public init?(words: String) {
    let number = words.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = words.dropFirst(number.count).uppercased()
    let powers = ["": 0, "B": 0, "K": 10, "M": 20, "G": 30, "T": 40]
    let prefix =
      unit.hasSuffix("IB") ? unit.dropLast(2) : unit.hasSuffix("B") ? unit.dropLast() : unit[...]
    guard let value = Double(number), let power = powers[String(prefix)] else { return nil }
    let bytes = value * Double(1 << power)
    guard bytes >= 1, bytes < 0x1p62 else { return nil }
    self.bytes = Int(bytes)
  }

  public var description: String {
    for (unit, power) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)] where bytes >= 1 << power {
      let value = Double(bytes) / Double(1 << power)
      return plainNumber((value * 100).rounded() / 100) + unit
    }
    return "\(bytes)"
  }
}
