import Kramers

/// Every public name: the one table behind help, option checking, completion and the reference.
package enum Catalog {
  package static let all: [Entry] =
    data + verbs + landscape + protocols + landscapeProtocols + utilities + sessions + shell

  /// The chapters of the reference page.
  static let chapters: [(title: String, entries: [Entry])] = [
    ("Data", data), ("Verbs", verbs), ("Landscape", landscape),
    ("Protocols", protocols + landscapeProtocols),
    ("Output and numbers", utilities), ("Sessions", sessions), ("The shell", shell),
  ]

  /// Lua's own names that the program replaces: ordinary globals, not protected.
  static let lua: Set<String> = ["print", "pairs", "math.random", "math.randomseed"]

  package static let byName: [String: Entry] = Dictionary(
    uniqueKeysWithValues: all.map { ($0.name, $0) })

  /// Verbs that leave the experiment as it is: an observer may call them.
  static let looksOnly: Set<String> = [
    "measure", "snapshot", "clone", "phases", "x:weights", "x:map", "x:predict", "measure_escape",
    "arrhenius", "barrier", "hessian", "noise", "bifurcation", "metastable", "phase_diagram",
    "control",
  ]

  /// The entry `name`, which the program itself names.
  static func entry(_ name: String) -> Entry {
    guard let entry = byName[name] else { preconditionFailure("no catalogue entry '\(name)'") }
    return entry
  }
}
