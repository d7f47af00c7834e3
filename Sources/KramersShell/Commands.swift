import KramersBindings
internal import Lua

/// The shell's commands: `:time on` calls `shell.time("on")`. The catalogue has them all.
enum Commands {
  /// Names without the colon, with the function behind each, in the catalogue's order.
  static let all: [(name: String, entry: Entry)] = Catalog.commands.flatMap { entry in
    let written = (entry.command ?? "").split(separator: ",")
    return written.compactMap { usage -> (String, Entry)? in
      let word = usage.split(separator: " ").first ?? ""
      return word.hasPrefix(":") ? (String(word.dropFirst()), entry) : nil
    }
  }

  /// The words that may follow: those between the brackets of the usage.
  static func words(_ name: String) -> [String] {
    guard let entry = all.first(where: { $0.name == name })?.entry else { return [] }
    if name == "watch" { return Program.watchable }
    guard let usage = entry.command?.split(separator: "[").dropFirst().first else { return [] }
    return usage.prefix { $0 != "]" }.split(separator: "|").map(String.init)
  }

  /// The Lua call that a command stands for.
  ///
  /// - Throws: `CommandError` for a name that is none, with the nearest.
  static func call(_ line: String) throws -> String {
    let name = String(line.prefix { $0 != " " })
    let rest = line.dropFirst(name.count).trimmingSpaces()
    guard let entry = all.first(where: { $0.name == name })?.entry else {
      throw CommandError(unknown: name, among: all.map(\.name))
    }
    if name == "journal", rest.isEmpty { return "print(session.journal())" }
    return rest.isEmpty ? entry.name + "()" : "\(entry.name)(\(quoted(rest)))"
  }

  /// `?name`, `??word`.
  static func question(_ line: String) -> String {
    let isSearch = line.hasPrefix("??")
    var name = line.drop { $0 == "?" }.trimmingSpaces()
    if name.hasSuffix("()") { name.removeLast(2) }
    return name.isEmpty ? "help()" : "\(isSearch ? "apropos" : "help")(\(quoted(name)))"
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: "\\n")
    return "\"\(escaped)\""
  }
}

struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(unknown name: String, among names: [String]) {
    let hint = Program.nearest(to: name, among: names).map { "; did you mean ':\($0)'?" }
    description = "unknown command ':\(name)'" + (hint ?? "; :help lists all")
  }
}

extension StringProtocol where SubSequence == Substring {
  func trimmingSpaces() -> String {
    var text = self[...]
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
