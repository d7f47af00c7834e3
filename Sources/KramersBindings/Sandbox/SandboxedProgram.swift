import Kramers
import KramersStore
import Lua

/// What a program is in a sandbox.
extension Program {
  /// Takes away what strangers do not get, and gives `require` for the files below the folder.
  func enterSandbox() throws {
    try lua.enterSandbox()
    let loaded = try lua.makeTable()
    let require = try lua.makeFunction { [unowned self] call in
      guard let name = call.argument(1).text else {
        throw VerbError("require", "takes the name of a module, got \(describe(call.argument(1)))")
      }
      let known = try loaded.rawGet(LuaValue(name))
      if !known.isNil { return [known] }
      let (path, source) = try module(name)
      let value = try lua.load(source, chunkName: "@" + path)
        .call([LuaValue(name), LuaValue(path)]).first
      let kept = value.flatMap { $0.isNil ? nil : $0 } ?? LuaValue(true)
      try loaded.rawSet(LuaValue(name), kept)
      return [kept, LuaValue(path)]
    }
    try lua.globals.rawSet("require", .function(require))
  }

  /// The file of a module: `a.b` is `a/b.lua` or `a/b/init.lua`, beside the script if that lies in the
  /// sandbox, else below its folder.
  private func module(_ name: String) throws -> (path: String, source: [UInt8]) {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.allSatisfy({ !$0.isEmpty && !$0.contains("/") }) else {
      throw VerbError("require", "'\(name.prefix(60))' is no name of a module")
    }
    let file = parts.joined(separator: "/")
    for folder in [moduleFolder, ""].compactMap(\.self) {
      for ending in [".lua", "/init.lua"] {
        let path = folder + file + ending
        if let source = try? readWhole(path) { return (path, source) }
      }
    }
    throw VerbError(
      "require",
      "there is no module '\(name)' in the sandbox: no \(file).lua, no \(file)/init.lua")
  }

  /// The sandbox that entries were written in holds for them wherever they go on: why not here, or
  /// nil.
  func sandboxRefusal(of entries: [JournalEntry]) -> String? {
    guard options.sandbox == nil, entries.contains(where: \.isMarkOfSandbox) else { return nil }
    return "it was begun in a sandbox and goes on in one alone: kramers --sandbox"
  }
}
