/// What a file is that is not what a reader expected, as the end of "it is ...": `a Git LFS pointer,
/// not the file itself; ...`, with what to do. nil where the first bytes tell nothing.
///
/// Every reader asks this only after the bytes failed its own test, so that no format is refused for
/// resembling another.
public func foreignFormat(_ bytes: UnsafeRawBufferPointer) -> String? {
  func begins(_ magic: [UInt8], at offset: Int = 0) -> Bool {
    bytes.count >= offset + magic.count
      && magic.indices.allSatisfy { bytes[offset + $0] == magic[$0] }
  }
  func begins(_ text: StaticString, at offset: Int = 0) -> Bool {
    begins((0..<text.utf8CodeUnitCount).map { text.utf8Start[$0] }, at: offset)
  }

  if begins("version https://git-lfs") {
    return "a Git LFS pointer, not the file itself; git lfs pull fetches it"
  }
  if begins("PK\u{3}\u{4}") || begins("PK\u{5}\u{6}") { return zipFormat(bytes) }
  if begins([0x1F, 0x8B]) { return "compressed with gzip; gunzip unpacks it" }
  if begins([0x80]), bytes.count > 2, (2...5).contains(bytes[1]) {
    return "a Python pickle, perhaps of torch.save, which is a program and is not run here; "
      + saveSafetensors
  }
  if begins([0x89] + Array("HDF\r\n".utf8)) { return "an HDF5 file" }
  if begins([0x93] + Array("NUMPY".utf8)) { return "an npy array, which data.npy reads" }
  if begins("SQLite format 3\0") { return "an SQLite database, perhaps a session" }
  for (magic, words) in [
    ("MATLAB 5.0", "a MATLAB file"), ("PAR1", "a Parquet file"), ("ARROW1", "an Arrow file"),
    ("%PDF", "a PDF document"), ("BZh", "compressed with bzip2"), ("\u{7F}ELF", "a program"),
  ] where begins(Array(magic.utf8)) { return words }
  let binary: [([UInt8], String)] = [
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "compressed with xz"),
    ([0x28, 0xB5, 0x2F, 0xFD], "compressed with zstd"),
    ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7z archive"),
    ([0x89, 0x50, 0x4E, 0x47], "a PNG picture"), ([0xFF, 0xD8, 0xFF], "a JPEG picture"),
    ([0xFF, 0xFE], "UTF-16 text; save it as UTF-8"),
    ([0xFE, 0xFF], "UTF-16 text; save it as UTF-8"),
  ]
  for (magic, words) in binary where begins(magic) { return words }
  if begins("ustar", at: 257) { return "a tar archive; tar -x unpacks it" }
  if bytes.count > 10, bytes[8] == UInt8(ascii: "{"), bytes[2..<8].allSatisfy({ $0 == 0 }) {
    return "a safetensors file, which import reads"
  }
  let mark = begins([0xEF, 0xBB, 0xBF]) ? 3 : 0
  let start = String(
    decoding: bytes.dropFirst(mark).prefix(200).drop { $0 <= 0x20 }.prefix(15), as: UTF8.self
  ).lowercased()
  if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") {
    return "an HTML page, perhaps of a login or an error in place of the file"
  }
  if start.hasPrefix("<?xml") { return "an XML document" }
  return nil
}

/// ` : it is ...`, or nothing, to stand behind "is no ... file".
func foreignHint(_ bytes: UnsafeRawBufferPointer) -> String? {
  foreignFormat(bytes).map { ": it is \($0)" }
}

private let saveSafetensors =
  "safetensors.torch.save_file(model.state_dict(), path) writes what import reads"

private func zipFormat(_ bytes: UnsafeRawBufferPointer) -> String {
  let names = zipNames(bytes)
  let arrays = names.filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
  if !arrays.isEmpty {
    let list = arrays.prefix(6).map { "'\(shown($0.utf8))'" }.joined(separator: ", ")
    return "an npz archive with \(arrays.count == 1 ? "the array" : "the arrays") \(list)"
      + "\(arrays.count > 6 ? ", ..." : ""); numpy.save writes one array a file, which data.npy reads"
  }
  if names.contains(where: { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }) {
    return "a PyTorch file of torch.save (a zip with a pickle); " + saveSafetensors
  }
  if names.contains(where: { $0.hasPrefix("xl/") || $0 == "[Content_Types].xml" }) {
    return "a spreadsheet or an office document; save it as csv"
  }
  return "a zip archive; unzip unpacks it"
}

/// The names in a zip archive's central directory; without one, that of the first entry.
///
/// Source: PKWARE, APPNOTE.TXT 6.3.
private func zipNames(_ bytes: UnsafeRawBufferPointer) -> [String] {
  func number(_ offset: Int, _ size: Int) -> Int {
    (0..<size).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }
  func name(_ offset: Int, _ length: Int) -> String {
    String(decoding: bytes[offset..<min(bytes.count, offset + length)], as: UTF8.self)
  }
  var names: [String] = []
  let last = bytes.count - 22
  var end = last
  while end >= 0, end > last - 65_536, number(end, 4) != 0x0605_4B50 { end -= 1 }
  if end >= 0, number(end, 4) == 0x0605_4B50 {
    var entry = number(end + 16, 4)
    while names.count < 1000, entry + 46 <= bytes.count, number(entry, 4) == 0x0201_4B50 {
      let length = number(entry + 28, 2)
      names.append(name(entry + 46, length))
      entry += 46 + length + number(entry + 30, 2) + number(entry + 32, 2)
    }
  }
  if names.isEmpty, bytes.count > 30 { names = [name(30, number(26, 2))] }
  return names
}
