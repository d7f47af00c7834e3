import Testing

@testable import Kramers

@Suite struct SharedBranchTests {
  @Test("kept Jacobians and neighbouring states change no spinodal or coexistence")
  func frozenPhases() throws {
    let data = try Dataset.digits(seed: 1)
    let theory = PhaseTheory(moments: data.moments, depth: 3, hiddenWidths: [10, 10])
    // By a Jacobian of its own for every state, and every state from the branch.
    let known = [
      (0.22103159388169, 0.18565767342826), (0.078102014108544, 0.065659349347012),
      (0.071242470567067, 0.060029587583219), (0.060486853727926, 0.051093820470189),
      (0.050545751904181, 0.042959101830705), (0.046313517269761, 0.039372328644318),
      (0.039277160947944, 0.033301942406409), (0.032849461245278, 0.027854819500815),
      (0.027982952672829, 0.023748638430681), (0.021981336068045, 0.018710086477671),
    ]
    #expect(theory.modes.count == 10)
    for (mode, (spinodal, coexistence)) in zip(theory.modes, known) {
      #expect(abs(try #require(mode.spinodal) - spinodal) < 1e-9 * spinodal)
      #expect(abs(try #require(mode.coexistence) - coexistence) < 1e-9 * coexistence)
    }
  }
}
