import Testing

@testable import Kramers

private func scan(_ text: String) -> (value: Double, next: Int)? {
  Array(text.utf8).withUnsafeBufferPointer { DecimalNumber.scan($0.baseAddress!, 0, $0.count) }
}

@Suite("decimal numbers")
struct DecimalNumberTests {
  @Test("hard cases have the bits of Python's float()")
  func python() {
    for (text, bits) in pythonFloats {
      #expect(scan(text)?.value.bitPattern == bits, "\(text)")
      #expect(scan("-" + text)?.value.bitPattern == bits | 1 << 63, "-\(text)")
    }
  }

  @Test("random texts have the bits of the standard library's parser")
  func standardLibrary() {
    let random = RandomStream(seed: 1, purpose: .data)
    for step in 0..<UInt64(20_000) {
      let w = random.words(step: step, 0)
      let digits = "\(UInt64(w[0]) << 32 | UInt64(w[1]))\(w[2])".prefix(1 + Int(w[3] % 22))
      let point = Int(w[3] >> 8) % (digits.count + 1)
      let exponent = Int(w[3] >> 16) % 80 - 40
      let text = digits.prefix(point) + "." + digits.dropFirst(point) + "e\(exponent)"
      let expected = Double("\(digits)e\(exponent - (digits.count - point))")
      #expect(scan(String(text))?.value == expected, "\(text)")
    }
  }

  @Test("halfway cases round to even, just beyond them up")
  func halfway() {
    // (2^53 + 1) * 2^k lies halfway between two doubles; 10^-20 beyond it does not.
    for k in 0..<10 {
      let n = ((1 << 53) + 1) << k
      #expect(scan("\(n)")?.value == Double(1 << (53 + k)))
      #expect(scan("\(n).00000000000000000001")?.value == Double(1 << (53 + k)).nextUp)
      #expect(scan("\(n)0000e-4")?.value == Double(1 << (53 + k)))
    }
  }

  @Test("what is no part of the number is left")
  func ends() {
    #expect(scan("1.5,2")?.next == 3)
    #expect(scan("5.")?.value == 5 && scan(".5")?.value == 0.5 && scan("+2")?.value == 2)
    #expect(scan("1e")?.next == 1 && scan("1e+x")?.next == 1 && scan("0x10")?.next == 1)
    #expect(scan("-0")?.value.sign == .minus)
    #expect(scan("NaN")?.value.isNaN == true && scan("-Infinity")?.value == -.infinity)
    #expect(scan("inf")?.next == 3 && scan("1e999")?.value == .infinity)
    #expect(scan("1e-99999999999999999999")?.value == 0)
    for text in ["", "-", ".", "e5", "+.", "na", "--1", "i"] {
      #expect(scan(text) == nil, "\(text)")
    }
  }
}
