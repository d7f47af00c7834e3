import Foundation

/// A folder of a stranger's, with what it must not reach beside it and links that lead there. Gone
/// after the test.
final class SandboxFolder {
  private let home: SessionFolder
  /// The folder that the sandbox is given.
  let inside: String
  static let secret = "4711,815\n"

  init() throws {
    home = try SessionFolder()
    inside = home.path("hand-in")
    let manager = FileManager.default
    for folder in ["hand-in", "hand-in/sub", "kramers"] {
      try manager.createDirectory(
        atPath: home.path(folder), withIntermediateDirectories: true)
    }
    _ = try home.write(Self.secret, to: "secret.csv")
    _ = try home.write("return { stolen = true }", to: "secret.lua")
    _ = try home.write("a,b\n1,2\n3,4\n", to: "hand-in/in.csv")
    _ = try home.write("return { answer = 42 }", to: "hand-in/helper.lua")
    _ = try home.write("return { answer = 43 }", to: "hand-in/sub/deeper.lua")
    _ = try home.write("#!/bin/sh\n", to: "hand-in/run.sh")
    try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: home.path("hand-in/run.sh"))
    for (link, target) in [
      ("link.csv", "../secret.csv"), ("up", ".."), ("root", "/"), ("here.csv", "in.csv"),
      ("link.lua", "../secret.lua"), ("teacher.kramers", "../kramers/teacher.kramers"),
    ] {
      try manager.createSymbolicLink(
        atPath: home.path("hand-in/" + link), withDestinationPath: target)
    }
    let session = try home.kramers("--session", "teacher", "-e", "marks = {4711}")
    precondition(session.status == 0, session.errors)
  }

  func path(_ name: String) -> String { home.path(name) }
  func write(_ text: String, to name: String) throws -> String { try home.write(text, to: name) }

  /// Runs the program in a sandbox of the folder.
  func kramers(_ arguments: String..., timeout: Double = 60) throws -> Run {
    try home.start(["--sandbox", inside] + arguments).finish(timeout: timeout)
  }

  /// Runs it as the user does, without one.
  func kramersOutside(_ arguments: String...) throws -> Run {
    try home.start(arguments).finish()
  }

  func text(_ name: String) -> String? {
    try? String(contentsOfFile: home.path(name), encoding: .utf8)
  }

  /// What lies beside the sandbox, with the contents of the teacher's files.
  var outside: [String: Int] {
    var found: [String: Int] = [:]
    for name in home.files where name != "hand-in" { found[name] = text(name)?.hashValue ?? 0 }
    let state = (try? FileManager.default.contentsOfDirectory(atPath: path("kramers"))) ?? []
    for name in state {
      let bytes = FileManager.default.contents(atPath: path("kramers/" + name))
      found["kramers/" + name] = bytes.hashValue
    }
    return found
  }

  var files: [String] {
    let all = FileManager.default.enumerator(atPath: inside)?.compactMap { $0 as? String }
    return (all ?? []).sorted()
  }
}
