import Kramers
import Testing

@Suite struct PhiloxTests {
  @Test("Philox4x32-10 gives the known answers of Random123")
  func knownAnswers() {
    // Random123 1.14.0, tests/kat_vectors, the lines "philox4x32 10".
    let ones = UInt32.max
    let cases: [(counter: Philox.Block, key: SIMD2<UInt32>, answer: Philox.Block)] = [
      (
        [0, 0, 0, 0], [0, 0],
        [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]
      ),
      (
        [ones, ones, ones, ones], [ones, ones],
        [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]
      ),
      (
        [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344], [0xA409_3822, 0x299F_31D0],
        [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]
      ),
    ]
    for (counter, key, answer) in cases { #expect(Philox.block(counter, key: key) == answer) }
  }
}
