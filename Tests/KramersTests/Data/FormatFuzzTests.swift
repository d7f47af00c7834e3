import Fuzzing
import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Bytes flipped, replaced, inserted, removed, copied, and cut: up to four changes a mutant, most of
/// them in the first 160 bytes, where the headers are.
private func mutant(of original: [UInt8], _ seed: UInt64) -> [UInt8] {
  let random = RandomStream(seed: seed, purpose: .data)
  var bytes = original
  let changes = 1 + random.words(step: 0, 0)[0] % 4
  for change in 1...changes {
    let w = random.words(step: 0, change)
    let reach = w[3] % 4 == 0 ? bytes.count : min(bytes.count, 160)
    guard reach > 0 else { break }
    let place = RandomStream.below(reach, w[0], w[1])
    let special: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, 0x22, 0x27, 0x2C, 0x0A, 0x0D, 0x28, 0x7B, 0x39]
    let byte = w[2] & 1 == 0 ? special[Int(w[2] >> 8) % special.count] : UInt8(w[2] >> 8 & 0xFF)
    switch w[3] >> 8 % 6 {
    case 0: bytes[place] ^= 1 << (w[2] & 7)
    case 1: bytes[place] = byte
    case 2: bytes.insert(byte, at: place)
    case 3: bytes.remove(at: place)
    case 4: bytes.removeSubrange(place...)
    default:
      let length = min(bytes.count - place, Int(w[2] >> 16 % 16))
      bytes.insert(contentsOf: bytes[place..<place + length], at: place)
    }
  }
  return bytes
}

/// Peak resident memory of the process in bytes.
private func peakMemory() -> Int {
  var usage = rusage()
  getrusage(0 /* RUSAGE_SELF */, &usage)
  return usage.ru_maxrss * 1024
}

/// Reads mutants of `original`: each must be read or refused, and the sizes claimed by
/// damaged headers must not be taken at their word. `count` is the number of doubles in a result.
private func fuzz(
  _ reader: String, _ original: [UInt8], _ count: ([UInt8]) throws(InputError) -> Int
) {
  let before = peakMemory()
  var accepted: UInt64 = 0
  // 16 files share .3 of the minutes.
  var seeds = FuzzSeeds(reader, normal: 100, long: 2_000, share: 0.3 / 16)
  while let seed = seeds.next() {
    let bytes = mutant(of: original, seed)
    do throws(InputError) {
      let size = try count(bytes)
      accepted += 1
      // One-hot labels turn a byte into up to 65536 doubles; nothing else grows at all.
      #expect(size <= 65_536 * 10 * (bytes.count + 1), "seed \(seed)")
    } catch { #expect(!error.description.isEmpty) }
  }
  #expect(accepted < seeds.count)
  // Other suites run beside this one: the limit is loose, but 2^30 doubles would break it.
  #expect(peakMemory() - before < 1 << 31)
}

private func size(_ data: Dataset) -> Int {
  (data.train?.x.count ?? 0) + (data.train?.y.count ?? 0) + (data.test?.y.count ?? 0)
}

@Suite("mutated files", .serialized)
struct FormatFuzzTests {
  @Test("npy")
  func npy() {
    for hex in [npyVersion2, npyFortranBig, npyByType[0].hex, npyColumn] {
      fuzz("npy", bytes(hex: hex)) { bytes throws(InputError) in
        try NPYArray(bytes, name: "x").values.count
      }
    }
    let y = bytes(hex: npyVersion2)
    fuzz("npy", y) { bytes throws(InputError) in try size(Dataset.npy(x: bytes, y: y)) }
  }

  @Test("npz")
  func npz() {
    let array = bytes(hex: npyFortran)
    for isWide in [false, true] {
      let archive = zipArchive(
        [("x.npy", array, true), ("y.npy", array, false)], isWide: isWide)
      fuzz("npz", archive) { bytes throws(InputError) in try size(Dataset.npz(bytes, file: "a.npz"))
      }
    }
  }

  @Test("idx, plain and gzip")
  func idx() {
    let labels = bytes(hex: idxLabels)
    for hex in [idxImages, idxImagesGzip] {
      fuzz("idx", bytes(hex: hex)) { bytes throws(InputError) in
        try size(Dataset.idx(images: bytes, labels: labels))
      }
    }
    let images = bytes(hex: idxImages)
    for hex in [idxLabels, idxLabelsGzip] {
      fuzz("idx", bytes(hex: hex)) { bytes throws(InputError) in
        try size(Dataset.idx(images: images, labels: bytes))
      }
    }
  }

  @Test("safetensors")
  func safetensors() throws {
    let network = try Network(widths: [2, 3, 1], activation: .tanh, bias: true)
    for hex in [safetensorsF64, safetensorsF32, safetensorsOurs] {
      fuzz("safetensors", bytes(hex: hex)) { bytes throws(InputError) in
        try importedParameters(fromSafetensors: bytes, for: network).parameters.count
      }
    }
  }

  @Test("csv")
  func csv() {
    let text = "a,\"b \"\"x\"\"\",c\r\n" + (0..<12).map { "\($0),\"\($0).5\",-1e\($0)\n" }.joined()
    for inputs in [nil, [CSVColumn.number(1)]] {
      fuzz("csv", Array(text.utf8)) { bytes throws(InputError) in
        try size(Dataset.csv(bytes, inputs: inputs, targets: [3]))
      }
    }
  }
}
