import Kramers
import Lua

/// The states behind a result, which `r:state(i)` re-enters. They are kept beside the result, not
/// in it: a result stays plain data, and its states go when it goes.
final class StatesBox: NamedBox {
  let experiment: ExperimentBox
  let states: [Experiment]

  init(_ experiment: ExperimentBox, _ states: [Experiment]) {
    self.experiment = experiment
    self.states = states
  }

  var typeName: String { "the states of a result" }
}

extension Program {
  func attach(_ states: [Experiment], of box: ExperimentBox, to result: LuaValue) throws {
    try attach(StatesBox(box, states), to: result)
  }

  func attach(_ states: StatesBox, to result: LuaValue) throws {
    try attachments.rawSet(result, lua.wrap(states, metatable: metatables.states))
  }

  func states(of result: LuaValue) throws -> StatesBox? {
    guard result.asTable != nil else { return nil }
    return try attachments.rawGet(result).asObject(StatesBox.self)
  }

  /// join_states(r, a, b, ...): r:state(i) counts through the states of a, then those of b, ...
  func joinStates(_ call: LuaCall) throws -> [LuaValue] {
    let parts = try call.arguments.dropFirst().compactMap { try states(of: $0) }
    if let first = parts.first {
      try attach(parts.flatMap(\.states), of: first.experiment, to: call.argument(1))
    }
    return [call.argument(1)]
  }

  /// r:state(i)
  func resultState(_ call: LuaCall) throws -> [LuaValue] {
    let verb = "r:state"
    try refuseWhileLooking(verb)
    guard let box = try states(of: call.argument(1)) else {
      throw VerbError(
        verb,
        "this result has no states: they belong to the results of sweep, hysteresis, barrier, "
          + "continuation and deflate")
    }
    guard let i = call.argument(2).int, i >= 1, i <= box.states.count else {
      throw VerbError(
        verb,
        "takes the number of a state in 1...\(box.states.count), got "
          + describe(call.argument(2)))
    }
    guard !box.experiment.isRunning else {
      throw VerbError(verb, "this experiment is being trained; an observer may only look at it")
    }
    box.experiment.experiment = box.states[i - 1]
    return [try push(box.experiment)]
  }
}
