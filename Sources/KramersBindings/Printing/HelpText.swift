import Kramers

/// Help as text, from the catalogue.
package enum HelpText {
  static func overview(_ catalog: Catalog) -> String {
    var lines = ["Kramers: trap a network, release it, measure the escape.", ""]
    let label = catalog.all.map(\.name.count).max() ?? 0
    for entry in catalog.all {
      lines.append("  " + padded(entry.name, label) + "  " + firstSentence(entry.summary))
    }
    lines += ["", "help(name) tells more, with an example: help(measure_escape)"]
    return lines.joined(separator: "\n")
  }

  /// The names whose help speaks of `word`, in any case.
  static func search(_ word: String, _ catalog: Catalog) -> String {
    let found = catalog.all.filter { entry in
      let words = [entry.name, entry.summary, entry.returns]
      let options = entry.options.flatMap { [$0.name, $0.summary] }
      return (words + options).contains { $0.lowercased().contains(word.lowercased()) }
    }
    if found.isEmpty { return "nothing in help speaks of '\(word)'" }
    let label = found.map(\.name.count).max() ?? 0
    return found.map { "  " + padded($0.name, label) + "  " + firstSentence($0.summary) }
      .joined(separator: "\n")
  }

  /// What can be run at once to see something.
  static func examples(_ catalog: Catalog) -> String {
    var lines = ["Every name has an example that runs: :run NAME, or shell.run(\"NAME\").", ""]
    let own = catalog.chapters.first { $0.title == Catalog.ownProtocols }?.entries ?? []
    let shown =
      ["trap", "measure_escape", "arrhenius", "phases", "train", "data.digits"] + own.map(\.name)
    let label = shown.map(\.count).max() ?? 0
    for name in shown {
      lines.append(
        "  :run " + padded(name, label) + "  " + firstSentence(catalog.entry(name).summary))
    }
    return lines.joined(separator: "\n")
  }

  /// What the shell's `:help` says.
  package static var shell: String {
    let commands = Catalog.commands
    let label = commands.compactMap(\.command?.count).max() ?? 0
    var lines = ["commands, each with its function in Lua"]
    for entry in commands {
      let name = padded(entry.command ?? "", label)
      lines.append("  " + name + "  " + firstSentence(entry.summary, longest: 75 - label))
    }
    lines += ["  " + padded(":!command", label) + "  runs a command of the system's shell", ""]
    lines += [
      "an expression prints its value; a ; at its end mutes it; _ is the last value,",
      "_1 ... _9 those before it; a local outside blocks is kept for later entries",
      "",
      "keys",
      "  Tab            completes names, fields, options with their defaults, words, files",
      "  Enter          runs an entry, or continues an incomplete one on a new line",
      "  Alt-Enter      a new line in any case",
      "  Ctrl-C         stops the work under way; its partial result is in _, resume() goes on;",
      "                 at the prompt it clears the entry",
      "  Ctrl-R         searches the history; up and down move through the entry, then history",
      "  Ctrl-X Ctrl-E  opens the entry in $EDITOR",
      "  Ctrl-D         leaves",
      "",
      "?train explains a name, ??noise searches, help() lists all, :tour shows the first steps",
    ]
    return lines.joined(separator: "\n")
  }

  package static func of(_ entry: Entry) -> String {
    var lines = [signature(entry), ""]
    lines += wrapped(entry.summary + ".", indent: 2)
    if let command = entry.command { lines += ["", "  in the shell  " + command] }
    if !entry.options.isEmpty {
      lines += ["", "  options"]
      let label = entry.options.map(\.name.count).max() ?? 0
      for option in entry.options {
        var text = option.summary + ": " + option.kind.words
        if let rule = option.rule { text += ", " + rule }
        if !option.unit.isEmpty { text += " [\(option.unit)]" }
        text +=
          option.standard == "required"
          ? "; required" : option.standard.isEmpty ? "" : "; default \(option.standard)"
        let block = wrapped(text, indent: label + 6)
        lines.append("    " + padded(option.name, label) + "  " + block[0].drop { $0 == " " })
        lines += block.dropFirst()
      }
    }
    lines += ["", "  returns"] + wrapped(entry.returns, indent: 4)
    lines += ["", "  example"]
    lines += entry.example.split(separator: "\n").map { "    " + $0 }
    if !entry.seeAlso.isEmpty {
      lines += ["", "  see also  " + entry.seeAlso.joined(separator: ", ")]
    }
    return lines.joined(separator: "\n")
  }

  package static func signature(_ entry: Entry) -> String {
    if let usage = entry.usage { return usage }
    if entry.options.isEmpty { return entry.name + "()" }
    let shown = entry.options.prefix(5).map(\.name).joined(separator: ", ")
    return "\(entry.name){\(shown)\(entry.options.count > 5 ? ", ..." : "")}"
  }

  private static func firstSentence(_ text: String, longest: Int = 70) -> String {
    let end = text.firstIndex { $0 == ";" || $0 == ":" } ?? text.endIndex
    let sentence = text[..<end]
    return sentence.count > longest ? sentence.prefix(longest - 3) + "..." : String(sentence)
  }

  /// Words in lines of at most `width` columns, the indent included.
  static func wrapped(_ text: String, indent: Int, width: Int = 96) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, indent + line.count + word.count + 1 > width {
        lines.append(String(repeating: " ", count: indent) + line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    lines.append(String(repeating: " ", count: indent) + line)
    return lines
  }
}
