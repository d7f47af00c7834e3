#if canImport(Glibc)
  internal import Glibc
#endif
import Kramers
import KramersStore
import Lua

/// The functions behind the shell's commands: `:time on` is `shell.time("on")`. They exist in
/// scripts too, so that a session's journal runs there.
extension Program {
  func leave(_ call: LuaCall) throws -> [LuaValue] {
    let code = call.argument(1)
    guard code.isNil || code.int.map({ (0...255).contains($0) }) == true else {
      throw VerbError("exit", "the status must be an integer in 0...255, got \(describe(code))")
    }
    if session.isReplaying { throw ExitError() }
    chronicle.leaveEntries()
    session.end(.ok, nil, seconds: 0)
    leaveSession(isStopped: false)
    finish()
    errors.show([])
    let status = Int32(code.int ?? 0)
    exit(status == 0 ? savingStatus : status)
  }

  func shellTime(_ call: LuaCall) throws -> [LuaValue] {
    shell.showsTime = try flag("shell.time", call.argument(1)) ?? !shell.showsTime
    return [LuaValue(shell.showsTime)]
  }

  func shellFormat(_ call: LuaCall) throws -> [LuaValue] {
    guard !call.argument(1).isNil else { return [LuaValue(output.format.rawValue)] }
    output.format = try format(call.argument(1))
    return [LuaValue(output.format.rawValue)]
  }

  func shellAll(_ call: LuaCall) throws -> [LuaValue] {
    let last = call.argument(1).isNil ? try lua.globals.rawGet("_") : call.argument(1)
    guard try isResult(last) else {
      throw VerbError("shell.all", "shows a result, the last one without an argument")
    }
    return try showAll(last, "shell.all")
  }

  func shellOnce(_ call: LuaCall) throws -> [LuaValue] {
    guard let path = call.argument(1).text, !path.isEmpty else {
      throw VerbError("shell.once", "takes the path of a file")
    }
    shell.onceFile = path
    return []
  }

  func shellSeed(_ call: LuaCall) throws -> [LuaValue] {
    if let text = call.argument(1).text ?? call.argument(1).int.map({ "\($0)" }) {
      guard let n = Int64(text) else {
        throw VerbError("shell.seed", "the seed must be an integer, got \(describe(.init(text)))")
      }
      seed = UInt64(bitPattern: n)
      try lua.seedRandom(seed)
    } else if !call.argument(1).isNil {
      throw VerbError(
        "shell.seed", "the seed must be an integer, got \(describe(call.argument(1)))")
    }
    return [.integer(Int64(bitPattern: seed))]
  }

  func shellEdit(_ call: LuaCall) throws -> [LuaValue] {
    guard let edit = shell.edit else { throw VerbError("shell.edit", "needs the shell") }
    let text =
      if case .string(let bytes) = call.argument(1) { bytes } else { shell.lastEntry }
    shell.prepared = try edit(text)
    return []
  }

  func shellBacktrace(_: LuaCall) throws -> [LuaValue] {
    output.write((shell.traceback ?? "no error yet") + "\n")
    return []
  }

  func shellWatch(_ call: LuaCall) throws -> [LuaValue] {
    // On the command line a function has a name.
    let global = try call.argument(1).text.flatMap {
      try lua.globals.rawGet(LuaValue($0)).asFunction
    }
    if let function = call.argument(1).asFunction ?? global,
      call.argument(1).text.flatMap(Observable.named) == nil
    {
      progress.watched = watched(function)
      return [call.argument(1)]
    }
    guard let word = call.argument(1).text else {
      progress.watched = nil
      return []
    }
    guard let quantity = Observable.named(word) else {
      let names = Observable.all.map(\.name)
      let hint = nearestName(to: word, among: names).map { "; did you mean '\($0)'?" }
      throw VerbError(
        "shell.watch",
        "knows \(names.joined(separator: ", ")), and functions, not '\(word)'" + (hint ?? ""))
    }
    progress.watched = quantity
    return [LuaValue(word)]
  }

  func shellLive(_ call: LuaCall) throws -> [LuaValue] {
    progress.hasPictures = try flag("shell.live", call.argument(1)) ?? !progress.hasPictures
    return [LuaValue(progress.hasPictures)]
  }

  func shellRun(_ call: LuaCall) throws -> [LuaValue] {
    let entry = try named("shell.run", call.argument(1))
    output.write(entry.example.split(separator: "\n").map { "> \($0)\n" }.joined())
    output.flush()
    return try compile(Array(entry.example.utf8), chunkName: "=\(entry.name)").function.call()
  }

  func shellTour(_ call: LuaCall) throws -> [LuaValue] {
    shell.tourStep = call.argument(1).text == "off" ? nil : 0
    if shell.edit == nil { output.write(Tour.text + "\n") }
    return []
  }

  func apropos(_ call: LuaCall) throws -> [LuaValue] {
    guard let word = call.argument(1).text, !word.isEmpty else {
      throw VerbError("apropos", "takes a word to look for")
    }
    output.write(HelpText.search(word, catalog) + "\n")
    return []
  }

  func examples(_: LuaCall) throws -> [LuaValue] {
    output.write(HelpText.examples(catalog) + "\n")
    return []
  }

  func who(_: LuaCall) throws -> [LuaValue] {
    let rows = try userGlobals().compactMap { key, value -> (String, String, String)? in
      guard let name = key.text, !Self.isHistory(name) else { return nil }
      let (kind, size) = try kindAndSize(value)
      return (name, kind, size)
    }.sorted { $0.0 < $1.0 }
    let names = rows.map(\.0.count).max() ?? 0
    let kinds = rows.map(\.1.count).max() ?? 0
    for (name, kind, size) in rows {
      let line = "\(padded(name, names))  \(padded(kind, kinds))  \(size)"
      output.write(String(line.reversed().drop { $0 == " " }.reversed()) + "\n")
    }
    if rows.isEmpty { output.write("no globals of yours yet\n") }
    return []
  }

  private func named(_ verb: String, _ argument: LuaValue) throws -> Entry {
    let name = argument.text ?? functionNames[argument]
    guard let name else { throw VerbError(verb, "takes a public name, see examples()") }
    if let entry = catalog.byName[name] { return entry }
    throw VerbError(verb, "unknown name '\(name)'" + catalog.hint(for: name))
  }

  private func flag(_ verb: String, _ value: LuaValue) throws -> Bool? {
    if let flag = value.bool { return flag }
    switch value.text {
    case "on": return true
    case "off": return false
    default:
      if value.isNil { return nil }
      throw VerbError(verb, "takes on or off, got \(describe(value))")
    }
  }

  private func format(_ value: LuaValue) throws -> OutputFormat {
    if let format = value.text.flatMap(OutputFormat.init(rawValue:)) { return format }
    let names = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
    throw VerbError("shell.format", "must be one of \(names), got \(describe(value))")
  }

  /// `_`, `_1`, ...: what the shell keeps by itself.
  static func isHistory(_ name: String) -> Bool {
    name.first == "_" && name.dropFirst().allSatisfy(\.isNumber)
  }

  func kindAndSize(_ value: LuaValue) throws -> (String, String) {
    switch value {
    case .object(let value): return (summary(value.object), "")
    case .string(let bytes): return ("string", "\(bytes.count) bytes")
    case .integer, .number, .boolean: return (value.typeName, describe(value))
    case .table(let table):
      let count = try table.rawPairs().count
      if try isResult(value), let kind = try table.rawGet("kind").text {
        return ("\(kind) (a result)", "\(count) fields")
      }
      return ("table", count == 1 ? "1 value" : "\(count) values")
    default: return (value.typeName, "")
    }
  }
}
