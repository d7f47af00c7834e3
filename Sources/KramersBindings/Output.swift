#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
import Kramers

/// Standard output: data only, through C's stdio so that `io.write` and records keep their order.
///
/// A write that fails (a full disk) ends the program with exit code 74; a closed pipe ends it by
/// SIGPIPE, silently, as everywhere in Unix.
final class Output {
  private let options: ProgramOptions
  private var hasHeader = false
  private var columns: [String] = []

  init(_ options: ProgramOptions) { self.options = options }

  /// Writes text as it is, without flushing.
  func write(_ text: String) {
    write(bytes: Array(text.utf8))
  }

  func write(bytes: [UInt8]) {
    if !ks_write(bytes, bytes.count) { fail() }
  }

  func flush() {
    if !ks_flush() { fail() }
  }

  /// Writes one record in the current format and flushes it.
  func emit(_ record: Record) {
    switch options.format {
    case .table: write(recordText(record) + "\n")
    case .jsonl:
      writeHeader()
      write(jsonLine(stable(record)) + "\n")
    case .csv: writeCSV(stable(record))
    }
    flush()
  }

  /// The first record says what made the others.
  private func writeHeader() {
    if hasHeader { return }
    hasHeader = true
    let header: Record = [
      "kind": "header", "program": "kramers", "version": options.version,
      "seed": options.seed, "script": options.script ?? "-", "arguments": options.arguments,
    ]
    write(jsonLine(header) + "\n")
  }

  /// Without the fields that depend on the clock, unless they were asked for.
  private func stable(_ record: Record) -> Record {
    if options.timings { return record }
    switch record {
    case .array(let items): return .array(items.map(stable))
    case .object(let fields):
      return .object(
        fields.filter { !Self.clockFields.contains($0.name) }
          .map { .init($0.name, stable($0.value)) })
    default: return record
    }
  }

  static let clockFields: Set<String> = ["seconds", "steps_per_second"]

  /// A row of plain fields; a header line whenever the fields change. Nested fields are left out.
  private func writeCSV(_ record: Record) {
    guard case .object(let fields) = record else { return write(csvField(record) + "\n") }
    let plain = fields.filter {
      switch $0.value {
      case .array, .object: false
      default: true
      }
    }
    if plain.map(\.name) != columns {
      columns = plain.map(\.name)
      write(columns.map { csvQuoted($0) }.joined(separator: ",") + "\n")
    }
    write(plain.map { csvField($0.value) }.joined(separator: ",") + "\n")
  }

  private func fail() -> Never {
    let reason = String(cString: strerror(errno))
    ks_write_error("kramers: standard output could not be written: \(reason)\n")
    _exit(74)
  }
}

/// A field of a CSV row: full precision, quoted where it must be.
func csvField(_ record: Record) -> String {
  switch record {
  case .null: ""
  case .number(let x): x.isFinite ? "\(x)" : x.isNaN ? "nan" : x > 0 ? "inf" : "-inf"
  default: csvQuoted(valueText(record))
  }
}

private func csvQuoted(_ text: String) -> String {
  let needsQuotes = text.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
  return needsQuotes
    ? "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\"" : text
}
