import Foundation
import Testing

@Suite("the shell's files and its neighbours", .serialized) struct FilesTests {
  private func write(_ text: String, _ home: URL, _ path: String) throws {
    let file = home.appendingPathComponent(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
  }

  @Test("two running shells share their history, and each begins with its own")
  func sharedHistory() throws {
    let home = ShellSession.makeHome()
    defer { try? FileManager.default.removeItem(at: home) }
    let one = try ShellSession(home: home)
    let two = try ShellSession(home: home)
    one.enter("'from one'")
    two.enter("'from two'")
    one.enter("'again one'")
    let up = "\u{1B}[A"
    one.send(up)
    #expect(one.enter("").hasSuffix("\"again one\""))
    two.send(up + up)
    // It was already at its prompt when the other shell's last entry came.
    #expect(two.enter("").hasSuffix("\"from one\""))
    one.send("\u{04}")
    two.send("\u{04}")
    #expect(one.finish().status == 0 && two.finish().status == 0)
    let three = try ShellSession(home: home)
    #expect(three.ready())
    three.send("\u{12}from tw")  // Ctrl-R
    usleep(100_000)
    three.send("\r")
    #expect(three.waitFor("\n\"from two\"\n"))
    let directory = home.appendingPathComponent(".local/state/kramers").path
    let mode = try FileManager.default.attributesOfItem(atPath: directory)[.posixPermissions]
    #expect(mode as? Int == 0o700)
  }

  @Test(
    "init.lua runs in the shell only, from XDG_CONFIG_HOME or ~/.config; --no-init leaves it out")
  func initFile() throws {
    let home = ShellSession.makeHome()
    defer { try? FileManager.default.removeItem(at: home) }
    try write("mine = 'from init'", home, ".config/kramers/init.lua")
    #expect(try ShellSession(home: home).enter("mine") == "\"from init\"")
    #expect(try ShellSession(["--no-init"], home: home).enter("mine").contains("unknown name"))
    try write("mine = 'elsewhere'", home, "xdg/kramers/init.lua")
    let elsewhere = try ShellSession(
      home: home, environment: ["XDG_CONFIG_HOME": home.path + "/xdg"])
    #expect(elsewhere.enter("mine") == "\"elsewhere\"")
    try write("x = \nerror('in init')", home, ".config/kramers/init.lua")
    let broken = try ShellSession(home: home)
    #expect(broken.enter("1 + 1") == "2")
    #expect(broken.text.contains("init.lua:2:"))
    let batch = try RunningBinary(
      [binary.path, "-e", "print(1)"], environment: ["HOME": home.path]
    ).finish()
    #expect(batch.errors.isEmpty && batch.output == "1\n")
  }

  @Test("a home that cannot be written: one warning, and the shell works")
  func noHome() throws {
    let shell = try ShellSession(environment: ["HOME": "/dev/null/home"])
    #expect(shell.enter("1 + 1") == "2")
    shell.enter("2")
    #expect(shell.text.components(separatedBy: "the history is not kept").count == 2)
    shell.send("\u{1B}[A")
    #expect(shell.enter("").hasSuffix("2"))
    let none = try ShellSession(environment: ["HOME": nil as String?])
    #expect(none.enter("1 + 1") == "2")
  }

  @Test("-i goes on with the shell after a script, after code, and after an error in them")
  func afterScript() throws {
    try withFile("value = arg[1] .. '!'") { path in
      let shell = try ShellSession(["-i", path, "word"])
      #expect(shell.enter("value") == "\"word!\"")
    }
    #expect(try ShellSession(["-i", "-e", "value = 3"]).enter("value") == "3")
    let failed = try ShellSession(["-i", "-e", "value = 3 error('x')"])
    #expect(failed.enter("value") == "3")
    #expect(failed.text.contains("(-e):1: x"))
    let piped = try kramers("-i", input: "print(1)")
    #expect(piped.status == 64 && piped.errors.contains("-i needs a terminal"))
  }

  @Test("SIGTERM ends the shell by the signal and leaves the terminal as it was")
  func terminated() throws {
    let shell = try ShellSession(command: ["/bin/bash", "--norc", "--noprofile", "-i"])
    shell.send("$KRAMERS; echo status $?; stty -a | grep -o ' icanon'\r")
    #expect(shell.waitFor("First steps"))
    usleep(300_000)
    let children = try String(
      contentsOfFile: "/proc/\(shell.pid)/task/\(shell.pid)/children", encoding: .utf8)
    let child = try #require(pid_t(children.trimmingCharacters(in: .whitespaces)))
    kill(child, SIGTERM)
    #expect(shell.waitFor("status 143"), "\(shell.text)")
    #expect(shell.waitFor(" icanon\n"))
  }

  @Test("data on standard output alone: prompts go to the terminal's other descriptor")
  func redirected() throws {
    let home = ShellSession.makeHome()
    defer { try? FileManager.default.removeItem(at: home) }
    let file = home.appendingPathComponent("data.jsonl")
    let shell = try ShellSession(
      command: ["/bin/bash", "-c", "exec $KRAMERS > '\(file.path)'"], home: home)
    shell.enter("emit { tau = 3 }")
    shell.enter("1 + 1")
    shell.send("\u{04}")
    #expect(shell.finish().status == 0)
    let data = try String(contentsOf: file, encoding: .utf8)
    #expect(data.hasSuffix("\n{\"tau\":3}\n2\n") && !data.contains("\u{1B}"), "\(data)")
  }

  @Test("an idle shell uses no CPU")
  func idle() throws {
    let shell = try ShellSession()
    shell.enter("1 + 1")
    usleep(300_000)
    let before = shell.cpuSeconds
    usleep(3_000_000)
    // One clock tick is 10 ms; looking ten times a second would take none of them either, so the
    // context switches are counted too.
    #expect(shell.cpuSeconds - before < 0.011)
    let first = try switches(shell.pid)
    usleep(2_000_000)
    let last = try switches(shell.pid)
    #expect(last - first < 5)
  }

  private func switches(_ pid: pid_t) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").reduce(0) {
      sum, task in
      let status =
        (try? String(contentsOfFile: "/proc/\(pid)/task/\(task)/status", encoding: .utf8)) ?? ""
      let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") }
      return sum + (line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0)
    }
  }

  @Test("the manual page and the completions of bash, zsh and fish name every option")
  func generated() throws {
    let help = try kramers("--help").output
    let options = help.matches(of: /--[a-z-]+/).map { String($0.output) }
    #expect(options.count > 8)
    let page = try kramers("--man").output
    for option in Set(options) {
      #expect(page.contains(option.replacing("-", with: "\\-")), "\(option)")
    }
    #expect(page.contains("measure_escape") && page.contains(":watch"))
    for name in ["bash", "zsh", "fish"] {
      let script = try kramers("--generate-completion-script", name).output
      for option in Set(options) {
        #expect(
          script.contains(name == "fish" ? String(option.dropFirst(2)) : option),
          "\(name): \(option)")
      }
      let check = try shell(
        "command -v \(name) >/dev/null || exit 0; \(name) -n <($KRAMERS --generate-completion-script \(name))"
      )
      #expect(check.status == 0, "\(check.errors)")
    }
    let completed = try shell(
      "source <($KRAMERS --generate-completion-script bash); COMP_WORDS=(kramers --thr); COMP_CWORD=1; "
        + "COMP_LINE='kramers --thr' COMP_POINT=13 COMP_TYPE=9; _kramers kramers --thr kramers; echo \"${COMPREPLY[@]}\""
    )
    #expect(completed.output.contains("--threads"), "\(completed)")
  }
}
