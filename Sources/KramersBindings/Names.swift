import Kramers
import Lua

/// Strict names: the public names stand behind the globals, where a script cannot overwrite them by
/// accident, and reading a name that nobody defined is an error that says which one was meant.
extension Program {
  func guardNames() throws {
    try lua.makeStrict(publicNames, unknown: unknownName(in: nil))
    let taken = try lua.makeFunction { [unowned self] call in
      let name = call.argument(1).text ?? "?"
      throw NameError(
        "'\(name)' is \(catalog.kind(of: name)) of Kramers; choose another name "
          + "(local \(name) = ... is fine)")
    }
    try lua.guardGlobals(names: publicNames, taken: taken)
  }

  /// Gives a value its public name, `a` or `a.b`. Lua's own names stay ordinary globals.
  func setGlobal(_ path: String, _ value: LuaValue) throws {
    let parts = path.split(separator: ".").map(String.init)
    var table = Catalog.lua.contains(path) ? try lua.globals : publicNames
    for part in parts.dropLast() {
      if let inner = try table.rawGet(LuaValue(part)).asTable {
        table = inner
      } else {
        let inner = try lua.makeTable()
        try table.rawSet(LuaValue(part), .table(inner))
        try lua.makeStrict(inner, unknown: unknownName(in: part))
        table = inner
      }
    }
    try table.rawSet(LuaValue(parts[parts.count - 1]), value)
    functionNames[value] = path
  }

  /// Lua's own functions that the catalogue explains.
  func nameLuaFunctions() throws {
    for path in Catalog.lua {
      var value = LuaValue.table(try lua.globals)
      for part in path.split(separator: ".") {
        value = try value.asTable?.rawGet(LuaValue(String(part))) ?? .nil
      }
      functionNames[value] = path
    }
  }

  private func unknownName(in table: String?) throws -> LuaFunction {
    try lua.makeFunction { [unowned self] call in
      let name = (table.map { $0 + "." } ?? "") + (call.argument(1).text ?? "?")
      if options.sandbox != nil, Sandbox.absent.contains(name) {
        throw NameError("'\(name)' is not in the sandbox; files are read and written by verbs")
      }
      let known = table == nil ? try globalNames() : catalog.all.map(\.name)
      let hint = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
      throw NameError("unknown name '\(name)'" + hint)
    }
  }

  private func globalNames() throws -> [String] {
    try [publicNames, lua.globals].flatMap { table in
      try table.rawPairs().compactMap { key, _ in key.text }
    }
  }
}

extension Catalog {
  fileprivate func kind(of name: String) -> String {
    switch byName[name]?.role {
    case .verb: "a verb"
    case .function, .method: "a function"
    case nil: "a table"
    }
  }
}

/// Whether a text can stand as a name in Lua; its keywords are not looked for.
func isPlainName(_ text: some StringProtocol) -> Bool {
  func isLetter(_ c: UInt8) -> Bool {
    c == UInt8(ascii: "_") || UInt8(ascii: "a")...UInt8(ascii: "z") ~= c | 0x20
  }
  return text.utf8.first.map(isLetter) == true
    && text.utf8.allSatisfy { isLetter($0) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
}

/// A name that does not exist, or that is taken.
struct NameError: Error, CustomStringConvertible {
  let description: String
  init(_ words: String) { description = words }
}
