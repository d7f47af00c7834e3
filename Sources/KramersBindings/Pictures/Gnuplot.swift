#if canImport(Glibc)
  internal import Glibc
#endif
import Kramers
import Lua
internal import Synchronization

/// Pictures by gnuplot, which runs as a process of its own with its files in a temporary folder.
///
/// - Returns: the bytes of the picture; the same for the same figure.
/// - Throws: `VerbError` with gnuplot's own message, or the package that is missing.
func gnuplotPicture(_ figure: Figure, _ format: Figure.FileFormat) throws -> [UInt8] {
  let folder = try temporaryFolder()
  defer { remove(folder) }
  let (script, picture, message) = (folder + "/script", folder + "/picture", folder + "/message")
  try writeWhole(Array(figure.gnuplot(format, path: picture).utf8), to: script)
  let status = try runGnuplot(script, message: message)
  let words = ((try? readWhole(message)) ?? []).gnuplotWords(of: script)
  guard status == 0, let bytes = try? readWhole(picture), !bytes.isEmpty else {
    throw VerbError(
      "plot", "gnuplot failed" + (words.isEmpty ? " with status \(status)" : ": \(words)"))
  }
  return format == .pdf ? bytes.withoutDate : bytes
}

/// Which gnuplot draws.
enum Gnuplot {
  enum Choice {
    /// The first of that name on the path.
    case first
    case at(String)
    /// A sandbox could not tell it from other programs.
    case refused
  }

  private static let choice = Mutex(Choice.first)
  static func use(_ choice: Choice) { self.choice.withLock { $0 = choice } }

  /// - Throws: `VerbError` where none may run.
  fileprivate static func program() throws -> String {
    switch choice.withLock({ $0 }) {
    case .first: return "gnuplot"
    case .at(let path): return path
    case .refused:
      throw VerbError(
        "plot",
        "gnuplot draws the files, and this kernel has no Landlock to let it run in a sandbox and "
          + "nothing else")
    }
  }
}

/// Where gnuplot is; nil: it is not installed.
func findGnuplot() -> String? {
  let folders = UserDirectories.variable("PATH") ?? "/usr/bin:/bin"
  return folders.split(separator: ":").lazy.map { "\($0)/gnuplot" }
    .first { $0.hasPrefix("/") && access($0, X_OK) == 0 }
}

/// - Returns: the exit status, or 128 and the signal.
private func runGnuplot(_ script: String, message: String) throws -> Int32 {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 1, message, O_WRONLY | O_CREAT | O_APPEND, 0o600)
  posix_spawn_file_actions_adddup2(&actions, 1, 2)
  // Numbers with points and letters in UTF-8, whatever the user's locale; -d: no start-up file.
  var variables: [String] = ["LC_ALL=C.UTF-8"]
  for name in ["PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "FONTCONFIG_PATH", "FONTCONFIG_FILE"] {
    if let value = getenv(name) { variables.append("\(name)=\(String(cString: value))") }
  }
  let words = ["gnuplot", "-d", script]
  let argv = words.map { strdup($0) } + [nil]
  let envp = variables.map { strdup($0) } + [nil]
  defer { for pointer in argv + envp { free(pointer) } }
  var child: pid_t = 0
  let failure = posix_spawnp(&child, try Gnuplot.program(), &actions, nil, argv, envp)
  guard failure != ENOENT else {
    throw VerbError(
      "plot",
      "gnuplot is not installed, and draws the files: apt-get install gnuplot-nox (Debian). "
        + "Without a file plot draws on the terminal")
  }
  guard failure == 0 else {
    throw VerbError("plot", "gnuplot could not be started: \(String(cString: strerror(failure)))")
  }
  var status: Int32 = 0
  while waitpid(child, &status, 0) < 0 && errno == EINTR {}
  let signal = status & 0x7F
  return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
}

private func temporaryFolder() throws -> String {
  let parent = FileRoom.current?.path ?? UserDirectories.temporary
  var template = Array("\(parent)/kramers-plot-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else {
    throw VerbError("plot", "\(parent): \(String(cString: strerror(errno)))")
  }
  return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

private func remove(_ folder: String) {
  for name in ["script", "picture", "message"] { unlink("\(folder)/\(name)") }
  rmdir(folder)
}

extension [UInt8] {
  /// gnuplot's message in one line: without the marks that point at a column of the script.
  fileprivate func gnuplotWords(of script: String) -> String {
    String(decoding: self, as: UTF8.self).split(separator: "\n")
      .map { $0.drop { $0 == " " || $0 == "\t" } }
      .filter { !$0.isEmpty && $0 != "^" }
      .joined(separator: "; ").replacing("\"\(script)\" ", with: "")
  }

  /// With a fixed date in place of the present one, of the same length: the places of a PDF's
  /// objects are counted in bytes.
  fileprivate var withoutDate: [UInt8] {
    let mark = Array("/CreationDate (D:".utf8)
    guard
      let start = (0..<Swift.max(count - mark.count - 14, 0)).first(where: { place in
        self[place] == mark[0] && self[place..<(place + mark.count)].elementsEqual(mark)
      })
    else { return self }
    var copy = self
    copy.replaceSubrange(
      (start + mark.count)..<(start + mark.count + 14), with: "20000101000000".utf8)
    return copy
  }
}
