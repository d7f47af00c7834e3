import Foundation
import Testing

private let interrupt = "\u{03}"
private let experiment =
  "x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1, "
  + "init = 'zero', l2 = 0.3, lr = 0.2 };"

@Suite("Ctrl-C and resume() in the shell", .serialized) struct InterruptTests {
  /// Enters a line that runs long, waits until `begun` seconds have gone, and interrupts it.
  /// - Returns: what came until the next prompt.
  private func interrupted(
    _ shell: ShellSession, _ line: String, after begun: Double = 0.3
  ) -> String {
    #expect(shell.ready())
    let before = shell.prompts
    let start = shell.raw.utf8.count
    shell.send(line + "\r")
    usleep(UInt32(begun * 1e6))
    #expect(shell.prompts == before, "it ended by itself: \(line)")
    shell.send(interrupt)
    #expect(shell.wait { $0.prompts > before }, "\(line): \(shell.text.suffix(500))")
    return ShellSession.plain(String(shell.raw.utf8.dropFirst(start)) ?? "")
  }

  @Test("at the prompt and in a continuation it clears the entry")
  func prompt() throws {
    let shell = try ShellSession()
    #expect(shell.ready())
    shell.send("this is no Lua")
    usleep(50_000)
    shell.send(interrupt)
    #expect(shell.wait { $0.prompts >= 2 })
    #expect(shell.enter("1 + 1") == "2")
    shell.send("for i = 1, 2 do")
    usleep(50_000)
    shell.send("\r")
    usleep(50_000)
    let before = shell.prompts
    shell.send("print('never')" + interrupt)
    #expect(shell.wait { $0.prompts > before })
    #expect(shell.enter("2 + 2") == "4")
    #expect(!shell.text.contains("error"))
    shell.send("\u{12}never" + interrupt)  // out of a search
    usleep(100_000)
    #expect(shell.enter("3 + 3").hasSuffix("6"))
  }

  @Test(
    "it ends whatever Lua does",
    arguments: [
      "while true do end", "while true do pcall(function() while true do end end) end",
      "while true do xpcall(error, function() while true do end end) end",
      "coroutine.wrap(function() while true do end end)()",
      "while true do coroutine.wrap(pcall)(error) end", "pcall(train, 1e12)",
      "while true do pcall(train, 1e9) end", "io.popen('sleep 100'):read('a')",
      "for i = 1, 1e9 do local s = ('x'):rep(1000) end",
    ])
  func everything(code: String) throws {
    let shell = try ShellSession()
    shell.enter(experiment)
    let text = interrupted(shell, code)
    #expect(text.contains("interrupted"), "\(text)")
    #expect(shell.enter("1 + 1") == "2")
    #expect(shell.enter("x.depth") == "3")
  }

  @Test("a million rows stop at once")
  func output() throws {
    let shell = try ShellSession()
    let text = interrupted(
      shell, "for i = 1, 1e6 do print('row', i) end", after: 0.1)
    #expect(text.contains("row\t1\n") && !text.contains("row\t1000000\n"))
    #expect(shell.enter("1 + 1") == "2")
  }

  @Test("two quick Ctrl-C do not end a shell that can stop; a stuck call they do")
  func twice() throws {
    let shell = try ShellSession()
    _ = interrupted(shell, "while true do end")
    let before = shell.prompts
    shell.send("while true do end\r")
    usleep(200_000)
    shell.send(interrupt + interrupt)
    #expect(shell.wait { $0.prompts > before })
    #expect(shell.enter("1 + 1").hasSuffix("2"))
    shell.send("('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40))\r")
    usleep(200_000)
    shell.send(interrupt)
    usleep(200_000)
    shell.send(interrupt)
    #expect(shell.finish().signal == SIGINT)
    #expect(shell.waitFor("cannot be interrupted"))
  }

  /// Runs a line to its end.
  /// - Returns: the seconds it took: interrupts come after a fixed share of them, on any machine.
  private func duration(_ shell: ShellSession, _ line: String) -> Double {
    let start = Date()
    shell.enter(line, timeout: 120)
    return Date().timeIntervalSince(start)
  }

  @Test("measure_escape: the partial result is in _, resume() equals the whole bit for bit")
  func measureEscape() throws {
    let shell = try ShellSession(["--threads", "2"])
    shell.enter(experiment)
    let call =
      "measure_escape { temperature = 0.0139 / 7, replicas = 2048, max_steps = 600000, every = 7 }"
    let seconds = duration(shell, "whole = " + call)
    shell.enter(experiment)
    let text = interrupted(shell, "e = " + call, after: 0.2 * seconds)
    #expect(text.contains("the partial result is in _; resume() goes on"))
    shell.enter("p = _")
    #expect(shell.enter("p.outcome, p.requested") == "\"interrupted\"  2048")
    #expect(shell.enter("p.replicas > 0 and p.replicas < 2048") == "true")
    #expect(shell.enter("e").contains("unknown name 'e'"))
    // Anything may happen in between.
    shell.enter("x:set { l2 = 0.1, temperature = 0.01 }; x:train(1000);")
    _ = interrupted(shell, "resume()", after: 0.2 * seconds)
    shell.enter("resume()", timeout: 120)
    #expect(shell.enter("#e.times, e.outcome") == "2048  \"completed\"")
    #expect(shell.enter("e:json() == whole:json()") == "true")
    #expect(shell.enter("x.step, x.l2") == "0  0.3")
    #expect(shell.enter("resume()").contains("nothing was interrupted"))
  }

  @Test("train: momentum, minibatches and noise go on bit for bit, and so does the trace")
  func train() throws {
    let shell = try ShellSession()
    let make =
      "experiment { data = data.gaussian { singular = {0.9, 0.8}, samples = 64, seed = 1 }, "
      + "depth = 3, width = 8, lr = 0.01, batch = 7, optimizer = 'momentum', label_noise = 0.1, "
      + "seed = 5 };"
    let call = "train { steps = 500000, every = 1000 }"
    shell.enter(make)
    let seconds = duration(shell, "whole = " + call)
    shell.enter("v = current():weights(2)")
    shell.enter(make)
    let text = interrupted(shell, "r = " + call, after: 0.3 * seconds)
    #expect(text.contains("partial result"))
    #expect(shell.enter("_.kind, _.outcome, #_.trace > 1") == "\"run\"  \"interrupted\"  true")
    _ = interrupted(shell, "resume()", after: 0.3 * seconds)
    shell.enter("resume()", timeout: 120)
    #expect(shell.enter("#r.trace, r.steps, r.outcome") == "501  500000  \"completed\"")
    #expect(shell.enter("r:json() == whole:json()") == "true")
    shell.enter("w = current():weights(2)")
    #expect(shell.enter("w[3][5] == v[3][5] and w[8][8] == v[8][8]") == "true")
  }

  @Test("a protocol that makes experiments of its own leaves the current one, also when stopped")
  func current() throws {
    let shell = try ShellSession()
    shell.enter(
      "experiment { data = data.population { singular = {1} }, depth = 3, width = 1, l2 = 0.123 }")
    _ = interrupted(shell, "replicate('2606.17120', '1a')", after: 0.5)
    #expect(shell.enter("current().l2") == "0.123")
    _ = interrupted(shell, "check()", after: 0.5)
    #expect(shell.enter("current().l2") == "0.123")
  }

  @Test("arrhenius: finished temperatures are not measured again")
  func arrhenius() throws {
    let shell = try ShellSession(["--threads", "2"])
    shell.enter(experiment)
    let call =
      "arrhenius { temperatures = {0.0139 / 2, 0.0139 / 4, 0.0139 / 4.6}, replicas = 1024, "
      + "max_steps = 40000 }"
    let seconds = duration(shell, "whole = " + call)
    let text = interrupted(shell, "a = " + call, after: 0.6 * seconds)
    #expect(text.contains("the partial result is in _"), "\(text)")
    #expect(shell.enter("_.kind, #_.points >= 1 and #_.points < 3") == "\"arrhenius\"  true")
    #expect(duration(shell, "resume()") < 0.9 * seconds + 0.5)
    #expect(shell.enter("a.outcome, a:json() == whole:json()") == "\"completed\"  true")
  }

  @Test("a hand-written ramp goes on: nothing printed twice, globals and random numbers as before")
  func ramp() throws {
    let shell = try ShellSession()
    let make =
      "experiment { data = data.gaussian { singular = {0.9}, samples = 64, seed = 1 }, depth = 3, "
      + "width = 8, lr = 0.02, batch = 8, seed = 5 }; rows = {'before'} math.randomseed()"
    let loop =
      "for i = 1, 6 do set_l2(0.05 * i) local r = train(120000) print('point', i) "
      + "rows[#rows + 1] = {l2 = 0.05 * i, loss = r.loss, u = math.random()} end"
    shell.enter(make)
    let seconds = duration(shell, loop)
    shell.enter("whole = rows")
    shell.enter(make)
    let text = interrupted(shell, loop, after: 0.4 * seconds)
    let first = text.components(separatedBy: "\npoint\t").count - 1
    #expect(first >= 1 && first < 6, "\(text)")
    let rest = shell.enter("resume()", timeout: 120)
    #expect(rest == ((first + 1)...6).map { "point\t\($0)" }.joined(separator: "\n"))
    #expect(shell.enter("#rows, rows[1], current().step") == "7  \"before\"  720000")
    #expect(
      shell.enter(
        "(function() for i = 2, 7 do for k, v in pairs(rows[i]) do "
          + "if whole[i][k] ~= v then return i, k end end end return 'equal' end)()")
        == "\"equal\"")
  }

  @Test("tables too large to be copied at every entry are not put back, and that is said")
  func largeTables() throws {
    let shell = try ShellSession()
    shell.enter(experiment)
    shell.enter("rows = {} for i = 1, 30000 do rows[i] = i end")
    _ = interrupted(shell, "rows[#rows + 1] = 'again' train(100) train(1e12)", after: 0.5)
    _ = interrupted(shell, "resume()", after: 0.5)
    #expect(shell.waitFor("your tables hold more than 20000 values and were not put back"))
    #expect(shell.enter("#rows, rows[30002]") == "30002  \"again\"")
  }

  @Test("an entry that goes another way is refused, and leaves everything as it was")
  func anotherWay() throws {
    let shell = try ShellSession()
    shell.enter(experiment + " file = os.tmpname()")
    shell.enter(
      "function steps() local f = io.open(file) local n = f:read('n') f:close() return n end")
    shell.enter("function put(n) local f = io.open(file, 'w') f:write(n) f:close() end put(500000)")
    _ = interrupted(shell, "train(steps()) train(1e12)", after: 1)
    let step = shell.enter("x.step")
    shell.enter("put(7)")
    #expect(shell.enter("resume()").contains("the entry took another way this time"))
    #expect(shell.enter("x.step") == step)
    shell.enter("os.remove(file);")
  }

  @Test("Ctrl-Z stops the program at the prompt and at work, fg goes on")
  func suspend() throws {
    let bash = try ShellSession(command: ["/bin/bash", "--norc", "--noprofile", "-i"])
    bash.send("$KRAMERS\r")
    #expect(bash.waitFor("First steps"))
    usleep(200_000)
    bash.send("value = 41 ")
    usleep(50_000)
    bash.send("\u{1A}")
    #expect(bash.waitFor("Stopped"), "\(bash.text)")
    bash.send("fg\r")
    usleep(300_000)
    bash.send("+ 1\r")
    usleep(100_000)
    bash.send("'the value is ' .. value\r")
    #expect(bash.waitFor("\"the value is 42\""), "\(bash.text)")
    bash.send("for i = 1, 60 do os.execute('sleep 0.02') end 'done'\r")
    bash.send("\u{03}")
    bash.send("local n = 0 while n < 2e7 do n = n + 1 end print('counted', n)\r")
    usleep(200_000)
    bash.send("\u{1A}")
    #expect(bash.wait { $0.text.components(separatedBy: "Stopped").count > 2 }, "\(bash.text)")
    bash.send("fg\r")
    #expect(bash.waitFor("counted\t20000000", timeout: 60), "\(bash.text)")
    bash.send("\u{04}\u{04}")
  }
}
