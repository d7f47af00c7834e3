import Foundation
import Kramers
import Testing

@Suite struct StudentQuantileTests {
  @Test("Student's quantiles equal the closed forms at 1 and 2 degrees and the table beyond")
  func quantiles() {
    // tan(pi (p - 1/2)) and (2p-1)/sqrt(2p(1-p)); the rest from scipy.stats.t.ppf.
    for p in [0.6, 0.9, 0.975, 0.995] {
      #expect(abs(studentQuantile(p, degrees: 1) / tan(.pi * (p - 0.5)) - 1) < 1e-8)
      let two = (2 * p - 1) / (2 * p * (1 - p)).squareRoot()
      #expect(abs(studentQuantile(p, degrees: 2) / two - 1) < 1e-8)
    }
    #expect(abs(studentQuantile(0.975, degrees: 19) - 2.093024054408263) < 1e-7)
    #expect(abs(studentQuantile(0.975, degrees: 4) - 2.7764451051977987) < 1e-7)
    #expect(abs(studentQuantile(0.025, degrees: 4) + 2.7764451051977987) < 1e-7)
    #expect(abs(studentQuantile(0.975, degrees: 1e5) - normalQuantile(0.975)) < 1e-4)
    #expect(studentQuantile(0.5, degrees: 7).magnitude < 1e-12)
  }
}
