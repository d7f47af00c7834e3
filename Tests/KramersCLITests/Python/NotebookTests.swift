import Testing

/// The Jupyter kernel, and below it the program that answers over a socket.
@Suite struct NotebookTests {
  @Test("the program answers over a socket, refuses what is none, and ends when its reader goes")
  func service() throws {
    guard let count = try PythonChecks.run("service", needing: "socket") else { return }
    #expect(count >= 29)
  }

  @Test("the notebook of docs has the outputs that its cells give, and the kernel helps and stops")
  func notebook() throws {
    guard let count = try PythonChecks.run("notebook", needing: "ipykernel, nbclient") else {
      return
    }
    #expect(count >= 32)
  }
}
