import CGzip

/// Decompresses a whole gzip buffer (RFC 1952), concatenated members included.
///
/// The data is read twice, once to learn its size: the size field at the end of a gzip file is not
/// to be believed, and memory is taken only for what is really there.
///
/// - Parameters:
///   - bytes: the compressed bytes, all of them.
///   - limit: the largest result accepted, in bytes.
/// - Throws: a sentence when the data ends early, fails a checksum, has anything after its end, or
///   grows beyond `limit`.
public func gunzip(_ bytes: [UInt8], limit: Int) throws(InputError) -> [UInt8] {
  precondition(limit >= 0, "a byte limit must not be negative")
  var size = 0
  try check(kz_gunzip(bytes, bytes.count, nil, limit, &size), limit: limit)
  var status: Int32 = 0
  let result = [UInt8](unsafeUninitializedCapacity: size) { target, count in
    // An empty array has no address to write to, and null would mean "measure".
    guard let start = target.baseAddress, size > 0 else { return }
    status = kz_gunzip(bytes, bytes.count, start, size, &count)
  }
  try check(status, limit: limit)
  return result
}

/// The first `count` bytes at least, if there are so many, of a gzip buffer whose rest is not looked at.
func gunzip(_ bytes: [UInt8], beginning count: Int) throws(InputError) -> [UInt8] {
  var status: Int32 = 0
  // `kz_gunzip` writes in pieces of 32 kB, and stops before the one that does not fit.
  let room = count + (1 << 15)
  let result = [UInt8](unsafeUninitializedCapacity: room) { target, produced in
    status = kz_gunzip(bytes, bytes.count, target.baseAddress, room, &produced)
  }
  if UInt32(status) != KZ_TOO_LARGE.rawValue { try check(status, limit: room) }
  return result
}

private func check(_ status: Int32, limit: Int) throws(InputError) {
  switch UInt32(status) {
  case KZ_OK.rawValue: return
  case KZ_TRUNCATED.rawValue: throw .sentence("the gzip data ends early: it is truncated")
  case KZ_TOO_LARGE.rawValue:
    throw .sentence("the gzip data decompresses to more than the limit of \(limit) bytes")
  case KZ_NO_MEMORY.rawValue: throw .sentence("no memory to decompress the gzip data")
  default: throw .sentence("the gzip data is corrupt")
  }
}
