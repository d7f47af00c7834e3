import Foundation
import Testing

/// A script of `python/tests`: the checks themselves are Python, and it ends with their number.
enum PythonChecks {
  private static let python = ProcessInfo.processInfo.environment["KRAMERS_PYTHON"] ?? "python3"

  /// Runs it; nil, said, where a module that it needs is missing.
  static func run(_ script: String, needing modules: String) throws -> Int? {
    guard try shell("\(python) -c 'import \(modules)'").status == 0 else {
      print("skipped: no Python with \(modules) (KRAMERS_PYTHON)")
      return nil
    }
    let folder = try Scratch()
    let run = try shell(
      "\(python) -B python/tests/\(script).py \(folder.url.path)",
      environment: [
        "PYTHONPATH": packageRoot.appendingPathComponent("python").path,
        "XDG_STATE_HOME": folder.url.path, "HOME": folder.url.path, "XDG_DATA_HOME": "",
        "KRAMERS_PYTHON": python, "PYTHONDONTWRITEBYTECODE": "1",
      ])
    #expect(run.status == 0, "\(run.output)\(run.errors)")
    let words = run.output.split(separator: "\n").last?.split(separator: " ") ?? []
    return words.last == "checks" ? words.first.flatMap { Int($0) } : 0
  }
}
