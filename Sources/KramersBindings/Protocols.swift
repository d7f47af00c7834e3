#if canImport(Glibc)
  internal import Glibc
#endif
internal import CResources
import Kramers
import Lua

/// The protocols written in Lua: readable, and copyable by users.
///
/// Each file of `stdlib-lua` gets one argument, the table of what the program offers to protocols,
/// and returns a function `body(experiment, options)`. `KRAMERS_LUA_PATH` names a directory whose
/// files are read instead of those embedded in the program.
extension Program {
  func installProtocols() throws {
    let offer = try lua.makeTable()
    try offer.rawSet("result", .function(lua.makeFunction(makeResult)))
    let scope = try lua.makeTable()
    let leave = try lua.makeFunction { [unowned self] _ in
      // Stopped between two of its verbs: the shell still shows what it has.
      if !lua.interrupt.isRequested { partial = nil }
      return []
    }
    try scope.setMetatable(lua.makeTable(fields: ["__close": .function(leave)]))
    try offer.rawSet("scope", .table(scope))
    try offer.rawSet("keep", .function(lua.makeFunction(keepPartial)))
    try offer.rawSet("target", .function(lua.makeFunction(protocolTarget)))
    try offer.rawSet("refuse", .function(lua.makeFunction(refuse)))
    try offerSettings(offer)
    try offerStatistics(offer)
    try offer.rawSet("join_states", .function(lua.makeFunction(joinStates)))
    try offer.rawSet("loop_areas", .function(lua.makeFunction(loopAreas)))
    try offer.rawSet("enter_subset", .function(lua.makeFunction(enterSubset)))
    try offer.rawSet("stable_lr", .function(lua.makeFunction(stableRate)))
    try offer.rawSet("diverged", .function(lua.makeFunction(divergedOfCall)))
    for entry in Catalog.all where entry.role == .protocolFile {
      let source = try protocolSource(entry.name)
      protocolChecksums[entry.name] = source.withUnsafeBytes(StateHash.of)
      let chunk = try lua.load(source, chunkName: "@stdlib/\(entry.name).lua")
      let function = try chunk.call([.table(offer)]).first ?? .nil
      try setGlobal(entry.name, function)
      if entry.isMethodToo {
        try metatables.experimentMethods.rawSet(LuaValue(entry.name), function)
      }
    }
  }

  /// settings: the names of all settings, in the order of the register. noise_off: what switches every
  /// noise off. given(x): the settings of an experiment, as `set` and `experiment` take them.
  /// is_noisy(x): whether any noise is on.
  private func offerSettings(_ offer: LuaTable) throws {
    let names = Setting.all.map(\.name)
    try offer.rawSet("settings", push(names.record))
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

  private func protocolSource(_ name: String) throws -> [UInt8] {
    if let directory = options.luaPath {
      let path = "\(directory)/\(name).lua"
      if let bytes = readFile(path) { return bytes }
    }
    let resource = kr_protocol(name)
    if let bytes = resource.bytes {
      return Array(UnsafeBufferPointer(start: bytes, count: resource.count))
    }
    throw VerbError(name, "its Lua source is not part of this program")
  }

  /// keep(t): what a protocol has so far, emitted if one of its verbs is interrupted. A variable
  /// `local _ <close> = kramers.scope` forgets it when the protocol is left, also by an error.
  private func keepPartial(_ call: LuaCall) throws -> [LuaValue] {
    partial = try record(of: call.argument(1), verb: "keep")
    return []
  }

  /// refuse(verb, words): an error of a protocol's own, raised at the caller's line.
  private func refuse(_ call: LuaCall) throws -> [LuaValue] {
    throw VerbError(call.argument(1).text ?? "?", call.argument(2).text ?? "?")
  }

  /// result(t): gives a plain table the look and methods of a result.
  private func makeResult(_ call: LuaCall) throws -> [LuaValue] {
    let table = call.argument(1).asTable
    try table?.setMetatable(metatables.result)
    if let kind = try table?.rawGet("kind").text, let origin = protocolOrigins[kind] {
      origin.end()
      try attach(origin, to: call.argument(1))
    }
    return [call.argument(1)]
  }

  /// target(name, ...): the experiment and the checked options of a protocol's call.
  private func protocolTarget(_ call: LuaCall) throws -> [LuaValue] {
    guard let name = call.argument(1).text else { return [] }
    let rest = Array(call.arguments.dropFirst())
    let (box, checked) = try target(name, rest)
    try noteProtocol(name)
    protocolOrigins[name] = ProvenanceBox(name, checked.record(self), box.experiment, self)
    let options = try rest.last { $0.asTable != nil } ?? .table(lua.makeTable())
    return [try push(box), options]
  }
}

/// Theory that protocols ask for.
extension Program {
  /// loop_areas(x, low, high): what the hysteresis loop of each mode encloses; nil without theory.
  private func loopAreas(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self),
      let low = call.argument(2).double, let high = call.argument(3).double
    else { return [.nil] }
    let areas = try? box.experiment.loopAreas(from: low, to: high)
    return [try areas.map { try push($0.record) } ?? .nil]
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

/// The bytes of a file, or nil.
func readFile(_ path: String) -> [UInt8]? {
  guard let file = fopen(path, "rb") else { return nil }
  defer { fclose(file) }
  return readAll { fread($0, 1, $1, file) }
}
