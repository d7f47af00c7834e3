import Testing

@testable import Kramers

/// A zip archive of empty entries with these names: central directory and its end, as in the file of
/// any packer.
private func zip(_ names: [String]) -> [UInt8] {
  func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(value >> (8 * $0) & 0xFF) }
  }
  var bytes: [UInt8] = []
  var directory: [UInt8] = []
  for name in names {
    let text = Array(name.utf8)
    let common = little(0, 6) + little(0, 2) + little(0, 12) + little(text.count, 2) + little(0, 2)
    directory += little(0x0201_4B50, 4) + little(20, 2) + little(20, 2) + common + little(0, 10)
    directory += little(bytes.count, 4) + text
    bytes += little(0x0403_4B50, 4) + little(20, 2) + common + text
  }
  let start = bytes.count
  let end =
    little(0x0605_4B50, 4) + little(0, 4) + little(names.count, 2) + little(names.count, 2)
    + little(directory.count, 4) + little(start, 4) + little(0, 2)
  return bytes + directory + end
}

private func text(_ words: String) -> [UInt8] { Array(words.utf8) }

private let network = try? Network(widths: [1, 1])

/// What each reader says of the bytes.
private func readers(_ file: [UInt8]) throws -> [String] {
  let network = try #require(network)
  return [
    refusal { () throws(InputError) in try Dataset.csv(file, targets: [1]) },
    refusal { () throws(InputError) in try Dataset.npy(x: file, y: file) },
    refusal { () throws(InputError) in try Dataset.idx(images: file, labels: file) },
    refusal { () throws(InputError) in
      try importedParameters(fromSafetensors: file, for: network)
    },
  ]
}

@Suite("files of other formats")
struct ForeignFormatTests {
  static let files: [(name: String, bytes: [UInt8], words: String)] = [
    (
      "lfs", text("version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 1234\n"),
      "it is a Git LFS pointer, not the file itself; git lfs pull fetches it"
    ),
    (
      "npz", zip(["x.npy", "y.npy"]), "it is an npz archive with the arrays 'x', 'y'"
    ),
    ("npz of one", zip(["arr_0.npy"]), "it is an npz archive with the array 'arr_0'"),
    ("torch", zip(["model/data.pkl", "model/data/0"]), "it is a PyTorch file of torch.save"),
    ("xlsx", zip(["[Content_Types].xml", "xl/workbook.xml"]), "it is a spreadsheet"),
    ("zip", zip(["a.csv"]), "it is a zip archive"), ("empty zip", zip([]), "it is a zip archive"),
    (
      "pickle", [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20], "it is a Python pickle"
    ),
    ("html", text("\n<!DOCTYPE html><html>Sign in</html>"), "it is an HTML page"),
    ("html without", text("<HTML><body>404</body></HTML>"), "it is an HTML page"),
    ("hdf5", [0x89] + text("HDF\r\n") + [0x1A, 10, 0, 0], "it is an HDF5 file"),
    ("parquet", text("PAR1....PAR1"), "it is a Parquet file"),
    ("matlab", text("MATLAB 5.0 MAT-file, Platform: GLNXA64"), "it is a MATLAB file"),
    ("pdf", text("%PDF-1.7 and so on"), "it is a PDF document"),
    ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0, 0, 4, 0xE6], "it is compressed with xz"),
    ("zstd", [0x28, 0xB5, 0x2F, 0xFD, 4, 0x58, 1, 0, 0], "it is compressed with zstd"),
    ("sqlite", text("SQLite format 3\0") + [16, 0, 1, 1], "it is an SQLite database"),
    (
      "tar", text("x.npy") + [UInt8](repeating: 0, count: 252) + text("ustar"),
      "it is a tar archive"
    ),
  ]

  @Test("every reader names what the file is", arguments: files.indices)
  func named(index: Int) throws {
    let (name, bytes, words) = Self.files[index]
    for sentence in try readers(bytes) {
      #expect(sentence.contains(words), "\(name): \(sentence)")
    }
  }

  @Test("gzip is read by idx, and named by the others; what is inside is named, too")
  func gzip() throws {
    let zipped = bytes(hex: idxLabelsGzip)
    let sentences = try readers(zipped)
    for k in [0, 1, 3] {
      #expect(sentences[k].hasSuffix("it is compressed with gzip; gunzip unpacks it"))
    }
    #expect(!sentences[2].contains("gzip"))
  }

  @Test("each reader's own format is named by the others")
  func exchanged() throws {
    let npy = try readers(bytes(hex: npyVersion2))
    for k in [0, 2, 3] { #expect(npy[k].contains("it is an npy array"), "\(npy[k])") }
    let tensors = try readers(bytes(hex: safetensorsF64))
    for k in [0, 1] { #expect(tensors[k].contains("it is a safetensors file"), "\(tensors[k])") }
    let binary = try readers([1, 2, 3, 0, 5, 6, 7, 8, 9, 10])
    #expect(binary[0] == "is no csv: it holds bytes that are 0, as binary files and UTF-16 text do")
    let wide = Array("a,b\n1,2\n".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    #expect(try readers(wide)[0].hasPrefix("is no csv: it holds bytes that are 0"))
    #expect(try readers([0xFF, 0xFE] + wide)[0].hasSuffix("it is UTF-16 text; save it as UTF-8"))
  }

  @Test("damaged archives are named without reading beyond their ends")
  func damaged() throws {
    let whole = zip(["x.npy", "y.npy"])
    for length in 4..<whole.count {
      #expect(try readers(Array(whole[..<length]))[1].contains("archive"), "cut to \(length)")
    }
    for place in whole.indices.dropFirst(4) {
      var bytes = whole
      bytes[place] = 0xFF
      #expect(try readers(bytes)[1].hasPrefix("x is no npy file: it is "), "\(place)")
    }
  }
}
