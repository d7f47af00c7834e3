import Foundation
import Testing

private let interrupt = "\u{03}"
private let chain =
  "x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1, "
  + "init = 'zero', l2 = 0.3, lr = 0.2 };"
private let noisy =
  "x = experiment { data = data.gaussian { singular = {0.9, 0.8}, samples = 64, seed = 1 }, "
  + "depth = 3, width = 8, lr = 0.003, batch = 8, seed = 5 };"
private let long = "measure_escape { temperature = 0.0139 / 9, replicas = 65536, max_steps = 1e7 }"

@Suite("live pictures", .serialized) struct LivePictureTests {
  /// A shell with the picture on, which has run `setup`.
  private func shell(
    _ setup: String, columns: UInt16 = 100, rows: UInt16 = 30, locale: String = "C.UTF-8"
  ) throws -> ShellSession {
    let shell = try ShellSession(
      ["--threads", "1"], environment: ["LC_ALL": locale], columns: columns)
    #expect(shell.ready())
    shell.resize(columns: columns, rows: rows)
    shell.enter(setup)
    #expect(shell.enter(":live on").isEmpty)
    return shell
  }

  /// Enters a line and waits until `words` were drawn `times` times more.
  private func start(
    _ shell: ShellSession, _ line: String, until words: String, times: Int = 3
  ) -> Bool {
    let before = frames(shell, words)
    shell.send(line + "\r")
    return shell.wait(timeout: 60) { frames($0, words) >= before + times }
  }

  private func frames(_ shell: ShellSession, _ words: String) -> Int {
    shell.raw.components(separatedBy: words).count - 1
  }

  /// Interrupts, and waits for the prompt.
  private func stop(_ shell: ShellSession) {
    let prompts = shell.prompts
    shell.send(interrupt)
    #expect(shell.wait { $0.prompts > prompts }, "\(shell.text.suffix(500))")
  }

  private func screen(_ shell: ShellSession, columns: Int = 100) -> [String] {
    TerminalScreen([(columns, Substring(shell.raw))]).text
  }

  @Test("the curve of a run is redrawn in place, and gone after Ctrl-C")
  func train() throws {
    let shell = try shell(noisy)
    #expect(start(shell, "train(1e12)", until: "loss over steps"), "\(shell.raw.suffix(500))")
    let during = screen(shell)
    #expect(during.count { $0 == "loss over steps" } == 1, "\(during)")
    #expect(during.count { $0.hasPrefix("train  ") && $0.contains("loss 0.") } == 1)
    #expect(during.contains { $0.contains("┤") } && during.contains { $0.contains("└") })
    stop(shell)
    let after = screen(shell)
    let entry = try #require(after.firstIndex { $0.hasSuffix("> train(1e12)") })
    #expect(after.count == entry + 3, "\(after)")
    #expect(after[entry + 1].hasPrefix("interrupted at ") && after[entry + 2] == ">", "\(after)")
    #expect(shell.enter("1 + 1") == "2")
  }

  @Test("what is watched is drawn; off again, the line alone has it as bars")
  func watched() throws {
    let shell = try shell(noisy)
    shell.enter(":watch norm")
    #expect(start(shell, "train(1e12)", until: "norm over steps"))
    stop(shell)
    shell.enter(":live off")
    let before = shell.raw.utf8.count
    #expect(start(shell, "train(1e12)", until: "  norm ", times: 8))
    stop(shell)
    let text = String(shell.raw.utf8.dropFirst(before)) ?? ""
    #expect(!text.contains("over steps") && text.contains("▁"), "\(text)")
  }

  @Test("escapes: the survival so far, how many, and the observable by its name")
  func escapes() throws {
    let shell = try shell(chain, columns: 130)
    #expect(start(shell, long, until: "survival over steps"), "\(shell.raw.suffix(500))")
    let during = screen(shell, columns: 130)
    let line = try #require(during.last { $0.hasPrefix("measure_escape  ") })
    #expect(line.contains("/65536 escaped  ") && line.contains("  mode 1 "), "\(line)")
    #expect(!shell.raw.contains("order parameter"))
    #expect(during.contains { $0.hasPrefix(" 1.0 ┤") }, "\(during)")
    stop(shell)
    #expect(!screen(shell, columns: 130).contains { $0.contains("┤") || $0.contains("over steps") })
  }

  @Test("a sweep: the strongest mode over the strengths done")
  func sweep() throws {
    let shell = try shell(noisy)
    let call = "sweep { from = 0.02, to = 0.4, points = 100, hold = 100000 }"
    #expect(start(shell, call, until: "mode 1 over l2"), "\(shell.raw.suffix(500))")
    stop(shell)
    #expect(!screen(shell).contains { $0.contains("┤") || $0.contains("over l2") })
  }

  @Test("in a protocol it is that of the verb under way")
  func protocols() throws {
    let shell = try shell(chain)
    let call = "arrhenius { temperatures = {0.0139 / 8, 0.0139 / 9}, replicas = 32768 }"
    #expect(start(shell, call, until: "survival over steps"), "\(shell.raw.suffix(500))")
    stop(shell)
    #expect(!screen(shell).contains { $0.contains("┤") })
  }

  @Test("ten lines of forty columns in a C locale hold it, in 7 bits, without cut numbers")
  func narrow() throws {
    let shell = try shell(chain, columns: 40, rows: 10, locale: "C")
    #expect(start(shell, long, until: "survival over steps"), "\(shell.raw.suffix(500))")
    let during = screen(shell, columns: 40)
    let top = try #require(during.firstIndex(of: "survival over steps"))
    let picture = during[top...]
    #expect(picture.count == 9 && picture.allSatisfy { $0.count <= 40 }, "\(picture)")
    #expect(picture.allSatisfy { $0.unicodeScalars.allSatisfy(\.isASCII) }, "\(picture)")
    let line = try #require(picture.last)
    let pattern = /measure_escape  \d+\/65536 escaped(  \d+\/\d+ steps)?/
    #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
    stop(shell)
    #expect(!screen(shell, columns: 40).contains { $0.contains("survival") })
  }

  @Test("a terminal too small for a picture has the line")
  func small() throws {
    let shell = try shell(noisy, columns: 60, rows: 7)
    #expect(start(shell, "train(1e12)", until: "train  ", times: 4))
    stop(shell)
    #expect(!shell.raw.contains("over steps"))
  }

  @Test("a terminal that becomes narrower or wider on the way is left clean")
  func resized() throws {
    let shell = try shell(noisy, columns: 100)
    #expect(start(shell, "train(1e12)", until: "loss over steps"))
    var sizes: [(columns: Int, end: Int)] = []
    var width = 100
    for columns in [50, 90] {
      // Between two frames, so that the bytes before have the old width: one has just come, whole.
      var count = shell.raw.utf8.count
      #expect(shell.wait { $0.raw.utf8.count > count })
      repeat {
        count = shell.raw.utf8.count
        usleep(50_000)
      } while shell.raw.utf8.count > count
      sizes.append((width, shell.raw.utf8.count))
      shell.resize(columns: UInt16(columns))
      width = columns
      let before = frames(shell, "loss over steps")
      #expect(shell.wait { frames($0, "loss over steps") >= before + 2 })
    }
    stop(shell)
    let bytes = shell.raw.utf8
    var parts: [(columns: Int, text: Substring)] = []
    var begin = 0
    for (columns, end) in sizes + [(width, bytes.count)] {
      let part = bytes.dropFirst(begin).prefix(end - begin)
      parts.append((columns, Substring(part)))
      begin = end
    }
    let after = TerminalScreen(parts).text
    let entry = try #require(after.firstIndex { $0.hasSuffix("> train(1e12)") }, "\(after)")
    #expect(after.count == entry + 3 && after[entry + 1].hasPrefix("interrupted"), "\(after)")
  }

  @Test("an error ends it clean, and what a script prints stands in lines of its own")
  func output() throws {
    let shell = try shell(noisy)
    let call =
      "train { steps = 1e9, every = 400000, observe = function(x) print('at', x.step) "
      + "if x.step > 4e6 then error('enough') end end }"
    shell.enter(call)
    #expect(frames(shell, "loss over steps") > 0, "\(shell.raw)")
    let after = screen(shell)
    let entry = try #require(after.firstIndex { $0.contains("enough') end end }") })
    let lines = after[(entry + 1)...].filter { $0.contains("at\t") }
    #expect(lines.count >= 10, "\(after)")
    #expect(lines.allSatisfy { $0.wholeMatch(of: /at\t\d+/) != nil }, "\(lines)")
    #expect(!after.contains { $0.contains("┤") || $0.contains("over steps") }, "\(after)")
    #expect(after.contains { $0.hasPrefix("error: ") && $0.contains("enough") }, "\(after)")
  }

  @Test("stopped and continued, it begins anew below what others wrote")
  func suspended() throws {
    let bash = try ShellSession(command: ["/bin/bash", "--norc", "--noprofile", "-i"])
    bash.send("$KRAMERS --threads 1\r")
    #expect(bash.waitFor("First steps"))
    usleep(300_000)
    for line in [noisy, ":live on"] {
      bash.send(line + "\r")
      usleep(200_000)
    }
    #expect(start(bash, "train(1e12)", until: "loss over steps"), "\(bash.raw.suffix(500))")
    bash.send("\u{1A}")
    #expect(bash.waitFor("Stopped"))
    bash.send("echo in between\r")
    #expect(bash.waitFor("\nin between"))
    let before = frames(bash, "loss over steps")
    usleep(500_000)
    #expect(frames(bash, "loss over steps") == before)
    bash.send("fg\r")
    #expect(bash.wait { frames($0, "loss over steps") >= before + 3 })
    bash.send(interrupt)
    #expect(bash.waitFor("interrupted"))
    let after = screen(bash)
    #expect(after.contains("in between") && after.contains { $0.contains("Stopped") }, "\(after)")
    // The picture that was there when it was stopped stays; the others do not.
    #expect(after.count { $0 == "loss over steps" } <= 1, "\(after)")
    bash.send("\u{04}\u{04}")
  }

  @Test("results are the same to the bit, with and without")
  func sameBits() throws {
    let shell = try shell(chain)
    let escape =
      "measure_escape { temperature = 0.0139 / 7, replicas = 2048, max_steps = 600000, every = 7 }"
    let train = "train { steps = 1000000, every = 1000 }"
    for (setup, call) in [(chain, escape), (noisy, train)] {
      let before = frames(shell, "over steps")
      shell.enter(setup)
      shell.enter("a = " + call, timeout: 120)
      #expect(frames(shell, "over steps") > before)
      shell.enter(":live off")
      shell.enter(setup)
      shell.enter("b = " + call, timeout: 120)
      #expect(shell.enter("a:json() == b:json()") == "true")
      shell.enter(":live on")
    }
  }

  @Test("never in a script, nor on a terminal that cannot go back to a line")
  func never() throws {
    let script = "shell.live(true) " + noisy.dropLast() + " train(3e6)"
    let run = try RunningBinary([binary.path, "-e", script], errorsTo: .terminal)
      .finish(timeout: 60)
    #expect(run.status == 0 && run.errors.contains("train  ") && !run.errors.contains("over steps"))
    let shell = try ShellSession(["--threads", "1"], environment: ["TERM": "dumb"])
    #expect(shell.waitFor("> "))
    for line in [noisy, ":live on", "print('begun') train(3e6) print('do' .. 'ne')"] {
      shell.send(line + "\r")
      usleep(100_000)
    }
    #expect(shell.waitFor("done", timeout: 60))
    #expect(!shell.raw.contains("over steps") && !shell.raw.contains("\u{1B}[J"))
  }
}
