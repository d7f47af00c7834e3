import Kramers

/// The public names for the Lua language server: LuaCATS annotations, from the catalogue.
package func annotationsFile(_ catalog: Catalog) -> String {
  var lines = [
    "---@meta kramers", "-- Every public name, by `kramers --annotations`; do not edit.", "",
    "---@class kramers.Dataset", "---@class kramers.Experiment", "---@class kramers.Snapshot",
    "---@class kramers.Result", "---@field kind string", "---@field [string] any", "",
  ]
  var tables: Set<String> = []
  for entry in catalog.all {
    if let table = entry.name.split(separator: ".").first, entry.name.contains("."),
      !Catalog.lua.contains(entry.name), tables.insert(String(table)).inserted
    {
      lines += ["\(table) = {}", ""]
    }
  }
  // The editor knows Lua's own.
  for entry in catalog.all where !Catalog.lua.contains(entry.name) { lines += annotations(entry) }
  // Verbs are methods of experiments, too.
  lines.append("---@class kramers.Experiment")
  for entry in catalog.all where entry.role == .verb && !entry.name.contains(".") {
    lines.append("---@field \(entry.name) fun(self: kramers.Experiment, ...: any): any")
  }
  return lines.joined(separator: "\n") + "\n"
}

/// What `d:`, `x:` and `r:` stand for in the catalogue's names of methods.
private let owners = [
  "d": "kramers.Dataset", "x": "kramers.Experiment", "r": "kramers.Result",
]

private func annotations(_ entry: Entry) -> [String] {
  var lines: [String] = []
  let words = entry.name.filter { $0.isLetter || $0.isNumber || $0 == "_" }
  if !entry.options.isEmpty {
    lines.append("---@class kramers.options.\(words)")
    for option in entry.options {
      let mark = option.isRequired ? "" : "?"
      var about = option.summary
      if !option.unit.isEmpty { about += " [\(option.unit)]" }
      if !option.standard.isEmpty { about += " (\(option.standard))" }
      let type = option.name == entry.positional ? "any" : luaType(option.kind)
      lines.append("---@field \(option.name)\(mark) \(type) \(oneLine(about))")
    }
    lines.append("")
  }
  lines += ["--- \(oneLine(entry.summary)).", "---"]
  if let usage = entry.usage { lines += ["--- `\(oneLine(usage))`", "---"] }
  lines.append("--- ```lua")
  lines += entry.example.split(separator: "\n", omittingEmptySubsequences: false).map {
    "--- " + $0
  }
  lines.append("--- ```")
  let parts = entry.name.split(separator: ":").map(String.init)
  let takesOptions = !entry.options.isEmpty && entry.usage == nil
  if takesOptions {
    let isOptional = !entry.options.contains { $0.isRequired } || entry.positional != nil
    let lone = entry.positional == nil ? "" : "|any"
    lines.append("---@param options\(isOptional ? "?" : "") kramers.options.\(words)\(lone)")
  } else {
    lines.append("---@param ... any")
  }
  lines.append("---@return any # \(oneLine(entry.returns))")
  let parameters = takesOptions ? "options" : "..."
  if parts.count == 2, let owner = owners[parts[0]] {
    lines.insert("---@class \(owner)", at: 0)
    lines.insert("local \(parts[0]) = {}", at: 1)
    lines.insert("", at: 2)
    lines = ["do"] + lines + ["function \(parts[0]):\(parts[1])(\(parameters)) end", "end"]
  } else {
    lines.append("function \(entry.name)(\(parameters)) end")
  }
  return lines + [""]
}

private func oneLine(_ text: String) -> String { text.replacing("\n", with: " ") }

/// The type as LuaCATS writes it.
private func luaType(_ kind: OptionKind) -> String {
  switch kind {
  case .number: "number"
  case .integer: "integer"
  case .flag: "boolean"
  case .choice(let names): names.map { "\"\($0)\"" }.joined(separator: "|")
  case .observable: "string|fun(x: kramers.Experiment): number"
  case .text: "string"
  case .numbers: "number[]"
  case .integers: "integer[]"
  case .rows: "number[][]"
  case .data: "kramers.Dataset"
  case .snapshot: "kramers.Snapshot|kramers.Experiment"
  case .snapshots: "(kramers.Snapshot|kramers.Experiment)[]"
  case .batch: "integer|\"full\""
  case .function: "function"
  case .columns: "string|integer|(string|integer)[]"
  case .names: "string[]"
  case .table: "table"
  case .countOrList: "integer|integer[]"
  case .programme: "any"
  case .size: "\"column\"|\"page\"|number[]"
  }
}
