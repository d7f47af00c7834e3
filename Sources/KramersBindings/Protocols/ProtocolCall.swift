import Kramers

/// A protocol's call under way.
final class ProtocolCall: NamedBox {
  let name: String
  /// Of one that acts on an experiment.
  let origin: ProvenanceBox?
  /// What it has so far: what is shown if it is interrupted.
  var partial: Record?
  let typeName = "the call of a protocol"

  init(_ name: String, _ origin: ProvenanceBox?) {
    self.name = name
    self.origin = origin
  }
}

/// The calls of protocols under way, the innermost last: one may call another.
final class ProtocolCalls {
  private var calls: [ProtocolCall] = []

  func begin(_ name: String, _ origin: ProvenanceBox?) -> ProtocolCall {
    let call = ProtocolCall(name, origin)
    calls.append(call)
    return call
  }

  /// Forgets a call that was left, and what it called.
  func end(_ call: ProtocolCall) {
    if let place = calls.firstIndex(where: { $0 === call }) { calls.removeSubrange(place...) }
  }

  func innermost(_ name: String) -> ProtocolCall? { calls.last { $0.name == name } }

  func keep(_ record: Record) { calls.last?.partial = record }

  /// What the outermost one has: the one that the user called.
  var partial: Record? { calls.lazy.compactMap(\.partial).first }

  func removeAll() { calls = [] }
}
