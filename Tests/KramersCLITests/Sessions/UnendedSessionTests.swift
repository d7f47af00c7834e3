import Foundation
import KramersStore
import Testing

@Suite("a session that cannot go on, or could not be saved")
struct UnendedSessionTests {
  private let folder: SessionFolder

  init() throws { folder = try SessionFolder() }

  @Test("--resume of an entry that did not end and left nothing to begin from is 65 and names it")
  func unended() throws {
    let path = folder.path("u.kramers")
    // Without --session the script has no file when it begins.
    let script = try folder.write(
      "v = 1 session.save('\(path)') os.execute('kill -9 $PPID')", to: "u.lua")
    #expect(try folder.kramers(script).signal == SIGKILL)
    let resumed = try folder.kramers("--resume", path)
    #expect(resumed.status == 65 && resumed.output.isEmpty, "\(resumed)")
    #expect(resumed.errors.contains("entry 1 (\(script)) did not end"), "\(resumed.errors)")
    // All that was saved is there.
    #expect(try folder.kramers("--session", path, "-e", "print(v)").output == "1\n")
    #expect(try folder.kramers("--resume", path).status == 0)
  }

  @Test("--resume of a session in which nothing was begun is 65")
  func empty() throws {
    let path = folder.path("e.kramers")
    try {
      let file = try SessionFile(path: path)
      try file.save(SessionContents())
    }()
    let resumed = try folder.kramers("--resume", path)
    #expect(resumed.status == 65 && resumed.errors.contains("holds no entry"), "\(resumed)")
  }

  @Test("an entry that adds to a large table of its user goes on from the table as it was")
  func largeTable() throws {
    let path = folder.path("large.kramers")
    let run = try folder.kramers(
      "--session", path, "-e", "t = {} for i = 1, 30000 do t[i] = i end", "-e",
      """
      t[#t + 1] = 0
      session.save()
      if not io.open('\(folder.path("dead"))') then
        io.open('\(folder.path("dead"))', 'w'):close()
        os.execute('kill -9 $PPID')
      end
      print(#t)
      """)
    #expect(run.signal == SIGKILL)
    let resumed = try folder.kramers("--resume", path)
    #expect(resumed.status == 0 && resumed.output == "30001\n", "\(resumed)")
  }

  @Test("a home that cannot be written is 74 in a sentence, whatever is asked of sessions")
  func home() throws {
    _ = try folder.write("no folder", to: "file")
    for home in [folder.path("file"), "/proc/none"] {
      for arguments in [
        ["--session", "s", "-e", "print(1)"], ["--resume", "s"], ["--verify", "s"], ["--sessions"],
        ["-e", "session.save('s')"], ["-e", "session.list()"],
      ] {
        let run = try RunningBinary(
          [binary.path] + arguments, environment: ["XDG_STATE_HOME": home]
        ).finish()
        let isMissing = home == "/proc/none"
        let expected: Int32 =
          switch arguments[0] {
          case "--session": 74
          case "--sessions": isMissing ? 0 : 74
          case "-e": isMissing && arguments[1].contains("list") ? 0 : 1
          default: isMissing ? 66 : 74
          }
        #expect(run.status == expected, "\(arguments) in \(home): \(run)")
        #expect(expected == 0 || run.errors.contains(home), "\(run.errors)")
        #expect(!run.errors.contains("internal"))
        #expect(run.output.isEmpty || expected == 0)
      }
    }
  }

  @Test("a disk that is full at the end is 74, with its reason, also with --quiet and exit()")
  func full() throws {
    for code in ["v = string.rep('x', 3000000)", "v = string.rep('x', 3000000) exit()"] {
      for quiet in [[], ["--quiet"]] {
        let path = folder.path("full.kramers")
        try? FileManager.default.removeItem(atPath: path)
        #expect(try folder.kramers("--session", path, "-e", "v = 7").status == 0)
        let command = "ulimit -f 500; trap '' XFSZ; exec \"$KRAMERS\" \"$@\""
        let run = try RunningBinary(
          ["/bin/bash", "-c", command, "kramers"] + quiet + ["--session", path, "-e", code],
          environment: folder.environment
        ).finish()
        #expect(run.status == 74 && run.errors.contains("File too large"), "\(run)")
        #expect(try folder.kramers("--session", path, "-e", "print(v)").output == "7\n")
      }
    }
    // An error of the script's own comes first.
    let path = folder.path("both.kramers")
    #expect(try folder.kramers("--session", path, "-e", "v = 7").status == 0)
    let run = try shell(
      "ulimit -f 500; trap '' XFSZ; exec $KRAMERS --session \(path) -e "
        + "\"v = string.rep('x', 3000000) error('mine')\"")
    #expect(run.status == 1 && run.errors.contains("mine") && run.errors.contains("File too large"))
  }
}
