import Kramers

/// A damaged copy of a file: one to four changes, of bytes, numbers in headers, or whole pages. Half
/// of the copies get a header that fits their size again, so that more than the header is looked at.
func mutant(of original: [UInt8], _ seed: UInt64) -> [UInt8] {
  var bytes = original
  let random = RandomStream(seed: seed, purpose: .data)
  let changes = 1 + random.words(step: 0, 0)[0] % 4
  for change in 1...changes where !bytes.isEmpty {
    alter(&bytes, random.words(step: 0, change), random.words(step: 1, change))
  }
  if random.words(step: 2, 0)[0] % 2 == 0, bytes.count >= 100 {
    if random.words(step: 2, 0)[1] % 2 == 0 {
      bytes.removeLast(bytes.count % 4096)
      if bytes.isEmpty { return bytes }
    }
    store(UInt32(bytes.count / 4096), at: 28, in: &bytes)
  }
  return bytes
}

private func alter(_ bytes: inout [UInt8], _ w: SIMD4<UInt32>, _ v: SIMD4<UInt32>) {
  let size = bytes.count
  let page = 4096
  let pages = max(size / page, 1)
  // Headers of pages and the pointers after them are what a reader goes by.
  let first = Int(w[0]) % pages * page
  let reach = v[3] % 2 == 0 ? 64 : page
  let place = min(first + Int(w[1]) % reach, size - 1)
  switch w[2] % 12 {
  case 0, 1: bytes[place] ^= 1 << (w[3] & 7)
  case 2: bytes[place] = [0, 1, 2, 5, 10, 13, 0x7F, 0x80, 0xFE, 0xFF][Int(w[3] % 10)]
  case 3: bytes[Int(w[3]) % size] ^= UInt8(truncatingIfNeeded: v[0] | 1)
  case 4:  // a varint of 2^63 or so
    for k in place..<min(place + 9, size) { bytes[k] = 0xFF }
  case 5:
    let values: [UInt32] = [0, 1, 2, .max, 1 << 31, 0x1000_0000, UInt32(pages), UInt32(pages + 1)]
    if place + 4 <= size { store(values[Int(w[3] % 8)], at: place, in: &bytes) }
  case 6: bytes.removeLast(Int(w[3]) % size)
  case 7: bytes.removeLast(size - Int(w[3]) % pages * page)
  case 8: bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: w[3]), count: page)
  case 9, 10:
    let other = Int(w[3]) % pages * page
    guard first + page <= size, other + page <= size else { return }
    let saved = bytes[first..<first + page]
    if w[2] % 12 == 9 {
      bytes.replaceSubrange(first..<first + page, with: bytes[other..<other + page])
    }
    bytes.replaceSubrange(other..<other + page, with: saved)
  default:
    guard first + page <= size else { return }
    let value = UInt8(truncatingIfNeeded: v[1] % 3 == 0 ? 0 : v[1])
    let start = first + (v[2] % 2 == 0 ? 0 : Int(w[1]) % page)
    for k in start..<first + page { bytes[k] = value }
  }
}

private func store(_ word: UInt32, at place: Int, in bytes: inout [UInt8]) {
  withUnsafeBytes(of: word.bigEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
}

/// SQL that puts an odd value into one column, of one row or of all.
func rowChange(_ seed: UInt64) -> String {
  let columns = [
    "session": "program created saved", "content": "id part bytes",
    "dataset": "id name inputs outputs samples x y target_weights test_samples test_x test_y "
      + "test_target_weights moments",
    "experiment": "id data widths activation bias loss init init_scale seed optimizer momentum lr "
      + "l2 l2_center batch sampling temperature gradient_noise label_noise precision step epochs "
      + "parameters first_moment second_moment moment_steps epoch cursor settings",
    "journal": "entry kind source chunk arguments started seconds outcome message",
    "variable": "position name summary", "result": "position json provenance",
    "unsaved": "position entry", "state": "id entry seed random current content",
    "object": "state position kind data experiment owner",
    "object_state": "state object position experiment",
    "call": "position number verb hash has_ended content",
    "call_experiment": "call position experiment",
  ]
  let values = [
    "0", "-1", "1", "2", "12", "2147483647", "4294967296", "9007199254740993",
    "1152921504606846976", "9223372036854775807", "-9223372036854775808", "NULL", "''", "x''",
    "zeroblob(1000000)", "x'FF80'", "CAST(x'FF80' AS TEXT)", "'[]'", "'[2,2]'",
    "'[2,1152921504606846976,2]'", "hex(zeroblob(300000))", "9e999", "-9e999", "1e308", "5e-324",
    "-0.5", "0.5",
  ]
  let random = RandomStream(seed: seed, purpose: .data)
  let w = random.words(step: 0, 0)
  let v = random.words(step: 1, 0)
  let table = columns.keys.sorted()[Int(w[0]) % columns.count]
  let names = (columns[table] ?? "").split(separator: " ")
  let column = names[Int(w[1]) % names.count]
  let other = names[Int(v[0]) % names.count]
  let value =
    switch w[2] % 4 {
    case 0: "(SELECT \(column) FROM \(table) LIMIT 1 OFFSET \(v[1] % 7))"
    case 1: "\(other)"
    default: values[Int(v[1]) % values.count]
    }
  let rows =
    w[3] % 2 == 0
    ? ""
    : " WHERE \(names[0]) = "
      + "(SELECT \(names[0]) FROM \(table) LIMIT 1 OFFSET \(v[2] % 5))"
  return "UPDATE OR REPLACE \(table) SET \(column) = \(value)\(rows)"
}
