import Kramers

/// A protocol's call under way.
final class ProtocolCall: NamedBox {
  let name: String
  /// Of one that acts on an experiment.
  let origin: ProvenanceBox?
  /// The experiment that is current again when the call is left, of one that makes its own.
  var former: Former?
  /// What it has so far: what is shown if it is interrupted.
  var partial: Record?
  let typeName = "the call of a protocol"

  struct Former {
    /// nil: there was none.
    let box: ExperimentBox?
  }

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

  var count: Int { calls.count }

  /// Forgets the calls beyond the first `count`: they were left.
  func end(beyond count: Int) { calls.removeLast(max(calls.count - count, 0)) }

  func innermost(_ name: String) -> ProtocolCall? { calls.last { $0.name == name } }

  func keep(_ record: Record) { calls.last?.partial = record }

  /// The innermost call makes experiments of its own.
  func remember(_ current: ExperimentBox?) {
    if let call = calls.last, call.former == nil { call.former = ProtocolCall.Former(box: current) }
  }

  /// What the outermost one has: the one that the user called.
  var partial: Record? { calls.lazy.compactMap(\.partial).first }

  func removeAll() { calls = [] }
}
