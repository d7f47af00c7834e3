import Kramers

/// Every public name: the one table behind help, option checking, completion and the reference.
/// A program's own has the protocols, too, which bring their entries along.
package struct Catalog: Sendable {
  package struct Chapter: Sendable {
    package let title: String
    package fileprivate(set) var entries: [Entry]
  }

  /// In the order of the reference page.
  package private(set) var chapters: [Chapter]
  package private(set) var byName: [String: Entry]
  package var all: [Entry] { chapters.flatMap(\.entries) }

  /// The names that are written in Swift alone.
  static let builtIn = Catalog()

  /// The names that are written in Swift.
  init() {
    chapters = [
      Chapter(title: "Data", entries: Self.data), Chapter(title: "Verbs", entries: Self.verbs),
      Chapter(title: "Landscape", entries: Self.landscape),
      Chapter(title: Self.protocols, entries: []),
      Chapter(title: "Pictures", entries: Self.pictures),
      Chapter(title: "Clusters", entries: Self.clusters),
      Chapter(title: "Output and numbers", entries: Self.utilities),
      Chapter(title: "Sessions", entries: Self.sessions),
      Chapter(title: "The shell", entries: Self.shell),
    ]
    byName = Dictionary(
      uniqueKeysWithValues: chapters.flatMap(\.entries).map { ($0.name, $0) })
  }

  private static let protocols = "Protocols"
  static let ownProtocols = "Your protocols"

  /// Takes up the entry of a protocol; one of the user's stands in a chapter of its own.
  mutating func add(_ entry: Entry, isOwn: Bool) {
    precondition(byName[entry.name] == nil, "'\(entry.name)' stands in the catalogue")
    byName[entry.name] = entry
    let title = isOwn ? Self.ownProtocols : Self.protocols
    if isOwn, !chapters.contains(where: { $0.title == title }) {
      chapters.append(Chapter(title: title, entries: []))
    }
    for k in chapters.indices where chapters[k].title == title { chapters[k].entries.append(entry) }
  }

  /// The commands of the shell.
  package static let commands: [Entry] = (utilities + sessions + shell).filter { $0.command != nil }

  /// Lua's own names that the program replaces: ordinary globals, not protected.
  static let lua: Set<String> = ["print", "pairs", "math.random", "math.randomseed"]

  /// What a result of this kind shows first.
  package func answer(_ kind: String) -> Answer? {
    all.lazy.compactMap(\.answer).first { $0.kind == kind }
  }

  /// The entry `name`, which the program itself names.
  func entry(_ name: String) -> Entry {
    guard let entry = byName[name] else { preconditionFailure("no catalogue entry '\(name)'") }
    return entry
  }

  /// "; did you mean 'train'?", or nothing.
  func hint(for name: String) -> String {
    nearestName(to: name, among: all.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
  }

  /// The names of the methods of experiments.
  var experimentMethods: [String] {
    all.compactMap { entry in
      if entry.name.hasPrefix("x:") { return String(entry.name.dropFirst(2)) }
      return entry.role == .verb ? entry.name : nil
    }
  }
}
