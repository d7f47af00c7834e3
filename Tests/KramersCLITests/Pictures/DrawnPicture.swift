import Foundation
import Testing

/// A picture read back from the numbers and the script that `plot(..., { data = true })` writes.
struct DrawnPicture {
  struct Series {
    let panel: Int
    let drawing: String
    let columns: [String: [Double]]
    let name: String?
    subscript(column: String) -> [Double] { columns[column] ?? [] }
  }

  let series: [Series]
  let script: String
  /// What the script emitted: the result that was drawn.
  let result: [String: Any]

  /// The series of this drawing, in order; `panel` counts from 1.
  func all(_ drawing: String, panel: Int = 1) -> [Series] {
    series.filter { $0.drawing == drawing && $0.panel == panel }
  }

  /// The one whose name begins like that.
  func named(_ start: String) throws -> Series {
    try #require(series.first { $0.name?.hasPrefix(start) == true }, "\(series.map(\.name))")
  }

  /// Runs code that ends with a result `r`, emits and draws it.
  init(_ code: String, plot options: String = "", timeout: Double = 120) throws {
    let folder = PictureFolder()
    let run = try RunningBinary([
      binary.path, "-e",
      code + "\nemit(r) plot(r, '\(folder.path)/p.svg', { data = true\(options) })",
    ]).finish(timeout: timeout)
    try #require(run.status == 0, "\(run.errors)")
    let line = try #require(run.output.split(separator: "\n").last)
    let decoded = try JSONDecoder().decode(ExactValue.self, from: Data(line.utf8)).any
    result = try #require(decoded as? [String: Any])
    let numbers = try String(contentsOfFile: folder.path + "/p.dat", encoding: .utf8)
    let script = try String(contentsOfFile: folder.path + "/p.gp", encoding: .utf8)
    self.script = script
    series = try numbers.components(separatedBy: "# panel").dropFirst().enumerated().map {
      k, part in
      let lines = part.split(separator: "\n")
      let names = lines[1].dropFirst(2).split(separator: " ").map(String.init)
      var columns: [String: [Double]] = [:]
      for line in lines.dropFirst(2) {
        for (name, word) in zip(names.dropFirst(), line.split(separator: " ")) {
          columns[name, default: []].append(try #require(Double(word)))
        }
      }
      // Words are labels, not part of the plot command.
      let plotted = script.split(separator: "\n").first { $0.contains("'p.dat' index \(k) ") } ?? ""
      let name = plotted.range(of: " title '").map { range in
        // Without the backslashes that keep the markup's characters from gnuplot.
        String(plotted[range.upperBound...].split(separator: "'").first ?? "")
          .replacing("\\", with: "")
      }
      return Series(
        panel: Int(part.prefix { $0.isNumber }) ?? 0, drawing: names[0], columns: columns,
        name: name)
    }
  }

  func number(_ name: String) throws -> Double { try #require(result[name] as? Double) }

  /// A column of rows of the result; where there is none, nan.
  func column(_ rows: String, _ name: String) throws -> [Double] {
    try Self.column(result[rows], name)
  }

  static func column(_ rows: Any?, _ name: String) throws -> [Double] {
    let rows = try #require(rows as? [[String: Any]])
    return rows.map { $0[name] as? Double ?? .nan }
  }
}

/// A value of JSON with its numbers to the last bit, which `JSONSerialization` rounds.
private struct ExactValue: Decodable {
  let any: Any

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let flag = try? value.decode(Bool.self) {
      any = flag
    } else if let number = try? value.decode(Double.self) {
      any = number
    } else if let text = try? value.decode(String.self) {
      any = text
    } else if let list = try? value.decode([ExactValue].self) {
      any = list.map(\.any)
    } else if let fields = try? value.decode([String: ExactValue].self) {
      any = fields.mapValues(\.any)
    } else {
      any = NSNull()
    }
  }
}

/// A folder for one test.
final class PictureFolder {
  let path = NSTemporaryDirectory() + "kramers-\(UUID().uuidString)"
  init() {
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
  func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
  }
}

func areClose(_ a: [Double], _ b: [Double], _ tolerance: Double = 1e-12) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) <= tolerance * max(abs($0), abs($1)) }
}
