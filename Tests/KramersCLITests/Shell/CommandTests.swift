import Foundation
import Testing

@testable import KramersBindings

private let experiment =
  "experiment { data = data.population { singular = {0.9} }, depth = 3, width = 2, lr = 0.1 };"

@Suite("the shell's commands", .serialized) struct CommandTests {
  @Test("?name, ??word, :help and help() say the same as the catalogue")
  func help() throws {
    let shell = try ShellSession()
    let train = HelpText.of(catalog.entry("train"))
    for question in [
      "?train", "? train", ":help train", "help(train)", "help('train')", "?train()",
    ] {
      #expect(shell.enter(question) == train, "\(question)")
    }
    #expect(shell.enter("??barrier").contains("arrhenius"))
    #expect(shell.enter("??nonsense_word") == "nothing in help speaks of 'nonsense_word'")
    #expect(shell.enter("?trian").contains("did you mean 'train'?"))
    let commands = shell.enter(":help")
    for entry in catalog.all {
      if let command = entry.command { #expect(commands.contains(command)) }
    }
  }

  @Test("every command has a function, and every function of `shell` a command")
  func twins() {
    let commands = Catalog.commands
    #expect(commands.count >= 15)
    for entry in catalog.all where entry.name.hasPrefix("shell.") {
      let name = entry.name.dropFirst("shell.".count)
      #expect(entry.command?.hasPrefix(":" + name) == true, "\(entry.name)")
    }
  }

  @Test("every step of the tour runs, one after the other, with Enter alone")
  func tour() throws {
    let shell = try ShellSession(["--threads", "2"])
    shell.enter(":tour")
    for (i, step) in Tour.steps.enumerated() {
      #expect(shell.waitFor("\(i + 1)/\(Tour.steps.count)  \(step.words)"))
      let text = shell.enter("", timeout: 120)
      if step.code == "resume()" {
        #expect(text.contains("nothing was interrupted"))
      } else {
        #expect(!text.contains("error:"), "\(step.code): \(text)")
      }
    }
    #expect(shell.text.contains("That was the tour."))
    #expect(shell.enter("1 + 1") == "2")
  }

  @Test("examples() names examples that :run runs")
  func examples() throws {
    let shell = try ShellSession()
    let listed = shell.enter("examples()")
    for name in ["trap", "phases", "train"] {
      #expect(listed.contains(":run \(name)"))
      let text = shell.enter(":run \(name)", timeout: 120)
      #expect(text.contains(catalog.entry(name).example.split(separator: "\n")[0]))
      #expect(!text.contains("error:"), "\(text)")
    }
    #expect(shell.enter(":run trapp").contains("did you mean 'trap'?"))
  }

  @Test(":format, :once, :seed, :time, :who and :!command")
  func settings() throws {
    let shell = try ShellSession()
    shell.enter(experiment)
    #expect(shell.enter(":seed 7") == "")
    #expect(shell.enter("shell.seed()") == "7" && shell.enter(":seed") == "7")
    #expect(
      shell.enter("experiment { data = current().data, depth = 2, width = 1 }.seed") == "7")
    #expect(shell.enter(":seed x").contains("must be an integer"))
    let file = shell.home.appendingPathComponent("out.jsonl").path
    shell.enter(":once \(file)")
    #expect(shell.enter("measure()") == "")
    let record = try String(contentsOfFile: file, encoding: .utf8)
    #expect(record.hasPrefix("{") && record.contains("\"kind\":\"measurement\""))
    #expect(shell.enter("measure().kind") == "\"measurement\"")
    shell.enter(":once /nonexistent/file")
    #expect(shell.enter("1").contains("/nonexistent/file: No such file"))
    shell.enter(":format jsonl")
    #expect(shell.enter("measure()").contains("\"kind\":\"measurement\""))
    shell.enter("shell.format('table')")
    shell.enter(":time on")
    #expect(shell.enter("train(1000);").contains(/^[0-9.e-]+ s, [0-9.e+]+ steps\/s$/))
    shell.enter(":time off")
    #expect(shell.enter("1 + 1") == "2")
    shell.enter("mine = {1, 2, 3} name = 'abc'")
    let who = shell.enter(":who")
    #expect(who.contains("mine  table") && who.contains("3 values") && who.contains("3 bytes"))
    #expect(!who.contains("arg") && !who.contains("print"))
    #expect(shell.enter(":!echo from the system") == "from the system")
    #expect(shell.enter(":!exit 3") == "status 3")
  }

  @Test(":edit and Ctrl-X Ctrl-E bring the entry back from $EDITOR, to be run with Enter")
  func editor() throws {
    let home = ShellSession.makeHome()
    defer { try? FileManager.default.removeItem(at: home) }
    let editor = home.appendingPathComponent("editor")
    try "#!/bin/sh\nsed -i 's/41/42/' \"$1\"\n".write(to: editor, atomically: true, encoding: .utf8)
    chmod(editor.path, 0o755)
    let shell = try ShellSession(home: home, environment: ["EDITOR": editor.path])
    shell.enter("value = 41")
    shell.enter(":edit")
    shell.enter("")
    #expect(shell.enter("value") == "42")
    shell.send("41 + 1000\u{18}\u{05}")
    usleep(300_000)
    #expect(shell.enter("").hasSuffix("1042"))
    let without = try ShellSession()
    #expect(without.enter(":edit").contains("set $EDITOR"))
  }

  @Test(":watch loss draws while train runs, and changes no bit")
  func watch() throws {
    let shell = try ShellSession()
    shell.enter(experiment)
    shell.enter(":watch loss")
    shell.send("train(1e12)\r")
    #expect(shell.wait { $0.raw.contains(/\ loss\ [0-9.e-]+\ \ [▁▂▃▄▅▆▇█]{3}/) }, "\(shell.text)")
    let before = shell.prompts
    shell.send("\u{03}")
    #expect(shell.wait { $0.prompts > before })
    #expect(shell.enter("_.outcome").contains("interrupted"))
    #expect(shell.enter(":watch nothing").contains("knows mode, loss"))
    shell.enter(experiment)
    shell.enter("a = train(3000000).loss", timeout: 120)
    shell.enter(":watch")
    shell.enter(experiment)
    #expect(shell.enter("a == train(3000000).loss", timeout: 120) == "true")
  }
}
