import Testing

/// `kramers.read` against what the program writes.
@Suite struct PythonReadingTests {
  @Test("pandas frames, sessions and weights hold the program's numbers to the bit")
  func reading() throws {
    guard let count = try PythonChecks.run("reading", needing: "pandas, safetensors") else {
      return
    }
    #expect(count >= 103)
  }
}
