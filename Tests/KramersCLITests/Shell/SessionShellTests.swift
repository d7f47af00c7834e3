import Foundation
import Testing

private let interrupt = "\u{03}"
private let experiment =
  "x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1, "
  + "init = 'zero', l2 = 0.3, lr = 0.2, temperature = 1e-4 };"

@Suite("sessions in the shell", .serialized) struct SessionShellTests {
  private let home = ShellSession.makeHome()

  private var stateFiles: [String] {
    let path = home.appendingPathComponent(".local/state/kramers").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { $0 != "history" }.sorted()
  }

  private func shell(_ arguments: [String] = [], autosave: String? = nil) throws -> ShellSession {
    try ShellSession(arguments, home: home, environment: ["KRAMERS_AUTOSAVE": autosave])
  }

  /// What an uninterrupted train leaves.
  private func expected(steps: Int) throws -> String {
    let shell = try ShellSession()
    shell.enter(experiment)
    shell.enter("r = train(\(steps));", timeout: 120)
    return shell.enter("string.format('%a', r.loss)")
  }

  @Test(":save, :open, :sessions, :journal, and names that complete")
  func commands() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let first = try shell()
    first.enter("a = {1, 2, self = 3}")
    first.enter("b = a")
    #expect(first.enter("f = function() end") == "")
    #expect(first.enter(":save lab").hasSuffix("lab.kramers\""))
    first.enter("a.self = 4")
    first.send("\u{04}")
    #expect(first.finish().status == 0)
    #expect(stateFiles == ["lab.kramers"])

    let second = try shell()
    #expect(second.ready())
    #expect(!second.text.contains("ended unsaved"))
    let opened = second.enter(":open lab")
    #expect(opened.contains("opened lab: 5 entries") && opened.contains("f (function, entry 3)"))
    #expect(second.enter("a == b and a.self") == "4")
    #expect(second.enter(":sessions").contains("lab"))
    let journal = second.enter(":journal")
    #expect(journal.contains("a = {1, 2, self = 3}") && journal.contains("-- [2]"), "\(journal)")
    #expect(second.enter("session.verify().verdict") == "\"same\"")
    second.send(":open l\t")
    #expect(second.waitFor(":open lab"))
    let before = second.prompts
    second.send(interrupt)
    #expect(second.wait { $0.prompts > before })
    #expect(second.enter("session.delete('nothing')").contains("does not exist"))
    #expect(second.enter("1 + 1") == "2")
  }

  @Test("after kill -9 the next start names what was saved, and restores nothing by itself")
  func killed() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let first = try shell(autosave: "0.05")
    first.enter(experiment)
    first.enter("note = 'kept'")
    #expect(first.ready())
    first.send("r = train(3000000)\r")
    usleep(600_000)
    kill(first.pid, SIGKILL)
    _ = first.finish()
    let name = try #require(stateFiles.first?.replacingOccurrences(of: ".kramers", with: ""))
    #expect(name.hasPrefix("autosave-") && stateFiles.count == 1, "\(stateFiles)")

    let second = try shell(autosave: "0.05")
    #expect(second.ready() && second.waitFor(":open \(name)"), "\(second.text)")
    #expect(second.enter("note").contains("unknown name 'note'"))
    #expect(second.enter(":open \(name)").contains("resume() goes on"))
    #expect(second.enter("note") == "\"kept\"")
    let before = second.prompts
    second.send("resume()\r")
    usleep(150_000)
    second.send(interrupt)
    #expect(second.wait { $0.prompts > before })
    let resumed = second.enter("resume();", timeout: 120)
    #expect(resumed.isEmpty)
    let loss = second.enter("string.format('%a', r.loss)")
    let wanted = try expected(steps: 3_000_000)
    #expect(loss == wanted)
    second.send("\u{04}")
    _ = second.finish()
  }

  @Test("Ctrl-C, and leaving on purpose: no autosave stays behind")
  func left() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let first = try shell()
    first.enter(experiment)
    #expect(first.ready())
    let before = first.prompts
    first.send("r = train(1e10)\r")
    usleep(1_800_000)
    first.send(interrupt)
    #expect(first.wait { $0.prompts > before })
    #expect(first.wait { _ in stateFiles.count == 1 }, "\(stateFiles)")
    first.send("\u{04}")
    #expect(first.finish().status == 0)
    #expect(stateFiles.isEmpty)
  }

  @Test("SIGTERM and SIGHUP save what there is, and say where", arguments: [SIGTERM, SIGHUP])
  func signals(number: Int32) throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let first = try shell()
    first.enter(experiment)
    first.send("r = train(3000000)\r")
    usleep(300_000)
    kill(first.pid, number)
    #expect(first.finish().signal == number)
    #expect(first.text.contains("--resume autosave-"), "\(first.text.suffix(400))")
    let name = try #require(stateFiles.first?.replacingOccurrences(of: ".kramers", with: ""))
    let second = try shell(["--resume", name])
    #expect(second.ready())
    let loss = second.enter("string.format('%a', r.loss)")
    let wanted = try expected(steps: 3_000_000)
    #expect(loss == wanted)
    second.send("\u{04}")
    _ = second.finish()
  }

  @Test("--session works in one file from start to start; init.lua runs in each")
  func named() throws {
    defer { try? FileManager.default.removeItem(at: home) }
    let settings = home.appendingPathComponent(".config/kramers")
    try FileManager.default.createDirectory(at: settings, withIntermediateDirectories: true)
    try "function twice(x) return 2 * x end".write(
      to: settings.appendingPathComponent("init.lua"), atomically: true, encoding: .utf8)
    for round in 1...3 {
      let shell = try shell(["--session", "daily"])
      shell.enter("n = (rawget(_G, 'n') or 0) + 1")
      #expect(shell.enter("twice(n)") == "\(2 * round)")
      shell.send("\u{04}")
      #expect(shell.finish().status == 0)
    }
    #expect(stateFiles == ["daily.kramers"])
    let verified = try kramers(
      "--verify", "daily", environment: ["HOME": home.path, "XDG_STATE_HOME": ""])
    #expect(verified.status == 0, "\(verified)")
  }
}
