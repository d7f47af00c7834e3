import Foundation
import Testing

@testable import KramersBindings

@Suite("Tab in the shell", .serialized) struct CompletionTests {
  /// Types, presses Tab, waits for what it shows, and clears the line.
  private func tab(_ shell: ShellSession, _ typed: String, shows words: String) -> Bool {
    let before = shell.raw.utf8.count
    shell.send(typed)
    usleep(30_000)
    shell.send("\t")
    let seen = shell.wait(timeout: 5) { shell in
      ShellSession.plain(String(shell.raw.utf8.dropFirst(before)) ?? "").contains(words)
    }
    let prompts = shell.prompts
    shell.send("\u{03}")
    _ = shell.wait { $0.prompts > prompts }
    return seen
  }

  @Test("names, fields, methods, keywords and commands")
  func names() throws {
    let shell = try ShellSession()
    shell.enter(
      "x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1 };")
    shell.enter("r = x:measure(); mine = {alpha = 1, beta = {gamma = 2}}; s = 'text'")
    for (typed, words) in [
      ("measure_e", "measure_escape"), ("data.ga", "data.gaussian"), ("data.", "data.population"),
      ("x:measure_", "x:measure_escape"), ("x.grad", "x.gradient_noise"), ("x:we", "x:weights"),
      ("r.gradient", "r.gradient_norm"), ("r:cs", "r:csv"), ("mine.al", "mine.alpha"),
      ("mine.beta.", "mine.beta.gamma"), ("x.data:sin", "x.data:singular_values"),
      ("for i = 1, 3 do re", "repeat"), (":wat", ":watch"), (":format ", "jsonl"),
      (":watch grad", "gradient_norm"), (":run data.di", "data.digits"),
      ("?measure_", "measure_escape"),
      ("s:fi", "s:find"),
    ] {
      #expect(tab(shell, typed, shows: words), "\(typed)")
    }
  }

  @Test("options with their defaults inside a verb's braces, without those given already")
  func options() throws {
    let shell = try ShellSession()
    #expect(shell.ready())
    #expect(tab(shell, "measure_escape { replicas = 4, max", shows: "max_steps = "))
    #expect(tab(shell, "local e = measure_escape{", shows: "replicas = 64"))
    let listed = shell.text
    for option in catalog.entry("measure_escape").options {
      let standard = option.standard.isEmpty ? "..." : option.standard
      #expect(listed.contains("\(option.name) = \(standard)  "), "\(option.name)")
    }
    #expect(!tab(shell, "train { steps = 3, every = 2, st", shows: "steps = 1000"))
    #expect(tab(shell, "y:train { un", shows: "until_loss"))
    #expect(tab(shell, "experiment { init = \"orth", shows: "\"orthogonal\""))
    #expect(tab(shell, "experiment { data = data.gaussian { sam", shows: "samples = "))
    #expect(
      tab(shell, "experiment { data = data.digits { seed = 1 }, optim", shows: "optimizer = "))
    #expect(tab(shell, "plot(r, \"a.svg\", { ti", shows: "title = "))
    #expect(tab(shell, "plot(f(1, {2}), { lo", shows: "log = "))
    #expect(tab(shell, "help(\"measure_es", shows: "measure_escape"))
    #expect(tab(shell, "experiment { bias = t", shows: "true"))
  }

  @Test("files inside quotes, with their closing quote")
  func files() throws {
    let shell = try ShellSession()
    #expect(shell.ready())
    #expect(tab(shell, "x:import('READ", shows: "README.md'"))
    #expect(tab(shell, "io.open(\"scripts/trap_a", shows: "scripts/trap_and_release.lua\""))
    #expect(tab(shell, ":once scripts/trap_a", shows: "trap_and_release.lua"))
  }

  @Test("no code runs: an __index that raises, loops or writes is not called")
  func rawAccess() throws {
    let shell = try ShellSession()
    shell.enter("called = false")
    for body in ["error('raised')", "while true do end", "called = true"] {
      shell.enter("t = setmetatable({known = 1}, {__index = function() \(body) end})")
      #expect(tab(shell, "t.kn", shows: "t.known"))
      #expect(!tab(shell, "t.missing.", shows: "error"))
      // A prompt may come twice after Ctrl-C, and the echo with it.
      #expect(shell.enter("called").hasSuffix("false"))
    }
    shell.enter("setmetatable(t, {__index = {inherited = 1}, __pairs = error, __len = error});")
    #expect(tab(shell, "t.inh", shows: "t.inherited"))
    shell.enter("big = {} for i = 1, 1e5 do big['k' .. i] = i end")
    #expect(tab(shell, "big.k9999", shows: "big.k9999"))
  }
}
