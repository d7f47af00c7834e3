#if canImport(Glibc)
  import Glibc
#endif

/// What another program left behind.
struct Subprocess {
  var status: Int32
  var output: String
  var errors: String
  /// The most bytes of memory that it held. Linux begins with what this process held when it started
  /// the other.
  var peakMemory: Int

  /// Runs a program that is found on the PATH, and waits for its end.
  ///
  /// - Parameter outputFile: takes what it writes instead of `output`.
  /// - Returns: nil where it cannot be started.
  static func run(_ command: [String], outputFile: String? = nil) -> Subprocess? {
    var out: [Int32] = [-1, -1]
    var err: [Int32] = [-1, -1]
    guard pipe(&out) == 0, pipe(&err) == 0 else { return nil }
    for descriptor in out + err { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    defer { for descriptor in [out[0], err[0]] { close(descriptor) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let outputFile {
      posix_spawn_file_actions_addopen(
        &actions, 1, outputFile, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    } else {
      posix_spawn_file_actions_adddup2(&actions, out[1], 1)
    }
    posix_spawn_file_actions_adddup2(&actions, err[1], 2)
    let arguments = command.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let failure = posix_spawnp(&child, command[0], &actions, nil, arguments, environ)
    for descriptor in [out[1], err[1]] { close(descriptor) }
    guard failure == 0 else { return nil }
    // What such programs say on standard error fits into the pipe.
    let (output, errors) = (text(out[0]), text(err[0]))
    var status: Int32 = 0
    var usage = rusage()
    while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
    return Subprocess(
      status: status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F), output: output,
      errors: errors, peakMemory: usage.ru_maxrss * 1024)
  }

  private static func text(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 14)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[0..<count]
    }
  }
}
