#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
import Kramers

/// What holds a stranger's script, `--sandbox`: the allow-list of Lua's names (`sandbox.c`), the
/// folder of its files (`FileRoom`), the limits of the run, and what the kernel enforces beside.
public struct Sandbox: Sendable {
  /// As it was given.
  public let folder: String
  /// What the kernel enforces: `landlock 7`, `seccomp`.
  public let kernel: [String]

  /// Bounds of a run whose user gives none.
  public static let limits: RunLimits = {
    var limits = RunLimits()
    limits.seconds = 600
    limits.memory = 1 << 30
    limits.instructions = 20_000_000_000
    limits.output = 64 << 20
    limits.session = 64 << 20
    return limits
  }()

  /// From now on this process keeps to the sandbox, for good. Before any thread is made, and before
  /// any text of a script is read.
  ///
  /// - Parameters:
  ///   - script: a file that may be read although it lies elsewhere.
  ///   - session: one that the user names, which is read and saved where it lies.
  /// - Throws: `FileError` for a folder that is none.
  public init(_ folder: String, script: String?, session: String?) throws {
    self.folder = folder
    let room = try FileRoom(folder)
    _ = usableMemory
    prepareResidentMemory()
    let gnuplot = findGnuplot()
    var (reading, writing) = (Self.systemFolders, [room.path, "/dev/null"])
    if let script { reading.append(script) }
    if let session { writing.append(try Self.folderOfSession(session)) }
    let version = Self.withPointers(reading) { reading in
      Self.withPointers(writing) { writing in
        Self.withPointers(gnuplot.map { [$0] + Self.loaders } ?? []) { executing in
          ks_confine_files(reading, writing, executing)
        }
      }
    }
    // Only with Landlock can the kernel tell gnuplot from other programs.
    let filters = ks_confine_calls(version > 0 && gnuplot != nil) > 0
    kernel = (version > 0 ? ["landlock \(version)"] : []) + (filters ? ["seccomp"] : [])
    if let gnuplot, version > 0 || !filters {
      Gnuplot.use(.at(gnuplot))
    } else if gnuplot != nil {
      Gnuplot.use(.refused)
    }
    FileRoom.confine(to: room)
  }

  /// Why the sandbox is less than it could be; nil: it is whole.
  public var warning: String? {
    let names = kernel.map { $0.prefix { $0 != " " } }
    let missing = ["landlock", "seccomp"].filter { name in !names.contains { $0 == name } }
    guard !missing.isEmpty else { return nil }
    return
      "this kernel does not enforce the sandbox by \(missing.joined(separator: " and ")): a fault in "
      + "Lua or Kramers itself would be a way out of it"
  }

  /// For the header of records.
  func record(_ limits: RunLimits) -> Record {
    [
      "dir": folder, "kernel": kernel.record,
      "limits": [
        "seconds": limits.seconds, "memory": limits.memory, "instructions": limits.instructions,
        "output": limits.output, "session": limits.session,
      ] as Record,
    ]
  }

  /// Names of Lua's that a script may look for, and does not find.
  static let absent: Set<String> = ["io", "debug", "package", "dofile", "loadfile", "warn"]

  // MARK: What the kernel lets the process open

  /// Libraries, fonts and the time zone, which gnuplot and the C library read.
  private static let systemFolders = [
    "/usr", "/lib", "/lib64", "/etc/fonts", "/etc/localtime", "/etc/alternatives",
    "/etc/ld.so.cache", "/var/cache/fontconfig", "/dev/urandom",
  ]

  /// What starts gnuplot, on the systems there are.
  private static let loaders = [
    "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
  ]

  /// SQLite writes beside the file, too.
  private static func folderOfSession(_ name: String) throws -> String {
    let path = try SessionPaths.userPath(of: name)
    if let state = UserDirectories.state, path.hasPrefix(state + "/") {
      if let reason = UserDirectories.make(state) { throw FileError(state, reason) }
    }
    // The link's folder would not be that of the file.
    guard let resolved = realpath(path, nil) else {
      return path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    }
    defer { free(resolved) }
    let file = String(cString: resolved)
    return file.lastIndex(of: "/").map { String(file[...$0]) } ?? "."
  }

  private static func withPointers<Result>(
    _ paths: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
  ) -> Result {
    let copies = paths.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    let pointers = copies.map { $0.map { UnsafePointer($0) } } + [nil]
    return pointers.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { preconditionFailure("the list ends with NULL") }
      return body(start)
    }
  }
}
