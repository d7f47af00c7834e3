import Lua
import Testing

@Suite struct NumbersTests {
  @Test("arrays and matrices of numbers go both ways")
  func roundTrip() throws {
    let lua = try LuaState()
    let values = (0..<1000).map { Double($0) / 7 }
    #expect(try lua.tableFrom(values).numbers() == values)
    #expect(try lua.tableFrom([]).numbers() == [])
    let matrix = try lua.tableFrom(values, columns: 8).matrix()
    #expect(matrix == LuaMatrix(values: values, rows: 125, columns: 8))
    #expect(try lua.makeTable().matrix() == LuaMatrix(values: [], rows: 0, columns: 0))
    try lua.globals.rawSet("m", .table(lua.tableFrom([1, 2, 3, 4], columns: 2)))
    #expect(try lua.run("return m[2][1], #m") == [3.0, 2])
  }

  @Test(
    "the first offender is named",
    arguments: [
      ("{1, 2, 'x', {}}", "element 3 is a string, not a number"),
      ("{1, '2'}", "element 2 is a string, not a number"),
    ])
  func flat(source: String, words: String) throws {
    let lua = try LuaState()
    let table = try #require(try lua.run("return " + source)[0].asTable)
    let error = #expect(throws: LuaElementError.self) { try table.numbers() }
    #expect(error?.description == words)
  }

  @Test(
    "the first offending row is named",
    arguments: [
      ("{{1, 2}, {3}}", "row 2 has another length than the first row"),
      ("{{1, 2}, {3, true}}", "row 2, element 2 is a boolean, not a number"),
      ("{{1, 2}, 3}", "row 2 is a number, not a table of numbers"),
      ("{1}", "row 1 is a number, not a table of numbers"),
    ])
  func rows(source: String, words: String) throws {
    let lua = try LuaState()
    let table = try #require(try lua.run("return " + source)[0].asTable)
    let error = #expect(throws: LuaElementError.self) { try table.matrix() }
    #expect(error?.description == words)
  }
}
