import Foundation
import Testing

private let pastedLines =
  ShellSession.pasteStart
  + (["sum = 0"] + (1...38).map { "sum = sum + \($0)" } + ["print('the sum', sum)"])
  .joined(separator: "\n") + ShellSession.pasteEnd
private let up = "\u{1B}[A"
private let interrupt = "\u{03}"

@Suite("typing in the shell", .serialized) struct EditingTests {
  @Test("a loop of several lines is typed, comes back as one entry after a restart, and is edited")
  func multiline() throws {
    let home = ShellSession.makeHome()
    defer { try? FileManager.default.removeItem(at: home) }
    do {
      let shell = try ShellSession(home: home)
      shell.enter("x = 0")
      for line in ["for i = 1, 3 do", "if i > 1 then", "x = x + i", "end"] {
        shell.send(line)
        usleep(50_000)
        shell.send("\r")  // alone: what comes in one piece with more is taken for a paste
        usleep(50_000)
      }
      #expect(shell.enter("end") == "")
      #expect(shell.enter("x") == "5")
      shell.send("\u{04}")
      #expect(shell.finish().status == 0)
      // Indented while it was typed, `end` moved out.
      #expect(shell.text.contains("    x = x + i"))
      let file = home.appendingPathComponent(".local/state/kramers/history")
      let history = try String(contentsOf: file, encoding: .utf8)
      #expect(history.contains("for i = 1, 3 do\\n  if i > 1 then\\n    x = x + i\\n  end\\nend\n"))
    }
    let shell = try ShellSession(home: home)
    #expect(shell.enter("x = 100") == "")
    // Two entries back (`x` lies between), up through its five lines to the first, 3 becomes 4.
    shell.send(up + up + up + up + up + up + up + "\u{05}" + "\u{1B}[D\u{1B}[D\u{1B}[D\u{7F}4")
    #expect(shell.enter("").hasSuffix(""))
    #expect(shell.enter("x") == "109")
  }

  @Test("a paste of 40 lines is one entry and runs on Enter only")
  func paste() throws {
    let shell = try ShellSession()
    #expect(shell.ready())
    shell.send(pastedLines)
    usleep(300_000)
    #expect(!shell.text.contains("the sum\t741") && shell.prompts == 1)
    #expect(shell.enter("").hasSuffix("the sum\t741"))
    shell.send(up)
    #expect(shell.enter("").hasSuffix("the sum\t741"))
  }

  @Test("a paste right after Ctrl-C keeps its first byte")
  func pasteAfterInterrupt() throws {
    let shell = try ShellSession()
    #expect(shell.ready())
    for _ in 0..<5 {
      shell.send("abc")
      usleep(50_000)
      let before = shell.text.components(separatedBy: "the sum\t741").count
      shell.send(interrupt + pastedLines)
      usleep(300_000)
      shell.send("\r")
      #expect(shell.wait { $0.text.components(separatedBy: "the sum\t741").count == before + 1 })
      #expect(!shell.text.contains("error:"), "\(shell.text)")
    }
  }

  @Test("a line of a megabyte, pasted")
  func longLine() throws {
    let shell = try ShellSession()
    #expect(shell.ready())
    let line = "s = '" + String(repeating: "x", count: 1 << 20) + "'"
    shell.send(ShellSession.pasteStart + line + ShellSession.pasteEnd)
    #expect(!shell.enter("", timeout: 120).contains("error"))
    #expect(shell.enter("#s", timeout: 120) == "1048576")
  }

  @Test("bytes that are no UTF-8 come through, and are shown escaped")
  func invalidBytes() throws {
    let shell = try ShellSession()
    #expect(shell.ready())
    shell.send(bytes: Array("t = 'a".utf8) + [0xFF, 0xFE] + Array("'\r".utf8))
    #expect(shell.wait { $0.prompts == 2 })
    #expect(shell.enter("#t, t") == "3  \"a\\xff\\xfe\"")
    #expect(shell.enter("#'é'") == "2")
  }

  @Test("the window shrinks to 20 columns while a line is typed, and tables fit")
  func resize() throws {
    let shell = try ShellSession()
    #expect(shell.ready())
    shell.send("value = 1234567890 + 1234567890 + 1")
    shell.resize(columns: 20)
    usleep(100_000)
    #expect(shell.enter("  + 100000").contains("error") == false)
    #expect(shell.enter("value") == "2469235781")
    let rows = "{{first = 1, second = 2, the_third = 3}, {first = 4, second = 5, the_third = 6}}"
    let table = shell.enter(rows)
    #expect(
      table.hasSuffix("first  second\n    1       2\n    4       5\n... 1 more column: the_third"))
    shell.resize(columns: 100)
    #expect(shell.enter(rows).hasPrefix("first  second  the_third\n    1       2          3\n"))
  }

  @Test("a dumb terminal reads line by line and gets no escapes")
  func dumb() throws {
    let shell = try ShellSession(environment: ["TERM": "dumb"])
    #expect(shell.waitFor("> "))
    shell.send("for i = 1, 2 do\rprint('row', i)\rend\r")
    #expect(shell.waitFor("row\t2\n> "), "\(shell.raw)")
    #expect(shell.raw.contains(">> ") && !shell.raw.contains("\u{1B}"))
  }

  @Test("NO_COLOR: no colours, but the shell edits as ever")
  func noColor() throws {
    let plain = try ShellSession(environment: ["NO_COLOR": "1"])
    plain.enter("error('x')")
    #expect(!plain.raw.contains(/\e\[[0-9;]*m/), "\(plain.raw)")
    let colored = try ShellSession()
    colored.enter("error('x')")
    #expect(colored.raw.contains("\u{1B}[1;31merror:\u{1B}[0m"))
    let never = try ShellSession(["--color", "never"])
    never.enter("error('x')")
    #expect(!never.raw.contains(/\e\[[0-9;]*m/))
  }

  @Test("Ctrl-D, :q, exit, quit() and exit(3) leave without a question")
  func leaving() throws {
    for (keys, status) in [
      ("\u{04}", 0), (":q\r", 0), ("exit\r", 0), ("quit()\r", 0), ("exit(3)\r", 3),
    ] {
      let shell = try ShellSession()
      #expect(shell.ready())
      shell.send(keys)
      let end = shell.finish()
      #expect(end.status == Int32(status) && end.signal == nil, "\(keys)")
    }
    let shell = try ShellSession()
    #expect(shell.ready())
    shell.send("abc\u{04}")
    usleep(100_000)
    #expect(shell.enter("'still here'").contains("unexpected symbol") == false)
  }

  @Test("text without an end of line does not swallow the prompt")
  func freshLine() throws {
    let shell = try ShellSession()
    #expect(shell.enter("io.write('half a line');") == "half a line")
    #expect(shell.enter("io.write('half a line') and 'value'") == "half a line\n\"value\"")
  }
}
