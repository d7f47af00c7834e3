import Kramers
import KramersStore

/// Compares two states of a session value by value, bit for bit; clocks aside.
struct StateComparison {
  private let a: ValueGraph
  private let b: ValueGraph
  private let stored: SessionState
  private let replayed: SessionState
  private(set) var differences: [Verification.Difference] = []
  private(set) var variables = 0
  private(set) var experiments = 0
  /// The data sets that are others now, as they were.
  private(set) var changedData: [String] = []
  /// Tables and objects met on the left, with their twins on the right.
  private var twins: [Int: Int] = [:]
  private var objectTwins: [Int: Int] = [:]
  private var waiting: [(Int, Int, String)] = []

  /// Fields of a result's provenance that may differ.
  private static let circumstances: Set<String> = [
    "started", "seconds", "threads", "program", "instruction_set",
  ]
  private static let most = 100

  init(_ stored: SessionState, _ replayed: SessionState) throws {
    self.stored = stored
    self.replayed = replayed
    a = try ValueGraph(stored.values, objects: stored.objects.count)
    b = try ValueGraph(replayed.values, objects: replayed.objects.count)
  }

  mutating func compare() {
    let (mine, others) = (Self.named(a), Self.named(b))
    variables = mine.count
    comparePairs(mine, others, "", isResult: false)
    while let (left, right, name) = waiting.popLast() {
      let (x, y) = (a.tables[left], b.tables[right])
      if x.isResult != y.isResult { note(name, "a result", "a table", x.isResult) }
      compareProvenance(x.provenance, y.provenance, name)
      if let states = x.states, let others = y.states { compareObjects(states, others, name) }
      comparePairs(x.pairs, y.pairs, name, isResult: x.isResult)
    }
    if let current = stored.current, let other = replayed.current {
      compareObjects(current, other, "current()")
    } else if stored.current != replayed.current {
      note("current()", "an experiment", "none", stored.current != nil)
    }
    if stored.random != replayed.random { note("math.random", "its state", "another", true) }
  }

  /// The globals that the user named: `_`, `_1`, ... hold what the shell has shown, clocks and all.
  private static func named(
    _ graph: ValueGraph
  ) -> [(key: ValueGraph.Value, value: ValueGraph.Value)] {
    graph.globals.filter { key, _ in
      guard case .string(let bytes) = key else { return true }
      return !Program.isHistory(String(decoding: bytes, as: UTF8.self))
    }
  }

  private mutating func comparePairs(
    _ x: [(key: ValueGraph.Value, value: ValueGraph.Value)],
    _ y: [(key: ValueGraph.Value, value: ValueGraph.Value)], _ name: String, isResult: Bool
  ) {
    var others: [PlainKey: ValueGraph.Value] = [:]
    for (key, value) in y { if let key = PlainKey(key) { others[key] = value } }
    for (key, value) in x {
      // Keys that are tables have no place by which they could be found.
      guard let key = PlainKey(key) else { continue }
      let path = name.isEmpty ? key.name : name + (key.isName ? "." + key.name : "[\(key.name)]")
      guard !isResult || !Output.clockFields.contains(key.name) else {
        others[key] = nil
        continue
      }
      guard let other = others.removeValue(forKey: key) else {
        note(path, text(value, stored), "nothing", true)
        continue
      }
      compare(value, other, path)
    }
    for (key, value) in others.sorted(by: { $0.key.name < $1.key.name }) {
      if isResult, Output.clockFields.contains(key.name) { continue }
      let path = name.isEmpty ? key.name : name + "." + key.name
      note(path, "nothing", text(value, replayed), true)
    }
  }

  private mutating func compare(_ x: ValueGraph.Value, _ y: ValueGraph.Value, _ name: String) {
    switch (x, y) {
    case (.table(let left), .table(let right)):
      if let twin = twins[left] {
        if twin != right { note(name, "a table shared with another place", "another table", true) }
      } else {
        twins[left] = right
        waiting.append((left, right, name))
      }
    case (.object(let left), .object(let right)): compareObjects(left, right, name)
    case (.number(let left), .number(let right)):
      if left.bitPattern != right.bitPattern, !(left.isNaN && right.isNaN) {
        note(name, "\(left)", "\(right)", true)
      }
    default:
      if x != y { note(name, text(x, stored), text(y, replayed), true) }
    }
  }

  private mutating func compareObjects(_ left: Int, _ right: Int, _ name: String) {
    if let twin = objectTwins[left] {
      if twin != right { note(name, "an object shared with another place", "another one", true) }
      return
    }
    objectTwins[left] = right
    switch (stored.objects[left], replayed.objects[right]) {
    case (.experiment(let x), .experiment(let y)), (.snapshot(let x), .snapshot(let y)):
      experiments += 1
      compareData(x.data, y.data, name + ".data")
      if !x.isSame(as: y) { note(name, x.summary, y.summary, true) }
    case (.data(let x), .data(let y)): compareData(x, y, name)
    case (.states(let x, _), .states(let y, _)):
      experiments += x.count
      if x.count != y.count || !zip(x, y).allSatisfy({ $0.isSame(as: $1) }) {
        note(name + ":state(i)", "\(x.count) states", "\(y.count) other states", true)
      }
    default: note(name, "an object", "another kind of object", true)
    }
  }

  private mutating func compareData(_ x: Dataset, _ y: Dataset, _ name: String) {
    guard x.checksum != y.checksum else { return }
    func words(_ data: Dataset) -> String {
      "\(data.summary), checksum \(hexadecimal(data.checksum))"
    }
    if !changedData.contains(words(x)) { changedData.append(words(x)) }
    note(name, words(x), words(y), true)
  }

  /// Field by field, as far as both have them.
  private mutating func compareProvenance(_ x: Record?, _ y: Record?, _ name: String) {
    let (left, right) = (x?.without(Self.circumstances), y?.without(Self.circumstances))
    guard left != right else { return }
    let path = name + ":provenance()"
    guard case .object(let fields)? = left, let right else {
      return note(path, "some", "none", left != nil)
    }
    var isNamed = false
    for field in fields where right[field.name] != field.value {
      isNamed = true
      note(path + "." + field.name, json(field.value), json(right[field.name]), true)
    }
    if !isNamed { note(path, json(left), json(right), true) }
  }

  private func json(_ record: Record?) -> String {
    record.map { String(decoding: jsonLineBytes($0).dropLast(), as: UTF8.self) } ?? "nothing"
  }

  /// - Parameter isInOrder: whether the first is what was stored.
  private mutating func note(_ name: String, _ x: String, _ y: String, _ isInOrder: Bool) {
    guard differences.count < Self.most else { return }
    differences.append(
      .init(name: name, stored: isInOrder ? x : y, replayed: isInOrder ? y : x))
  }

  private func text(_ value: ValueGraph.Value, _ state: SessionState) -> String {
    switch value {
    case .nil: "nil"
    case .boolean(let flag): "\(flag)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let bytes): "'\(String(decoding: bytes.prefix(60), as: UTF8.self))'"
    case .table: "a table"
    case .library(let name): name
    case .object(let index):
      switch state.objects[index] {
      case .experiment(let x): "experiment: " + x.summary
      case .snapshot(let x): "snapshot of " + x.summary
      case .data(let data): data.summary
      case .states: "states"
      }
    }
  }
}

/// A key that is a value and not an identity.
private struct PlainKey: Hashable {
  let name: String
  let isName: Bool
  private let bytes: [UInt8]

  init?(_ key: ValueGraph.Value) {
    switch key {
    case .string(let bytes):
      name = String(decoding: bytes, as: UTF8.self)
      isName = true
      self.bytes = bytes
    case .integer(let value):
      name = "\(value)"
      isName = false
      bytes = []
    case .number(let value):
      name = "\(value)"
      isName = false
      bytes = [1]
    case .boolean(let flag):
      name = "\(flag)"
      isName = false
      bytes = [2]
    default: return nil
    }
  }
}

extension Record {
  fileprivate func without(_ names: Set<String>) -> Record {
    guard case .object(let fields) = self else { return self }
    return .object(fields.filter { !names.contains($0.name) })
  }
}

extension Experiment {
  /// Whether it goes on the same way, bit for bit.
  fileprivate func isSame(as other: Experiment) -> Bool {
    var (a, b) = (StateHash(), StateHash())
    add(to: &a)
    other.add(to: &b)
    return a.value == b.value
  }
}
