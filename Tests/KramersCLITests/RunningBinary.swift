import Foundation
import Synchronization

/// What a run of the real program left behind.
struct Run {
  var status: Int32
  var signal: Int32?
  var output: String
  var errors: String

  /// The records of a JSON Lines output.
  var records: [[String: Any]] {
    output.split(separator: "\n").compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
    }
  }
}

/// The program that was built beside the tests.
let binary: URL = {
  let here = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
  return here.deletingLastPathComponent().appendingPathComponent("kramers")
}()

/// The root of the package.
let packageRoot = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Runs `kramers` with the arguments and standard input; both outputs are read to their end.
func kramers(
  _ arguments: String..., input: String? = nil, environment: [String: String] = [:],
  timeout: Double = 120
) throws -> Run {
  try RunningBinary([binary.path] + arguments, input: input, environment: environment)
    .finish(timeout: timeout)
}

/// Runs a line of shell with `kramers` as `$KRAMERS`.
func shell(_ line: String, environment: [String: String] = [:], timeout: Double = 120) throws
  -> Run
{
  try RunningBinary(["/bin/bash", "-c", line], environment: environment).finish(timeout: timeout)
}

/// A program at work: in a process group of its own, with the default signals, killed if it takes
/// too long.
final class RunningBinary: @unchecked Sendable {
  // Unchecked: two reading threads write their own Mutex each.
  enum Errors { case pipe, terminal }

  let pid: pid_t
  private let output = Mutex<[UInt8]>([])
  private let errors = Mutex<[UInt8]>([])
  private let readers = DispatchGroup()

  init(
    _ command: [String], input: String? = nil, environment: [String: String] = [:],
    errorsTo: Errors = .pipe
  ) throws {
    spawning.lock()
    defer { spawning.unlock() }
    let (outputRead, outputWrite) = try makePipe()
    let (errorsRead, errorsWrite) = try errorsTo == .pipe ? makePipe() : makeTerminal()
    let (inputRead, inputWrite) = try makePipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, inputRead, 0)
    posix_spawn_file_actions_adddup2(&actions, outputWrite, 1)
    posix_spawn_file_actions_adddup2(&actions, errorsWrite, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var all = sigset_t()
    var none = sigset_t()
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
    posix_spawnattr_setflags(&attributes, Int16(flags))

    var variables = ProcessInfo.processInfo.environment
    variables["KRAMERS"] = binary.path
    variables["NO_COLOR"] = nil
    variables["TERM"] = "xterm"
    variables.merge(environment) { $1 }
    let argv = (["env", "-C", packageRoot.path] + command).map { strdup($0) } + [nil]
    let envp = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var child: pid_t = 0
    let failure = posix_spawn(&child, "/usr/bin/env", &actions, &attributes, argv, envp)
    for descriptor in [outputWrite, errorsWrite, inputRead] { close(descriptor) }
    guard failure == 0 else { throw POSIXError(POSIXErrorCode(rawValue: failure) ?? .EIO) }
    pid = child
    drain(outputRead) { bytes in self.output.withLock { $0 += bytes } }
    drain(errorsRead) { bytes in self.errors.withLock { $0 += bytes } }
    feed(inputWrite, Array((input ?? "").utf8))
  }

  var outputSoFar: String { output.withLock { String(decoding: $0, as: UTF8.self) } }
  var errorsSoFar: String { errors.withLock { String(decoding: $0, as: UTF8.self) } }

  func send(_ signal: Int32) { kill(pid, signal) }
  func sendToGroup(_ signal: Int32) { kill(-pid, signal) }

  /// Whether it has ended; `finish` still tells how.
  var hasEnded: Bool {
    var information = siginfo_t()
    return waitid(P_PID, id_t(pid), &information, WEXITED | WNOHANG | WNOWAIT) != 0
      || information.si_signo != 0
  }

  /// Waits until `condition` holds.
  /// - Returns: false after `timeout` seconds.
  func wait(timeout: Double = 20, until condition: (RunningBinary) -> Bool) -> Bool {
    let end = Date().addingTimeInterval(timeout)
    while !condition(self) {
      if Date() > end { return false }
      usleep(5000)
    }
    return true
  }

  /// Waits for the end; after `timeout` seconds the whole group is killed, which the signal shows.
  func finish(timeout: Double = 120) throws -> Run {
    let end = Date().addingTimeInterval(timeout)
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      if Date() > end { kill(-pid, SIGKILL) }
      usleep(2000)
    }
    _ = readers.wait(timeout: .now() + 5)
    let signal = status & 0x7F
    return Run(
      status: signal == 0 ? (status >> 8) & 0xFF : -1, signal: signal == 0 ? nil : signal,
      output: outputSoFar, errors: errorsSoFar)
  }

  private func drain(_ descriptor: Int32, _ take: @escaping @Sendable (ArraySlice<UInt8>) -> Void) {
    readers.enter()
    Thread.detachNewThread { [readers] in
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { break }
        take(buffer[0..<count])
      }
      close(descriptor)
      readers.leave()
    }
  }

  private func feed(_ descriptor: Int32, _ bytes: [UInt8]) {
    signal(SIGPIPE, SIG_IGN)
    Thread.detachNewThread {
      var done = 0
      while done < bytes.count {
        let count = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count <= 0 { break }
        done += count
      }
      close(descriptor)
    }
  }
}

/// One program is started at a time, so that none inherits the pipes of another.
private let spawning = NSLock()

private func makePipe() throws -> (Int32, Int32) {
  var ends: [Int32] = [0, 0]
  guard pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
  for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
  return (ends[0], ends[1])
}

/// A pseudo-terminal of 100 columns: what is written to the second end is read from the first.
private func makeTerminal() throws -> (Int32, Int32) {
  let (unlock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
  let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
  var zero: Int32 = 0
  var n: Int32 = 0
  guard master >= 0, ioctl(master, unlock, &zero) == 0, ioctl(master, number, &n) == 0 else {
    throw POSIXError(.EIO)
  }
  let terminal = open("/dev/pts/\(n)", O_RDWR | O_NOCTTY | O_CLOEXEC)
  var size = winsize(ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
  _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
  return (master, terminal)
}

/// A file that is gone after the test.
func withFile<Result>(
  _ text: String, suffix: String = ".lua", _ body: (String) throws -> Result
) throws -> Result {
  // Lua shortens names of more than 59 characters in its messages.
  let url = URL(fileURLWithPath: "/tmp/kramers-\(UUID().uuidString)\(suffix)")
  try text.write(to: url, atomically: true, encoding: .utf8)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url.path)
}
