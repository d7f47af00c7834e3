internal import CGzip

/// The members of a zip archive, stored or deflated, as `numpy.savez` and most packers write them.
///
/// The central directory alone says what there is. Sizes beyond 4 GiB are read (zip64); encrypted
/// members, other compressions and archives in several parts are not.
///
/// Source: PKWARE, APPNOTE.TXT 6.3.
struct ZipArchive {
  struct Member {
    let name: String
    fileprivate let flags: Int
    fileprivate let method: Int
    fileprivate let checksum: UInt32
    /// Bytes in the archive, and bytes unpacked.
    fileprivate var packed: Int
    fileprivate(set) var size: Int
    fileprivate var offset: Int
  }

  let bytes: UnsafeRawBufferPointer
  let members: [Member]

  /// - Parameter bytes: the whole file; must outlive the archive.
  /// - Throws: a sentence for what has no readable central directory. Nothing is unpacked yet.
  init(_ bytes: UnsafeRawBufferPointer) throws(InputError) {
    self.bytes = bytes
    let (count, start) = try Self.directory(bytes)
    var members: [Member] = []
    var place = start
    // A count is no reason to take memory: members are added as they are found.
    for _ in 0..<count {
      guard let (member, length) = Self.member(bytes, place) else { throw Self.damaged }
      members.append(member)
      place += length
    }
    self.members = members
  }

  private static let damaged = InputError.sentence(
    "the zip archive is damaged: its directory of members cannot be read")

  /// Little-endian; nil beyond the end, and for what no offset can be.
  private static func number(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ size: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - size else { return nil }
    var value: UInt64 = 0
    for k in 0..<size { value |= UInt64(bytes[offset + k]) << (8 * UInt64(k)) }
    return Int(exactly: value)
  }

  /// How many members the central directory has, and where it begins.
  private static func directory(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InputError) -> (count: Int, start: Int) {
    // Its end is followed by a comment of at most 65535 bytes, whose length it states.
    var end = bytes.count - 22
    let first = max(0, end - 65_535)
    while end >= first,
      number(bytes, end, 4) != 0x0605_4B50
        || number(bytes, end + 20, 2) != bytes.count - end - 22
    { end -= 1 }
    guard end >= first, let count = number(bytes, end + 10, 2),
      let start = number(bytes, end + 16, 4)
    else { throw .sentence("the zip archive is truncated: the end of its directory is missing") }
    guard count == 0xFFFF || start == 0xFFFF_FFFF, number(bytes, end - 20, 4) == 0x0706_4B50 else {
      return (count, start)
    }
    guard let wide = number(bytes, end - 12, 8), number(bytes, wide, 4) == 0x0606_4B50,
      let count = number(bytes, wide + 32, 8), let start = number(bytes, wide + 48, 8)
    else { throw damaged }
    return (count, start)
  }

  /// The directory's entry at `place` and its length.
  private static func member(
    _ bytes: UnsafeRawBufferPointer, _ place: Int
  ) -> (Member, length: Int)? {
    func number(_ offset: Int, _ size: Int) -> Int? {
      Self.number(bytes, place + offset, size)
    }
    guard number(0, 4) == 0x0201_4B50, let flags = number(8, 2), let method = number(10, 2),
      let checksum = number(16, 4), let packed = number(20, 4), let size = number(24, 4),
      let nameLength = number(28, 2), let extraLength = number(30, 2),
      let commentLength = number(32, 2), let offset = number(42, 4)
    else { return nil }
    let extra = 46 + nameLength
    guard place + extra + extraLength + commentLength <= bytes.count else { return nil }
    let name = String(decoding: bytes[place + 46..<place + extra], as: UTF8.self)
    var member = Member(
      name: name, flags: flags, method: method, checksum: UInt32(checksum), packed: packed,
      size: size, offset: offset)
    // Numbers that 32 bits cannot hold stand in the field 1 behind the name, in this order.
    var field = extra
    while field + 4 <= extra + extraLength, let kind = number(field, 2),
      let length = number(field + 2, 2)
    {
      if kind == 1 {
        var next = field + 4
        for path in [\Member.size, \Member.packed, \Member.offset]
        where member[keyPath: path] == 0xFFFF_FFFF {
          guard next + 8 <= field + 4 + length, let value = number(next, 8) else { return nil }
          member[keyPath: path] = value
          next += 8
        }
      }
      field += 4 + length
    }
    return (member, extra + extraLength + commentLength)
  }

  /// The bytes of a member, whose length and checksum are those of the directory.
  ///
  /// - Parameter name: how messages name the member.
  func unpack(_ member: Member, _ name: String) throws(InputError) -> [UInt8] {
    let packed = try packed(member, name)
    if member.method == 0 {
      guard kz_crc32(packed.baseAddress, packed.count) == member.checksum else {
        throw Self.damaged(member, name)
      }
      return Array(packed)
    }
    guard let bytes = try? gunzip(gzip(member, packed), limit: member.size),
      bytes.count == member.size
    else { throw Self.damaged(member, name) }
    return bytes
  }

  /// The first `count` bytes of a member at least, if it has so many; nothing is known of the rest.
  func beginning(
    of member: Member, _ name: String, count: Int
  ) throws(InputError) -> [UInt8] {
    let packed = try packed(member, name)
    guard member.method == 8 else { return Array(packed.prefix(count)) }
    guard let bytes = try? gunzip(gzip(member, packed), beginning: count) else {
      throw Self.damaged(member, name)
    }
    return bytes
  }

  private static func damaged(_ member: Member, _ name: String) -> InputError {
    .sentence(
      "\(name) is damaged: it is not the \(Kramers.count(member.size, "byte")) with the checksum that "
        + "the archive states")
  }

  /// The bytes of a member as they stand in the archive. Deflate makes at most 1032 bytes of one:
  /// what claims more is refused here.
  private func packed(
    _ member: Member, _ name: String
  ) throws(InputError) -> UnsafeRawBufferPointer {
    guard member.flags & 1 == 0 else { throw .sentence("\(name) is encrypted") }
    guard member.method == 0 || member.method == 8 else {
      throw .sentence(
        "\(name) is compressed by method \(member.method); stored and deflated members are read")
    }
    // The lengths of name and extra field differ from those in the directory.
    guard Self.number(bytes, member.offset, 4) == 0x0403_4B50,
      let nameLength = Self.number(bytes, member.offset + 26, 2),
      let extraLength = Self.number(bytes, member.offset + 28, 2)
    else { throw Self.damaged(member, name) }
    let start = member.offset + 30 + nameLength + extraLength
    guard member.packed <= bytes.count - start,
      member.method == 0 ? member.size == member.packed : member.size / 1032 <= member.packed
    else { throw Self.damaged(member, name) }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + member.packed])
  }

  /// Between a header and a trailer the bits of a deflated member are a gzip file, with its checksum.
  private func gzip(_ member: Member, _ packed: UnsafeRawBufferPointer) -> [UInt8] {
    var gzip: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    gzip.reserveCapacity(member.packed + 18)
    gzip.append(contentsOf: packed)
    for word in [member.checksum, UInt32(truncatingIfNeeded: member.size)] {
      withUnsafeBytes(of: word.littleEndian) { gzip.append(contentsOf: $0) }
    }
    return gzip
  }
}
