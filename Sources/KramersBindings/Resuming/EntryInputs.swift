import Kramers

/// A file or a protocol that an entry has used: with another one it would be another entry.
struct EntryInput: Equatable {
  /// What read it: `data.csv`, or the protocol's own name.
  var verb: String
  /// nil: the text of the protocol.
  var path: String?
  var checksum: UInt64

  /// In words, from what an earlier run of the entry read at this place; nil without one.
  func difference(_ now: EntryInput) -> String? {
    if self == now { return nil }
    if verb != now.verb || path != now.path {
      return
        "the entry took another way this time: it reads \(now.name) where it was \(name) before"
    }
    return
      "\(name) has changed since the entry began: its checksum was \(hexadecimal(checksum)) and is "
      + "\(hexadecimal(now.checksum)). Put it back to go on, or run the entry again from its start"
  }

  private var name: String { path.map { "the file '\($0)' of \(verb)" } ?? "the protocol \(verb)" }
}

/// The files that the options of one call named, as they were read.
final class FilesRead {
  private(set) var files: [(path: String, bytes: [UInt8])] = []
  var isEmpty: Bool { files.isEmpty }

  func add(_ path: String, _ bytes: [UInt8]) { files.append((path, bytes)) }
}

extension Dataset {
  /// In words, from this data set to another; nil where they are the same.
  func difference(_ now: Dataset) -> String? {
    guard checksum != now.checksum else { return nil }
    return "whose data set '\(name)' is another: \(summary) with checksum \(hexadecimal(checksum)) "
      + "then, \(now.summary) with checksum \(hexadecimal(now.checksum)) now"
  }
}

extension Experiment {
  /// In words, from this experiment to another, by the first thing that is not the same.
  func difference(_ now: Experiment) -> String? {
    if let words = data.difference(now.data) { return words }
    for name in Self.fieldNames where field(name) != now.field(name) {
      return "whose \(name) was \(words(of: field(name))) and is \(words(of: now.field(name)))"
    }
    return nil
  }
}

/// A plain value in a sentence.
func words(of field: Record?) -> String {
  switch field {
  case nil, .null?: "nil"
  case .boolean(let flag)?: "\(flag)"
  case .integer(let n)?: "\(n)"
  case .number(let x)?: plainNumber(x)
  case .text(let words)?: words
  case .array(let items)?: "{" + items.map { words(of: $0) }.joined(separator: ", ") + "}"
  case .object?: "a table"
  }
}
