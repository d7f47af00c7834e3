#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
import Kramers

/// Standard output: data only, through C's stdio so that `io.write` and records keep their order.
/// A write that fails ends the process; see `ks_open`.
package final class Output {
  private let options: ProgramOptions
  package var format: OutputFormat
  /// What `write` collects instead of writing it; nil: it writes.
  private var collected: [UInt8]?
  /// Whether what is written reaches a terminal, and nobody collects it.
  package var isOnTerminal: Bool { isatty(1) == 1 && collected == nil }
  /// Columns of that terminal; 0 where there is none or they are not known.
  package var width: Int { isOnTerminal ? Int(ks_output_columns()) : 0 }
  private let errors: ErrorStream
  private let budget: OutputBudget
  private var hasHeader = false
  /// Whether anything has left through it.
  private(set) var hasWritten = false
  /// What the header names.
  private var origin: Origin
  private var columns: [String] = []

  init(_ options: ProgramOptions, _ errors: ErrorStream, _ budget: OutputBudget) {
    self.options = options
    self.budget = budget
    origin = Origin(
      seed: options.seed, script: options.script, arguments: options.arguments, code: options.code)
    format = options.format
    self.errors = errors
  }

  /// Fields that depend on the clock.
  static let clockFields: Set<String> = ["seconds", "steps_per_second"]

  /// Whether they stand in records: equal seeds give equal bytes unless they were asked for.
  var keepsClock: Bool { options.timings || format == .table }

  /// Writes text as it is, without flushing.
  package func write(_ text: String) { write(bytes: Array(text.utf8)) }

  func write(bytes: [UInt8]) {
    if collected != nil {
      collected? += bytes
    } else if budget.take(bytes.count) {
      hasWritten = true
      _ = ks_write(bytes, bytes.count)
    }
  }

  func flush() { _ = ks_flush() }

  /// What `body` writes, in this format, instead of writing it.
  package func collecting(_ format: OutputFormat, _ body: () throws -> Void) rethrows -> [UInt8] {
    let outer = self.format
    self.format = format
    collected = []
    defer {
      self.format = outer
      collected = nil
    }
    try body()
    return collected ?? []
  }

  /// Writes a result of the program's own in the current format and flushes it.
  func emit(_ record: Record) { put(keepsClock ? record : record.withoutClock) }

  /// Writes a record as it is in the current format and flushes it.
  func put(_ record: Record) {
    switch format {
    case .table: write(recordText(record, bold: options.colorsOutput) + "\n")
    case .jsonl:
      writeHeader()
      write(bytes: jsonLineBytes(record) + [UInt8(ascii: "\n")])
    case .csv: writeCSV(record)
    }
    flush()
  }

  /// What made the records.
  struct Origin {
    var seed: UInt64
    var script: String?
    var arguments: [String] = []
    var code: [String] = []
  }

  /// The records are those of an entry that another process began.
  func resume(_ origin: Origin) { self.origin = origin }

  /// The first record says what made the others.
  private func writeHeader() {
    if hasHeader || collected != nil { return }
    hasHeader = true
    let header: Record = [
      "kind": "header", "program": "kramers", "version": options.version,
      "seed": origin.seed, "script": origin.script,
      "code": origin.code.isEmpty ? nil : origin.code, "arguments": origin.arguments,
      "timings": options.timings ? true : nil, "protocols": options.luaPath,
      "sandbox": options.sandbox?.record(options.limits),
    ]
    write(bytes: jsonLineBytes(header) + [UInt8(ascii: "\n")])
  }

  /// A row of plain fields; a header line whenever the fields change.
  private func writeCSV(_ record: Record) {
    let isObject = if case .object = record { true } else { false }
    let table = CSVTable(rows: [isObject ? record : .object([.init("value", record)])])
    guard let row = table.rows.first else { return }
    if table.columns != columns {
      columns = table.columns
      write(table.header)
      warnLeftOut(table.leftOut, from: "the CSV")
    }
    write(table.line(row))
  }

  /// Names nested fields that a flat table cannot hold.
  func warnLeftOut(_ names: [String], from file: String) {
    if names.isEmpty { return }
    errors.warn("left out of \(file), as nested: " + names.joined(separator: ", "))
  }
}

extension Record {
  var withoutClock: Record {
    switch self {
    case .array(let items): .array(items.map(\.withoutClock))
    case .object(let fields):
      .object(
        fields.filter { !Output.clockFields.contains($0.name) }
          .map { .init($0.name, $0.value.withoutClock) })
    default: self
    }
  }
}
