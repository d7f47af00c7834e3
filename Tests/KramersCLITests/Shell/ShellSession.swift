import Foundation
import Synchronization

/// The real program on a pseudo-terminal that is its controlling one: keys go in, what the screen
/// would get comes out.
final class ShellSession: @unchecked Sendable {
  // Unchecked: one reading thread writes the Mutex.
  static let pasteStart = "\u{1B}[200~"
  static let pasteEnd = "\u{1B}[201~"
  /// What readline writes with every prompt, on terminals that can mark pastes.
  private static let promptMark = "\u{1B}[?2004h"

  let pid: pid_t
  let home: URL
  private let terminal: Int32
  private let output = Mutex<[UInt8]>([])
  private let hasDrained = DispatchSemaphore(value: 0)
  private let ownsHome: Bool
  private var isOver = false

  /// - Parameters:
  ///   - command: nil is the program itself.
  ///   - home: where history and settings are; nil is a new empty one.
  init(
    _ arguments: [String] = [], command: [String]? = nil, home: URL? = nil,
    environment: [String: String?] = [:], columns: UInt16 = 100
  ) throws {
    self.home = home ?? ShellSession.makeHome()
    ownsHome = home == nil
    let (master, path) = try Self.openTerminal(columns: columns)
    terminal = master
    var variables = ProcessInfo.processInfo.environment
    for name in ["NO_COLOR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "EDITOR", "VISUAL", "INPUTRC"] {
      variables[name] = nil
    }
    variables["HOME"] = self.home.path
    variables["TERM"] = "xterm"
    variables["LC_ALL"] = "C.UTF-8"
    variables["KRAMERS"] = binary.path
    for (name, value) in environment { variables[name] = value }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // Opened by the leader of a new session, it becomes the controlling terminal.
    posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0)
    posix_spawn_file_actions_adddup2(&actions, 0, 1)
    posix_spawn_file_actions_adddup2(&actions, 0, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var all = sigset_t()
    var none = sigset_t()
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    let newSession: Int16 = 0x80  // POSIX_SPAWN_SETSID
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) | newSession)
    let words = command ?? [binary.path] + arguments
    let argv = (["env", "-C", packageRoot.path] + words).map { strdup($0) } + [nil]
    let envp = variables.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var child: pid_t = 0
    guard posix_spawn(&child, "/usr/bin/env", &actions, &attributes, argv, envp) == 0 else {
      throw POSIXError(.EIO)
    }
    pid = child
    drain()
  }

  deinit {
    if !isOver {
      kill(-pid, SIGKILL)
      kill(pid, SIGKILL)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
    }
    if ownsHome { try? FileManager.default.removeItem(at: home) }
  }

  static func makeHome() -> URL {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kramers-home-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  // MARK: Output

  /// Everything so far, with escape sequences.
  var raw: String { output.withLock { String(decoding: $0, as: UTF8.self) } }
  /// Everything so far without escape sequences and erased lines; a line of the screen may stand there repeatedly.
  var text: String { Self.plain(raw) }

  static func plain(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    var lineStart = 0
    var i = 0
    while i < bytes.count {
      switch bytes[i] {
      case 0x0A:
        result.append(0x0A)
        lineStart = result.count
      case 0x0D:
        if bytes[i...].starts(with: [0x0D, 0x1B, 0x5B, 0x4B]) {
          result.removeSubrange(lineStart...)
        }
      case 0x07: break
      case 0x1B:
        i += 1
        guard i < bytes.count, bytes[i] == 0x5B else { break }
        repeat { i += 1 } while i < bytes.count && !(0x40...0x7E).contains(bytes[i])
      default: result.append(bytes[i])
      }
      i += 1
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// - Returns: false after `timeout` seconds.
  func wait(timeout: Double = 30, until condition: (ShellSession) -> Bool) -> Bool {
    let end = Date().addingTimeInterval(timeout)
    while !condition(self) {
      if Date() > end { return false }
      usleep(2000)
    }
    return true
  }

  func waitFor(_ words: String, timeout: Double = 30) -> Bool {
    wait(timeout: timeout) { $0.text.contains(words) }
  }

  // MARK: Input

  func send(_ keys: String) { send(bytes: Array(keys.utf8)) }

  func send(bytes: [UInt8]) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(terminal, $0.baseAddress, $0.count) }
      if count <= 0 { return }
      done += count
    }
  }

  var prompts: Int {
    raw.components(separatedBy: Self.promptMark).dropFirst().count { $0.contains("> ") }
  }

  /// Waits for the first prompt.
  func ready() -> Bool { wait { $0.prompts >= 1 } }

  /// Types a line and Enter; waits for the next prompt.
  /// - Returns: what came between the two.
  @discardableResult
  func enter(_ line: String, timeout: Double = 60) -> String {
    guard wait(until: { $0.prompts >= 1 }) else { return "no first prompt: \(raw)" }
    let before = prompts
    let start = output.withLock { $0.count }
    send(line + "\r")
    guard wait(timeout: timeout, until: { $0.prompts > before }) else {
      return "no prompt after \(line): \(raw.suffix(2000))"
    }
    let part = output.withLock { Array($0[start...]) }
    let plain = Self.plain(String(decoding: part, as: UTF8.self))
    // Behind the echo of the line, before the next prompt. The end of the prompt before may come
    // late, on a line of its own.
    let lines = plain.split(separator: "\n", omittingEmptySubsequences: false)
    let echo = lines.firstIndex { $0.hasSuffix(line) } ?? 0
    return lines.dropFirst(echo + 1).dropLast().joined(separator: "\n")
  }

  func resize(columns: UInt16, rows: UInt16 = 30) {
    var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)
  }

  /// CPU seconds of the process so far.
  var cpuSeconds: Double {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
      return .nan
    }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Waits for the end of the program, and for its last words (for those at most two seconds: a
  /// program that it left behind may keep the terminal open).
  func finish(timeout: Double = 30) -> (status: Int32, signal: Int32?) {
    let end = Date().addingTimeInterval(timeout)
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      if Date() > end { kill(pid, SIGKILL) }
      usleep(2000)
    }
    isOver = true
    if hasDrained.wait(timeout: .now() + 2) == .success { hasDrained.signal() }
    let signal = status & 0x7F
    return (signal == 0 ? (status >> 8) & 0xFF : -1, signal == 0 ? nil : signal)
  }

  private func drain() {
    let (terminal, hasDrained) = (terminal, hasDrained)
    Thread.detachNewThread { [weak self] in
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = read(terminal, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0, let self else { break }
        self.output.withLock { $0 += buffer[0..<count] }
      }
      close(terminal)
      hasDrained.signal()
    }
  }

  private static func openTerminal(columns: UInt16) throws -> (Int32, String) {
    let (unlock, number): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var zero: Int32 = 0
    var n: Int32 = 0
    guard master >= 0, ioctl(master, unlock, &zero) == 0, ioctl(master, number, &n) == 0 else {
      throw POSIXError(.EIO)
    }
    var size = winsize(ws_row: 30, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    return (master, "/dev/pts/\(n)")
  }
}
