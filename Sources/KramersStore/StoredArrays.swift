internal import Kramers

/// The arrays of a file, each read once and compared with its hash, which is its id.
final class StoredArrays {
  private let database: Database
  private let sizes: Statement
  private let parts: Statement
  private var doubles: [UInt64: [Double]] = [:]
  private var bytes: [UInt64: [UInt8]] = [:]
  private(set) var read: Set<UInt64> = []
  /// Bytes that may still be read: no file tells of more than it holds. Twice its size, since an
  /// array may be read as numbers and as bytes.
  private var budget: Int

  init(_ database: Database, size: Int) throws {
    self.database = database
    budget = 2 * size
    sizes = try Statement(
      database, "SELECT part, length(bytes) FROM content WHERE id = ? ORDER BY part")
    parts = try Statement(database, "SELECT bytes FROM content WHERE id = ? ORDER BY part")
  }

  func doubles(_ id: UInt64) throws -> [Double] {
    if let known = doubles[id] { return known }
    let count = try size(of: id)
    guard count % 8 == 0 else { throw Damage("an array of numbers has \(count) bytes") }
    let values = try [Double](unsafeUninitializedCapacity: count / 8) { buffer, filled in
      try fill(UnsafeMutableRawBufferPointer(buffer), id)
      filled = count / 8
    }
    doubles[id] = values
    return values
  }

  func bytes(_ id: UInt64) throws -> [UInt8] {
    if let known = bytes[id] { return known }
    let count = try size(of: id)
    let values = try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      try fill(UnsafeMutableRawBufferPointer(buffer), id)
      filled = count
    }
    bytes[id] = values
    return values
  }

  private func size(of id: UInt64) throws -> Int {
    var (count, size, last) = (0, 0, Schema.partSize)
    try sizes.forEachRow([.bits(id)]) { row in
      guard try row.count(0) == count, last == Schema.partSize else {
        throw Damage("an array's parts are not in order")
      }
      last = try row.count(1)
      guard last <= Schema.partSize else { throw Damage("an array's part has \(last) bytes") }
      count += 1
      size += last
    }
    guard count > 0 else { throw Damage("an array is missing") }
    guard size <= budget else { throw Damage("its arrays are larger than the file") }
    budget -= size
    return size
  }

  private func fill(_ target: UnsafeMutableRawBufferPointer, _ id: UInt64) throws {
    var offset = 0
    try parts.forEachRow([.bits(id)]) { row in
      try row.withBlob(0) { bytes in
        guard bytes.count <= target.count - offset else {
          throw Damage("an array changed its size")
        }
        UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: bytes)
        offset += bytes.count
      }
    }
    guard offset == target.count, StateHash.of(UnsafeRawBufferPointer(target)) == id else {
      throw Damage("an array's bytes are not those that were saved")
    }
    read.insert(id)
  }
}
