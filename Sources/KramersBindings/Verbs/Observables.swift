import Kramers
import Lua

/// Observables out of Lua: a name, or a function of the experiment.
extension Program {
  /// The option `observable`; nil where it is not given.
  ///
  /// - Parameter isReplica: whether states begin their own count of steps: then the function sees
  ///   the step of the experiment.
  func observable(
    _ o: Options, of box: ExperimentBox, isReplica: Bool
  ) throws -> Observable? {
    guard let function = o.value("observable")?.asFunction else {
      return o.word("observable").flatMap(Observable.named)
    }
    let start = box.experiment
    let verb = o.verb
    return .custom(.up, source: source(of: function)) { [unowned self] state, settings in
      var now = state
      if isReplica {
        now = start.state
        now.parameters = state.parameters
      }
      return try look(function, at: box, start.under(settings).at(now), verb)
    }
  }

  /// The same for escapes; nil is the strongest dropped mode.
  func watched(_ o: Options, of box: ExperimentBox) throws -> Observable? {
    guard let observable = try observable(o, of: box, isReplica: true), observable.rank == nil
    else { return nil }
    guard !o.has("mode") else {
      let other = observable.custom == nil ? "\"\(observable.name)\"" : "a function"
      throw InputError.sentence("mode goes with observable = \"mode\", not with \(other)")
    }
    return observable
  }

  /// What `shell.watch(f)` shows of the experiment whose verb runs. A function that fails is told
  /// once, and asked no more.
  func watched(_ function: LuaFunction) -> Observable {
    var hasFailed = false
    return .custom(.up, source: source(of: function)) { [unowned self] state, settings in
      guard !hasFailed, let box = subject,
        box.experiment.network.parameterCount == state.parameters.count
      else { return .nan }
      do {
        return try look(function, at: box, box.experiment.under(settings).at(state), "shell.watch")
      } catch {
        if lua.interrupt.isRequested { return .nan }
        hasFailed = true
        errors.warn("watch: \(error)")
        return .nan
      }
    }
  }

  /// Calls a function of the user's while the experiment shows the state that is looked at, whatever
  /// the name by which the function knows it; nothing can be changed meanwhile.
  private func look(
    _ function: LuaFunction, at box: ExperimentBox, _ seen: Experiment, _ verb: String
  ) throws -> Double {
    let (before, wasRunning) = (box.experiment, box.isRunning)
    (box.experiment, box.isRunning) = (seen, true)
    looksUnderWay += 1
    defer {
      (box.experiment, box.isRunning) = (before, wasRunning)
      looksUnderWay -= 1
    }
    let value = try function.call([push(box)]).first ?? .nil
    guard let x = value.double, !x.isNaN else {
      throw VerbError(
        verb,
        "observable: the function at \(place(of: function)) must return a number, got "
          + describe(value))
    }
    return x
  }

  /// Refuses what changes anything while an observable looks.
  func refuseWhileLooking(_ name: String) throws {
    guard looksUnderWay == 0 else {
      throw VerbError(name, "an observable may only look: it can measure, but change nothing")
    }
  }

  /// `script.lua:12`: where a function begins.
  private func place(of function: LuaFunction) -> String {
    guard let info = try? reflection.info?.call([.function(function), "S"]).first?.asTable,
      let chunk = try? info.rawGet("short_src").text,
      let line = try? info.rawGet("linedefined").int, line >= 0
    else { return functionNames[.function(function)] ?? "[C]" }
    return "\(chunk):\(line)"
  }

  /// The same, and a checksum of the code: what stands in records of a function. The values that it
  /// captured are not in it.
  func source(of function: LuaFunction) -> String {
    let place = place(of: function)
    guard let dump = try? reflection.dump?.call([.function(function), true]).first,
      case .string(let code) = dump
    else { return place }
    return "\(place), code \(hexadecimal(code.withUnsafeBytes(StateHash.of)).prefix(8))"
  }
}

/// Functions of Lua's that tell about functions, as they stood before the user came.
struct Reflection {
  let info: LuaFunction?
  let dump: LuaFunction?
  private let upvalue: LuaFunction?

  init(_ lua: LuaState) throws {
    info = try lua.globals.rawGet("debug").asTable?.rawGet("getinfo").asFunction
    dump = try lua.globals.rawGet("string").asTable?.rawGet("dump").asFunction
    upvalue = try lua.globals.rawGet("debug").asTable?.rawGet("getupvalue").asFunction
  }

  /// The variables that a function of Lua has from outside, but for the globals.
  func captured(by function: LuaFunction) throws -> [(name: String, value: LuaValue)] {
    var found: [(String, LuaValue)] = []
    while let values = try upvalue?.call([.function(function), LuaValue(found.count + 1)]),
      let name = values.first?.text
    {
      found.append((name, name == "_ENV" ? .nil : values.dropFirst().first ?? .nil))
    }
    return found
  }
}
