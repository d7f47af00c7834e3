import Testing

/// `kramers --annotations`, for the Lua language server.
@Suite struct AnnotationsTests {
  @Test("the annotations are Lua, with every public name and the options of each")
  func annotations() throws {
    let file = try kramers("--annotations").output
    let reference = try kramers("--reference").output
    let own: Set<Substring> = ["print", "pairs", "math.random", "math.randomseed"]
    let names = reference.split(separator: "\n").filter { $0.hasPrefix("### ") }
      .map { $0.dropFirst(4) }.filter { !own.contains($0) }
    #expect(names.count > 80)
    for name in names { #expect(file.contains("\nfunction \(name)("), "\(name)") }
    // Rows of the tables of options.
    let options = reference.split(separator: "\n").compactMap { line in
      line.hasPrefix("| `") ? line.dropFirst(3).prefix { $0 != "`" } : nil
    }
    #expect(options.count > 300)
    for option in Set(options) { #expect(file.contains("---@field \(option)"), "\(option)") }
    let fields = file.split(separator: "\n").filter {
      $0.hasPrefix("---@field ") && !$0.contains(" fun(self") && !$0.contains("kind string")
        && !$0.contains("[string]")
    }
    #expect(fields.count == options.count)
    try withFile(file) { path in
      let run = try kramers("-e", "assert(loadfile('\(path)'))")
      #expect(run.status == 0, "\(run.errors)")
    }
  }
}
