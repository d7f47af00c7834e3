import Kramers

/// The reference page of every public name, in Markdown; `docs/reference.md` is its text.
package func referencePage(_ catalog: Catalog) -> String {
  var lines = [
    "# Reference", "",
    "Every public name, from the catalogue that `help()` shows. Written by "
      + "`kramers --reference`; do not edit.", "",
  ]
  for chapter in catalog.chapters {
    lines.append(
      "- \(chapter.title): "
        + chapter.entries.map { "[`\($0.name)`](#\(anchor($0.name)))" }.joined(
          separator: ", "))
  }
  for chapter in catalog.chapters {
    lines += ["", "## \(chapter.title)"]
    for entry in chapter.entries { lines += [""] + section(entry) }
  }
  return lines.joined(separator: "\n") + "\n"
}

private func section(_ entry: Entry) -> [String] {
  var lines = ["### \(entry.name)", "", "`\(HelpText.signature(entry))`", ""]
  lines.append(capitalized(entry.summary) + ".")
  if !entry.options.isEmpty {
    lines += ["", "| option | is | default | meaning |", "|---|---|---|---|"]
    for option in entry.options {
      var kind = option.kind.words
      if let rule = option.rule { kind += ", " + rule }
      if !option.unit.isEmpty { kind += " [\(option.unit)]" }
      let cells = ["`\(option.name)`", kind, option.standard, option.summary]
      let text = cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ")
      lines.append("| \(text) |")
    }
  }
  lines += ["", "Returns " + entry.returns + ".", "", "```lua"]
  lines += entry.example.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  lines.append("```")
  if !entry.seeAlso.isEmpty {
    let links = entry.seeAlso.map { "[`\($0)`](#\(anchor($0)))" }.joined(separator: ", ")
    lines += ["", "See also \(links)."]
  }
  return lines
}

private func capitalized(_ text: String) -> String {
  text.prefix(1).uppercased() + text.dropFirst()
}

/// As GitHub makes them: lower case, no punctuation.
private func anchor(_ name: String) -> String {
  name.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "-" }
}
