import Kramers
package import Lua

/// What completion and the shell's messages ask of a program; nothing here runs code of the user's.
extension Program {
  /// The names that the metatables of the program's own values answer to; nil for other values.
  package func fieldsAndMethods(of value: LuaValue) -> (fields: [String], methods: [String])? {
    switch value {
    case .object(let value):
      let object = value.object
      if object is ExperimentBox { return (Experiment.fieldNames, catalog.experimentMethods) }
      if object is DataBox { return (Dataset.fieldNames, methods("d:")) }
      return ([], [])
    case .table(let table):
      guard (try? isResult(value)) == true else { return nil }
      let fields = ((try? table.rawPairs()) ?? []).compactMap(\.0.text)
      return (fields, methods("r:"))
    default: return nil
    }
  }

  /// A field read raw, or the data of an experiment.
  package func field(_ name: String, of value: LuaValue) -> LuaValue? {
    if let box = value.asObject(ExperimentBox.self), name == "data" {
      return (try? push(box.experiment.data))?.first
    }
    return try? value.asTable?.rawGet(LuaValue(name))
  }

  private func methods(_ prefix: String) -> [String] {
    catalog.all.map(\.name).filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(2)) }
  }

  /// What `shell.watch` takes.
  package static var watchable: [String] { WatchedQuantity.allCases.map(\.rawValue) }

  package static func nearest(to name: String, among names: [String]) -> String? {
    nearestName(to: name, among: names)
  }

  /// Whether a name is one of Kramers and cannot be a global.
  package func isPublic(_ name: String) -> Bool {
    (try? publicNames.rawGet(LuaValue(name)).isNil) == false
  }
}

/// What an entry of the shell leaves behind.
extension Program {
  /// Runs `body` and writes what it puts out into a file, whole: as JSON lines or CSV if its name
  /// ends so, else in the present format.
  package func writeOutput(to path: String, _ body: () throws -> Void) throws {
    let format: OutputFormat? =
      path.hasSuffix(".csv")
      ? .csv : path.hasSuffix(".jsonl") || path.hasSuffix(".json") ? .jsonl : nil
    let bytes = try output.collecting(format ?? output.format, body)
    try writeFile(bytes, to: path)
  }

  package func secondsText(_ seconds: Double) -> String { numberText(seconds, digits: 3) + " s" }

  package func rateText(_ steps: Int, _ seconds: Double) -> String {
    "\(numberText(Double(steps) / max(seconds, 1e-9), digits: 3)) steps/s"
  }
}

extension Dataset {
  /// What data sets answer to.
  static let fieldNames = ["samples", "test_samples", "inputs", "outputs", "name"]
}
