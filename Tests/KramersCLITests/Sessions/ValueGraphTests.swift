import Lua
import Testing

@testable import Kramers
@testable import KramersBindings
@testable import KramersStore

@Suite("the values of a session as bytes") struct ValueGraphTests {
  private func program() throws -> Program {
    let program = try Program(ProgramOptions())
    try program.lua.load(
      """
      t = { 1, 2.5, "three", [0.5] = true, inner = { { {} } }, s = math.sin }
      t.me = t
      x = experiment { data = data.population { singular = {1} }, depth = 2, width = 1 }
      r = x:sweep { l2 = {0.1, 0.2}, hold = 3 }
      """, chunkName: "=test"
    ).call()
    return program
  }

  @Test("what is written is read back, and into another program")
  func roundTrip() throws {
    let state = try program().sessionState().state
    let graph = try ValueGraph(state.values, objects: state.objects.count)
    #expect(graph.globals.count == 3 && graph.tables.count > 5)
    let other = try Program(ProgramOptions())
    try other.restore(state)
    let again = try other.sessionState().state
    var comparison = try StateComparison(state, again)
    comparison.compare()
    #expect(comparison.differences.isEmpty && comparison.variables == 3)
    #expect(comparison.experiments >= 3)
  }

  @Test("changed bytes are an error or other values, never a trap, and change nothing by halves")
  func hostile() throws {
    let state = try program().sessionState().state
    let other = try Program(ProgramOptions())
    try other.lua.load("kept = 1", chunkName: "=test").call()
    var generator = SeededGenerator(state: 3)
    var refused = 0
    for round in 0..<3000 {
      var mutant = state
      switch round % 3 {
      case 0: mutant.values.removeLast(Int.random(in: 1...mutant.values.count, using: &generator))
      case 1:
        let place = Int.random(in: mutant.values.indices, using: &generator)
        mutant.values[place] = UInt8.random(in: 0...255, using: &generator)
      default:
        let place = Int.random(in: mutant.values.indices, using: &generator)
        mutant.values[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      do {
        try other.restore(mutant)
        try other.lua.load("kept = 1", chunkName: "=test").call()
      } catch {
        refused += 1
        #expect(try other.lua.globals.rawGet("kept") == 1)
      }
    }
    #expect(refused > 500 && refused < 3000)
  }

  @Test("a graph that refers to objects that are not there is refused")
  func objects() throws {
    let state = try program().sessionState().state
    #expect(throws: ByteError.self) { try ValueGraph(state.values, objects: 0) }
    #expect(throws: ByteError.self) {
      try ValueGraph([UInt8](repeating: GraphTag.table, count: 1_000_000), objects: 0)
    }
  }
}
