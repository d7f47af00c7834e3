#if canImport(Glibc)
  internal import Glibc
#endif
import Kramers
import Lua

/// How a result came about: kept beside it, not in it, so that a result stays plain data.
final class ProvenanceBox: NamedBox {
  /// The call of a verb or protocol.
  private struct Call {
    var verb: String
    var options: Record
    /// Without its weights.
    var experiment: Experiment
    var program: String
    var threads: Int
    var entry: Int?
    var started: Double
    var seconds: Double?
  }

  private enum Source {
    case call(Call)
    /// Of a result that a session brought back.
    case stored(Record)
  }

  private var source: Source
  private let clock = ContinuousClock.now

  init(_ record: Record) { source = .stored(record) }

  init(_ verb: String, _ options: Record, _ experiment: Experiment, _ program: Program) {
    source = .call(
      Call(
        verb: verb, options: options, experiment: experiment.withoutWeights,
        program: program.options.version, threads: program.options.threads,
        entry: program.session.entryUnderWay, started: wallClock()))
  }

  var typeName: String { "the provenance of a result" }

  /// The call has ended.
  func end() {
    guard case .call(var call) = source else { return }
    call.seconds = clock.duration(to: .now) / .seconds(1)
    source = .call(call)
  }

  var record: Record {
    switch source {
    case .stored(let record): record
    case .call(let call):
      [
        "verb": call.verb, "options": call.options,
        "settings": Record.object(call.experiment.settingFields),
        "data": call.experiment.data.provenance, "program": "kramers " + call.program,
        "instruction_set": instructionSet,
        "threads": call.threads, "entry": call.entry, "started": timeText(call.started),
        "seconds": call.seconds,
      ]
    }
  }
}

extension Dataset {
  fileprivate var provenance: Record {
    [
      "name": name, "samples": sampleCount, "test_samples": test?.count, "inputs": inputs,
      "outputs": outputs, "checksum": hexadecimal(checksum),
    ]
  }
}

extension Experiment {
  /// Settings, network, seed and step, as they stand.
  fileprivate var settingFields: [Record.Field] {
    Self.fieldNames.compactMap { name in
      field(name).map { Record.Field(name, $0) }
    }
  }
}

extension Program {
  func attach(_ provenance: ProvenanceBox, to result: LuaValue) throws {
    try chronicle.provenances.rawSet(result, lua.wrap(provenance, metatable: metatables.states))
  }

  /// r:provenance()
  func resultProvenance(_ call: LuaCall) throws -> [LuaValue] {
    let box = try chronicle.provenances.rawGet(call.argument(1)).asObject(ProvenanceBox.self)
    return [try box.map { try push($0.record) } ?? .nil]
  }
}

/// Seconds since 1970, by the system's clock: for people to read, never for durations.
func wallClock() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}

/// `2026-01-31T12:34:56Z`.
func timeText(_ seconds: Double) -> String {
  var time = time_t(max(-6e10, min(2.5e11, seconds.rounded(.down))))
  var parts = tm()
  gmtime_r(&time, &parts)
  var text = [CChar](repeating: 0, count: 64)
  let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
  return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func hexadecimal(_ value: UInt64) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
