import Foundation
import Testing

@testable import KramersBindings

private let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

@Suite("one seed, the same bytes: with either instruction set, on any number of threads")
struct SameBitsTests {
  @Test("every example of the catalogue", arguments: catalog.all.map(\.name))
  func examples(name: String) throws {
    let example = catalog.entry(name).example
    let whole = try bytes(of: example, "avx2", threads: 1)
    // Where the processor has the narrow instructions alone, threads are all that differs.
    let wide = try kramers("-e", "", environment: ["KRAMERS_ISA": "avx512"]).status == 0
    var others = [(wide ? "avx512" : "avx2", 4)]
    if isLong { others = [("avx2", 2), ("avx2", 8)] + [1, 2, 4, 8].map { (others[0].0, $0) } }
    for (instructions, threads) in others {
      let other = try bytes(of: example, instructions, threads: threads)
      #expect(other == whole, "\(name) with \(instructions) on \(threads) threads")
    }
  }

  @Test("KRAMERS_ISA is obeyed, and a name that it cannot have is refused")
  func names() throws {
    let code = """
      local e = experiment { data = data.population { singular = {1} }, depth = 2, width = 1 }
      print(train(10):provenance().instruction_set)
      """
    #expect(try kramers("-", input: code, environment: ["KRAMERS_ISA": "avx2"]).output == "AVX2\n")
    if try kramers("-e", "", environment: ["KRAMERS_ISA": "avx512"]).status == 0 {
      let wide = try kramers("-", input: code, environment: ["KRAMERS_ISA": "avx512"])
      #expect(wide.output == "AVX-512\n")
    }
    let wrong = try kramers("-e", "print(1)", environment: ["KRAMERS_ISA": "sse"])
    #expect(wrong.status == 64 && wrong.errors.contains("KRAMERS_ISA must be avx2 or avx512"))
  }

  /// Without the names that `os.tmpname` gives and the times that sessions tell.
  private func bytes(of example: String, _ instructions: String, threads: Int) throws -> String {
    let run = try kramers(
      "--threads", "\(threads)", "-", input: example, environment: ["KRAMERS_ISA": instructions])
    #expect(run.status == 0, "\(run.errors)")
    return run.output.replacing(/\/tmp\/lua_\w+/, with: "NAME")
      .replacing(/[-0-9]+T[:0-9]+Z/, with: "DATE")
  }
}
