import Kramers
import Lua

/// What the program offers to protocols, shipped ones and users' alike.
extension Program {
  /// The argument of a protocol's file.
  func protocolTools(_ name: String) throws -> LuaTable {
    let tools = try lua.makeTable()
    func offer(_ name: String, _ body: @escaping LuaBody) throws {
      try tools.rawSet(LuaValue(name), .function(lua.makeFunction(body)))
    }
    // refuse(words, ...): an error of the protocol's own, with the caller's line.
    let format = try lua.globals.rawGet("string").asTable?.rawGet("format").asFunction
    try offer("refuse") { call in
      let words = call.arguments.count > 1 ? try format?.call(call.arguments).first : nil
      throw VerbError(name, (words ?? call.argument(1)).text ?? "?")
    }
    // checked(options): those of a protocol with arguments of its own, as the others get theirs.
    try offer("checked") { [unowned self] call in
      [.table(try Options(catalog.entry(name), call.argument(1)).table(self))]
    }
    // check_memory(n, words): refuses n numbers that do not fit in memory; words say of what.
    try offer("check_memory") { call in
      try blaming(name) {
        try checkMemory(count: call.argument(1).double ?? 0, what: call.argument(2).text ?? "?")
      }
      return []
    }
    // keep(t): what the protocol has so far, shown or emitted if it is interrupted.
    try offer("keep") { [unowned self] call in
      protocolCalls.keep(try record(of: call.argument(1), verb: name))
      return []
    }
    // map(list, f): f(item, i) of each, in any order and in any process; f returns data.
    try offer("map") { [unowned self] call in
      guard let list = call.argument(1).asTable, let function = call.argument(2).asFunction else {
        throw VerbError(name, "map(list, f) takes a list and a function")
      }
      return [try map(list, function, name)]
    }
    // each(list, f): f(item, i) of each in order, no one of which looks at what another measured.
    try tools.rawSet("each", .function(eachOfTools()))
    // keep_current(): what is current now is so again when the protocol is left, also by an interrupt.
    try offer("keep_current") { [unowned self] _ in
      protocolCalls.remember(current)
      return []
    }
    // fail(): the process will end with status 1, although nothing stopped.
    try offer("fail") { [unowned self] _ in
      hasFailed = true
      return []
    }
    // can_be_continued(x): whether settle, deflate and continuation apply to it.
    try offer("can_be_continued") { call in
      let box = call.argument(1).asObject(ExperimentBox.self)
      return [LuaValue(box?.experiment.canBeContinued ?? false)]
    }
    try offer("join_states", joinStates)
    try offer("loop_areas", loopAreas)
    try offer("enter_subset", enterSubset)
    try offer("stable_lr", stableRate)
    try offer("on_data", onData)
    try offer("active_modes", activeModes)
    try offer("diverged", divergedOfCall)
    try offerSettings(tools)
    try offerStatistics(tools)
    return tools
  }

  private func eachOfTools() throws -> LuaFunction {
    guard shards != nil else {
      let source = "return function(list, f) for i, item in ipairs(list) do f(item, i) end end"
      let chunk = try lua.load(source, chunkName: "@stdlib/each.lua")
      if let each = try chunk.call().first?.asFunction { return each }
      throw LuaError("each: no function")
    }
    return try lua.makeFunction { [unowned self] call in
      guard let list = call.argument(1).asTable, let f = call.argument(2).asFunction else {
        return []
      }
      var looked: SharedEnsemble?
      for i in 1..<(try list.rawCount + 1) {
        let item = try list.rawGet(LuaValue(i))
        guard let shards = sharing else {
          try f.call([item, LuaValue(i)])
          continue
        }
        let left = try shards.scope(self) { try f.call([item, LuaValue(i)]) }.looked
        looked = looked ?? left
      }
      if let looked, let shards { throw shards.stopped(by: .look(looked), self) }
      return []
    }
  }

  /// loop_areas(x, low, high): what the hysteresis loop of each mode encloses; nil without theory.
  private func loopAreas(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self),
      let low = call.argument(2).double, let high = call.argument(3).double
    else { return [.nil] }
    let areas = try? box.experiment.loopAreas(from: low, to: high)
    return [try areas.map { try push($0.record) } ?? .nil]
  }

  /// settings: the names of all settings, in the order of the register. observables: those that
  /// measurements and runs have as fields. noise_off: what switches every
  /// noise off. given(x): the settings of an experiment, as `set` and `experiment` take them.
  /// is_noisy(x): whether any noise is on.
  private func offerSettings(_ offer: LuaTable) throws {
    let names = Setting.all.map(\.name)
    try offer.rawSet("settings", push(names.record))
    try offer.rawSet("observables", push(Observable.fieldNames.record))
    try offer.rawSet(
      "noise_off",
      push(
        .object(
          Setting.all.filter { $0.role == .noise }.compactMap { setting in
            setting.record(of: Settings()).map { Record.Field(setting.name, $0) }
          })))
    let given = try lua.makeFunction { [unowned self] call in
      guard let experiment = call.argument(1).asObject(ExperimentBox.self)?.experiment else {
        return []
      }
      let table = try lua.makeTable()
      for setting in Setting.all where setting.isRead(by: experiment.settings.optimizer) {
        if let state = experiment.state(ofSetting: setting.name) {
          try table.rawSet(
            LuaValue(setting.name), lua.wrap(SnapshotBox(state), metatable: metatables.snapshot))
        } else if let value = experiment.field(setting.name) {
          try table.rawSet(LuaValue(setting.name), push(value))
        }
      }
      return [.table(table)]
    }
    try offer.rawSet("given", .function(given))
    let isNoisy = try lua.makeFunction { call in
      [
        .boolean(
          call.argument(1).asObject(ExperimentBox.self)?.experiment.settings.isNoisy ?? false)
      ]
    }
    try offer.rawSet("is_noisy", .function(isNoisy))
  }

  /// on_data(x, d): the experiment with its present weights on other data, at step 0.
  private func onData(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self),
      let data = call.argument(2).asObject(DataBox.self)?.data
    else { return [] }
    return [try blaming("data_seeds") { try pushNew(box.experiment.on(data)) }]
  }

  /// active_modes(x): how many modes are learned in the present state.
  private func activeModes(_ call: LuaCall) throws -> [LuaValue] {
    guard let experiment = call.argument(1).asObject(ExperimentBox.self)?.experiment else {
      return []
    }
    let l2 = experiment.settings.l2
    return try blaming("data_seeds") {
      [LuaValue(try experiment.activeModes(l2: l2, monitor: unwatched))]
    }
  }

  /// stable_lr(x): the largest learning rate that is stable by the Hessian at the present state; nil
  /// where the Hessian sets none.
  private func stableRate(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self) else { return [] }
    return [try box.experiment.stableLearningRate().map { .number($0) } ?? .nil]
  }

  /// diverged(x, start, step): the sentence about a run in pieces from the snapshot `start` that
  /// diverged at a step under the settings of x, and the largest stable learning rate or nil.
  private func divergedOfCall(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self),
      let start = call.argument(2).asObject(SnapshotBox.self), let step = call.argument(3).int
    else { return [] }
    let found = box.experiment.divergence(
      at: step, from: start.experiment.state, monitor: unwatched)
    return [LuaValue(found.message), found.stableRate.map { .number($0) } ?? .nil]
  }

  /// enter_subset(x, modes): the aligned state with these modes and no others, at the present l2.
  private func enterSubset(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self),
      let modes = try call.argument(2).asTable?.numbers()
    else { return [] }
    try blaming("metastable") { try box.experiment.enterSubset(modes.map { Int($0) }) }
    return []
  }
}
