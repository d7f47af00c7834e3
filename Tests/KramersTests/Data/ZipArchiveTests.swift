import Testing

@testable import Kramers

@Suite("zip archives")
struct ZipArchiveTests {
  private static let text = Array("a text that comes again, a text that comes again".utf8)

  /// The members unpacked, or the sentence that refuses the first that cannot be.
  private static func unpacked(_ file: [UInt8]) -> [String: String] {
    file.withUnsafeBytes { bytes in
      do throws(InputError) {
        let archive = try ZipArchive(bytes)
        var texts: [String: String] = [:]
        for member in archive.members {
          texts[member.name] = String(
            decoding: try archive.unpack(member, "'\(member.name)'"), as: UTF8.self)
        }
        return texts
      } catch { return ["": "\(error)"] }
    }
  }

  @Test("members stored and deflated, with zip64 and without, come back")
  func members() {
    let text = String(decoding: Self.text, as: UTF8.self)
    for isWide in [false, true] {
      let file = zipArchive(
        [("stored", Self.text, false), ("deflated", Self.text, true), ("empty", [], false)],
        isWide: isWide)
      #expect(Self.unpacked(file) == ["stored": text, "deflated": text, "empty": ""])
    }
    let comment = zipArchive([("a", Self.text, true)], comment: [1, 2, 3])
    #expect(Self.unpacked(comment) == ["a": text])
    #expect(Self.unpacked(zipArchive([])) == [:])
  }

  @Test("one cut anywhere is refused")
  func cut() {
    let whole = zipArchive([("a", Self.text, true), ("b", Self.text, false)])
    for length in 0..<whole.count {
      #expect(Self.unpacked(Array(whole[..<length]))[""] != nil, "cut to \(length)")
    }
  }

  @Test("a changed byte changes no text unseen")
  func damaged() {
    for isWide in [false, true] {
      let whole = zipArchive([("a", Self.text, true), ("b", Self.text, false)], isWide: isWide)
      let right = Self.unpacked(whole)
      for place in whole.indices {
        for value: UInt8 in [0, 0xFF, whole[place] ^ 1, whole[place] ^ 0x80] {
          var bytes = whole
          bytes[place] = value
          let found = Self.unpacked(bytes)
          let isRefused = found[""] != nil
          let isSame = found.values.allSatisfy { right.values.contains($0) }
          #expect(isRefused || isSame, "byte \(place) is \(value)")
        }
      }
    }
  }

  @Test("what is encrypted, of another method, or larger than deflate can make is refused")
  func refused() {
    let whole = zipArchive([("a", Self.text, true)])
    let directory = whole.count - 22 - 46 - 1
    func changed(_ offset: Int, _ value: [UInt8]) -> String {
      var bytes = whole
      bytes.replaceSubrange(directory + offset..<directory + offset + value.count, with: value)
      return Self.unpacked(bytes)[""] ?? "accepted"
    }
    #expect(changed(8, [1, 0]) == "'a' is encrypted")
    #expect(
      changed(10, [12, 0])
        == "'a' is compressed by method 12; stored and deflated members are read")
    #expect(
      changed(24, [0xFF, 0xFF, 0xFF, 0x7F])
        == "'a' is damaged: it is not the 2147483647 bytes with the checksum that the archive states"
    )
    #expect(changed(24, [9, 0, 0, 0]).hasPrefix("'a' is damaged: it is not the 9 bytes"))
    #expect(changed(24, [0, 0, 0, 0]).hasPrefix("'a' is damaged: it is not the 0 bytes"))
    #expect(changed(42, [0xF0, 0xFF, 0, 0]).hasPrefix("'a' is damaged"))
  }
}

private func little(_ value: Int, _ size: Int) -> [UInt8] {
  (0..<size).map { UInt8(value >> (8 * $0) & 0xFF) }
}

/// CRC-32 bit by bit, as RFC 1952 defines it.
private func checksum(_ bytes: [UInt8]) -> Int {
  var crc: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return Int(~crc)
}

/// Deflate with fixed Huffman codes (RFC 1951, 3.2.6): literals, and repeats of what stands 25 bytes
/// before, which is enough to be no copy of the text.
private func deflated(_ bytes: [UInt8]) -> [UInt8] {
  var bits: [UInt8] = [1, 1, 0]
  func code(_ value: Int, _ length: Int) {
    for k in (0..<length).reversed() { bits.append(UInt8(value >> k & 1)) }
  }
  var i = 0
  while i < bytes.count {
    if i >= 25, i + 3 <= bytes.count, bytes[i..<i + 3] == bytes[i - 25..<i - 22] {
      code(1, 7)  // length 3
      code(9, 5)  // distances 25 to 32: code 9 and three bits
      bits += [0, 0, 0]
      i += 3
    } else {
      let byte = Int(bytes[i])
      if byte < 144 { code(0x30 + byte, 8) } else { code(0x190 + byte - 144, 9) }
      i += 1
    }
  }
  code(0, 7)
  return stride(from: 0, to: bits.count, by: 8).map { start in
    bits[start..<min(start + 8, bits.count)].enumerated().reduce(UInt8(0)) {
      $0 | $1.element << UInt8($1.offset)
    }
  }
}

/// A zip archive; with `isWide` all numbers of the directory stand in zip64 fields.
func zipArchive(
  _ members: [(name: String, bytes: [UInt8], isDeflated: Bool)], isWide: Bool = false,
  comment: [UInt8] = []
) -> [UInt8] {
  var file: [UInt8] = []
  var directory: [UInt8] = []
  for (name, bytes, isDeflated) in members {
    let text = Array(name.utf8)
    let packed = isDeflated ? deflated(bytes) : bytes
    let sizes = [bytes.count, packed.count, file.count]
    let extra =
      isWide ? little(1, 2) + little(24, 2) + sizes.flatMap { little($0, 8) } : []
    let narrow = { (size: Int) in little(isWide ? 0xFFFF_FFFF : size, 4) }
    let common =
      little(0, 2) + little(isDeflated ? 8 : 0, 2) + little(0, 4) + little(checksum(bytes), 4)
      + narrow(packed.count) + narrow(bytes.count) + little(text.count, 2)
    directory +=
      little(0x0201_4B50, 4) + little(45, 2) + little(45, 2) + common + little(extra.count, 2)
      + little(0, 10) + narrow(file.count) + text + extra
    // The extra field of the local header has another length, as numpy's has.
    file += little(0x0403_4B50, 4) + little(45, 2) + common + little(3, 2) + text + [9, 9, 9]
    file += packed
  }
  let start = file.count
  file += directory
  if isWide {
    let end = file.count
    file +=
      little(0x0606_4B50, 4) + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8)
      + little(members.count, 8) + little(members.count, 8) + little(directory.count, 8)
      + little(start, 8)
    file += little(0x0706_4B50, 4) + little(0, 4) + little(end, 8) + little(1, 4)
  }
  let count = isWide ? 0xFFFF : members.count
  return file + little(0x0605_4B50, 4) + little(0, 4) + little(count, 2) + little(count, 2)
    + little(directory.count, 4) + little(isWide ? 0xFFFF_FFFF : start, 4)
    + little(comment.count, 2) + comment
}
