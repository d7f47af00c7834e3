/// Help as text, from the catalogue.
enum HelpText {
  static var overview: String {
    var lines = ["Kramers: trap a network, release it, measure the escape.", ""]
    let label = Catalog.all.map(\.name.count).max() ?? 0
    for entry in Catalog.all {
      lines.append("  " + padded(entry.name, label) + "  " + firstSentence(entry.summary))
    }
    lines += ["", "help(name) tells more, with an example: help(measure_escape)"]
    return lines.joined(separator: "\n")
  }

  static func of(_ entry: Entry) -> String {
    var lines = [signature(entry), ""]
    lines += wrapped(entry.summary + ".", indent: 2)
    if !entry.options.isEmpty {
      lines += ["", "  options"]
      let label = entry.options.map(\.name.count).max() ?? 0
      for option in entry.options {
        var text = option.summary + ": " + option.kind.words
        if let rule = rule(option.kind) { text += ", " + rule }
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

  static func signature(_ entry: Entry) -> String {
    if let usage = entry.usage { return usage }
    if entry.options.isEmpty { return entry.name + "()" }
    let shown = entry.options.prefix(5).map(\.name).joined(separator: ", ")
    return "\(entry.name){\(shown)\(entry.options.count > 5 ? ", ..." : "")}"
  }

  static func rule(_ kind: OptionKind) -> String? {
    switch kind {
    case .number(let rule), .integer(let rule), .numbers(let rule), .integers(let rule):
      rule == .any ? nil : rule.rawValue
    default: nil
    }
  }

  private static func firstSentence(_ text: String) -> String {
    let end = text.firstIndex { $0 == ";" || $0 == ":" } ?? text.endIndex
    let sentence = text[..<end]
    return sentence.count > 70 ? sentence.prefix(67) + "..." : String(sentence)
  }

  private static func wrapped(_ text: String, indent: Int, width: Int = 96) -> [String] {
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
