import Testing

@testable import Kramers

/// Made by Python: `gzip.compress(b"Kramers: tau = 2 pi exp(dE/T)\n" * 3, 9, mtime=0)`.
private let plain: [UInt8] = [
  0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xf3, 0x2e, 0x4a, 0xcc, 0x4d, 0x2d,
  0x2a, 0xb6, 0x52, 0x28, 0x49, 0x2c, 0x55, 0xb0, 0x55, 0x30, 0x52, 0x28, 0xc8, 0x54, 0x48, 0xad,
  0x28, 0xd0, 0x48, 0x71, 0xd5, 0x0f, 0xd1, 0xe4, 0xf2, 0xa6, 0x40, 0x16, 0x00, 0x7b, 0xf2, 0xbb,
  0xda, 0x5a, 0x00, 0x00, 0x00,
]
private let plainText = String(repeating: "Kramers: tau = 2 pi exp(dE/T)\n", count: 3)

/// `gzip.compress(b"", 9, mtime=0)`.
private let empty: [UInt8] = [
  0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00,
  0x00, 0x00, 0x00, 0x00,
]

/// `gzip.compress(b"ab", 9, mtime=0)` and the same of `b"cd"`.
private let first: [UInt8] = [
  0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4c, 0x02, 0x00, 0x6d, 0x48,
  0x83, 0x9e, 0x02, 0x00, 0x00, 0x00,
]
private let second: [UInt8] = [
  0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0x4e, 0x01, 0x00, 0xda, 0x8f,
  0xd6, 0x45, 0x02, 0x00, 0x00, 0x00,
]

/// `gzip.GzipFile("name.txt", "wb", 9, ..., mtime=5)` holding `b"named"`: a header with a name.
private let named: [UInt8] = [
  0x1f, 0x8b, 0x08, 0x08, 0x05, 0x00, 0x00, 0x00, 0x02, 0xff, 0x6e, 0x61, 0x6d, 0x65, 0x2e, 0x74,
  0x78, 0x74, 0x00, 0xcb, 0x4b, 0xcc, 0x4d, 0x4d, 0x01, 0x00, 0x87, 0xcc, 0xe0, 0x71, 0x05, 0x00,
  0x00, 0x00,
]

private let truncated = InputError.sentence("the gzip data ends early: it is truncated")
private let corrupt = InputError.sentence("the gzip data is corrupt")

@Suite("gunzip")
struct GzipTests {
  @Test("what Python compressed comes back, up to exactly the limit")
  func roundTrip() throws {
    #expect(try gunzip(plain, limit: 90) == Array(plainText.utf8))
    #expect(try gunzip(plain, limit: Int.max) == Array(plainText.utf8))
    #expect(try gunzip(empty, limit: 0) == [])
    #expect(try gunzip(named, limit: 100) == Array("named".utf8))
  }

  @Test("concatenated members are one text")
  func members() throws {
    #expect(try gunzip(first + second, limit: 4) == Array("abcd".utf8))
    #expect(try gunzip(first + empty + second, limit: 4) == Array("abcd".utf8))
  }

  @Test("a result beyond the limit is refused, in one member and over several")
  func limit() {
    for (bytes, limit) in [(plain, 89), (plain, 0), (first + second, 3)] {
      let rule = "the gzip data decompresses to more than the limit of \(limit) bytes"
      #expect(throws: InputError.sentence(rule)) { try gunzip(bytes, limit: limit) }
    }
  }

  @Test("data cut anywhere is called truncated", arguments: [plain, empty, named])
  func cut(bytes: [UInt8]) {
    for length in 0..<bytes.count {
      #expect(throws: truncated, "cut to \(length) bytes") {
        try gunzip(Array(bytes[..<length]), limit: 1000)
      }
    }
  }

  @Test("a flipped bit is an error, or one of those that are no part of the data")
  func flips() throws {
    var accepted: Set<Int> = []
    for bit in 0..<plain.count * 8 {
      var bytes = plain
      bytes[bit / 8] ^= 1 << (bit % 8)
      guard let text = try? gunzip(bytes, limit: 1000) else { continue }
      #expect(text == Array(plainText.utf8), "bit \(bit)")
      accepted.insert(bit)
    }
    // FTEXT, and the bytes of MTIME, XFL and OS, are no part of the data (RFC 1952, section 2.3);
    // nor are the four bits that pad the last deflate byte, the one before the checksum.
    let padding = (plain.count - 9) * 8 + 4..<(plain.count - 8) * 8
    #expect(accepted == Set([3 * 8] + Array(4 * 8..<10 * 8) + Array(padding)))
  }

  @Test("bytes after the end, and bytes that are no gzip at all, are corrupt")
  func garbage() {
    #expect(throws: corrupt) { try gunzip(plain + [0], limit: 1000) }
    #expect(throws: corrupt) { try gunzip(plain + Array("tail".utf8), limit: 1000) }
    #expect(throws: corrupt) { try gunzip(Array("0,1,2,3\n".utf8), limit: 1000) }
  }
}
