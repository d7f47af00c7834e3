import Foundation
import Fuzzing
import Kramers
import Testing

@testable import KramersBindings

/// One to four changes of bytes, numbers, words, and pieces.
private func mutant(of original: [UInt8], _ random: RandomStream) -> [UInt8] {
  var bytes = original
  let words: [[UInt8]] = [
    Array("null".utf8), Array("-1".utf8), Array("1e999".utf8), Array("\"\\uD800\"".utf8),
    Array(String(repeating: "[", count: 4000).utf8), Array("99999999999999999999".utf8),
    Array("\"shards\":100000".utf8), Array("../".utf8), [0xFF, 0xFE, 0],
    [UInt8](repeating: 0xFF, count: 9),
    [UInt8](repeating: 0x80, count: 9), [UInt8](repeating: 0, count: 300),
  ]
  for change in 1...1 + random.words(step: 0, 0)[0] % 4 {
    let w = random.words(step: 0, change)
    let v = random.words(step: 1, change)
    let place = RandomStream.below(bytes.count + 1, w[0])
    switch w[1] % 8 {
    case 0 where place < bytes.count, 1 where place < bytes.count:
      bytes[place] ^= 1 << UInt8(w[2] % 8)
    case 2 where place < bytes.count:
      bytes[place] = [0, 1, 0x22, 0x2C, 0x30, 0x39, 0x7D, 0x7F, 0x80, 0xFF][Int(w[2] % 10)]
    case 3: bytes.insert(UInt8(w[2] % 256), at: place)
    case 4: bytes.removeSubrange(place..<min(place + Int(w[2] % 24), bytes.count))
    case 5 where v[0] % 4 == 0: bytes.removeSubrange(place...)
    case 6: bytes.insert(contentsOf: words[Int(w[2]) % words.count], at: place)
    default:
      let start = RandomStream.below(bytes.count + 1, v[1])
      let piece = bytes[start..<min(start + Int(v[2] % 60), bytes.count)]
      bytes.insert(contentsOf: piece, at: place)
    }
  }
  return bytes
}

/// A part whose checksum is right again: of other bytes, or of a payload or fields that were changed
/// before it was written.
private func rehashed(_ original: [UInt8], _ random: RandomStream) -> [UInt8] {
  guard var (part, run) = try? ShardPart.read(original) else { return original }
  let w = random.words(step: 2, 0)
  switch w[0] % 8 {
  case 0: part.digest ^= UInt64(w[1])
  case 1: part.shard = [0, 1, 2, 3, 4, .max][Int(w[1] % 6)]
  case 2: part.inputs = .array([.null, .object([.init("l2", .number(.nan))])])
  case 3:
    let content = mutant(of: Array(original.dropLast(8)), random)
    var end = ByteWriter()
    end.write(Double(bitPattern: content.withUnsafeBytes(StateHash.of)))
    return content + end.bytes
  default: part.payload = mutant(of: part.payload, random)
  }
  if w[2] % 16 == 0 { run ^= 1 }
  return part.bytes(run: run)
}

private func contents(_ path: String) -> [UInt8] {
  FileManager.default.contents(atPath: path).map(Array.init) ?? []
}

@Suite("mutated files of shards", .serialized)
struct ShardFuzzTests {
  /// A run of 3 shards: replicas, replicas in the middle, and items.
  private static func filled() throws -> ShardBench {
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        emit(measure_escape { temperature = dE / 3, replicas = 9, dwell = 20 })
        emit { cluster.map({ 1, 2.5, "three", { a = { 1, 2 } } }, function(v) return { v, v } end) }
        """)
    for k in 1...3 { #expect(try bench.shard(k, of: 3, script).status == 0) }
    return bench
  }

  @Test("are read as what they were, or refused, whatever stands in them")
  func readers() throws {
    let bench = try Self.filled()
    let manifest = contents(bench.parts + "/manifest.json")
    let estimate = Array(ShardEstimate(shard: 3, measured: 5.25, expected: 1e3).line.utf8)
    let parts = ["ensemble-1/part-1", "ensemble-1/whole", "ensemble-2/part-2"].map {
      contents(bench.parts + "/" + $0)
    }
    let written = try #require(ShardManifest(manifest))
    #expect(ShardEstimate(estimate)?.expected == 1e3)
    var seeds = FuzzSeeds("shards: readers", normal: 3_000, long: 100_000, share: 0.05)
    var (damaged, decoded) = (0, 0)
    while let seed = seeds.next() {
      let random = RandomStream(seed: seed, purpose: .data)
      let text = mutant(of: manifest, random)
      if let read = ShardManifest(text) {
        // Another run, or the same in every byte.
        #expect((read == written) == (text == manifest), "seed \(seed)")
      } else {
        damaged += 1
      }
      if let read = ShardEstimate(mutant(of: estimate, random)) {
        #expect(read.measured >= 0 && read.expected ?? 0 >= 0, "seed \(seed)")
      }
      let original = parts[Int(seed % 3)]
      let raw = mutant(of: original, random)
      #expect((try? ShardPart.read(raw)) == nil || raw == original, "seed \(seed)")
      guard let (part, _) = try? ShardPart.read(rehashed(original, random)) else { continue }
      var reader = ByteReader(part.payload)
      if let escapes = try? EscapePart(from: &reader) {
        decoded += 1
        let steps = escapes.expectedSteps(maxSteps: .max)
        #expect(steps.steps >= 0 && escapes.ended >= 0, "seed \(seed)")
        let share = EnsembleShare(index: 0, count: 3)
        if let progress = EnsembleProgress(escapes, of: share) {
          #expect(progress.part(share) == escapes, "seed \(seed)")
        }
        _ = EnsembleProgress(joining: [escapes, escapes, escapes], offset: 1)
      }
      reader = ByteReader(part.payload)
      if let units = try? UnitsPart(from: &reader) { decoded += units.total >= 0 ? 1 : 0 }
    }
    #expect(damaged > Int(seeds.count) / 2 && decoded > Int(seeds.count) / 20)
  }

  /// What a mutant of a folder may come to.
  private enum Damage { case bytes, rehashed, begun }

  @Test("merge to the right bytes, or are named: no crash, no hang, and nothing in their place")
  func merges() throws {
    let bench = try Self.filled()
    let right = try bench.merge()
    try #require(right.status == 0)
    let names = [
      "manifest.json", "script", "ensemble-1/part-1", "ensemble-1/part-2", "ensemble-1/part-3",
      "ensemble-1/whole", "ensemble-2/part-1", "ensemble-2/part-3", "ensemble-2/whole",
    ]
    let files = FileManager.default
    let whole = Dictionary(
      uniqueKeysWithValues: names.map { ($0, contents(bench.parts + "/" + $0)) })
    var tally: [String: Int] = [:]
    var seeds = FuzzSeeds("shards: merges", normal: 60, long: 3_000, share: 0.2)
    while let seed = seeds.next() {
      let random = RandomStream(seed: seed, purpose: .data)
      let w = random.words(step: 3, 0)
      let name = names[Int(w[0]) % names.count]
      let path = bench.parts + "/" + name
      let original = whole[name] ?? []
      var damage = Damage.bytes
      func put(_ bytes: [UInt8], at path: String = path) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
      }
      switch w[1] % 8 {
      case 0:  // gone, another file under its name, a folder, or a link to itself
        try files.removeItem(atPath: path)
        switch w[2] % 4 {
        case 0: break
        case 1: try put(whole[names[Int(w[3]) % names.count]] ?? [])
        case 2: try files.createDirectory(atPath: path, withIntermediateDirectories: false)
        default: try files.createSymbolicLink(atPath: path, withDestinationPath: path)
        }
      case 1...3 where name.contains("ensemble"):
        damage = .rehashed
        try put(rehashed(original, random))
      case 4 where name.contains("part"):  // a part that was begun
        damage = .begun
        try files.removeItem(atPath: path)
        try put(mutant(of: original, random), at: path + ".begun")
        let shard = Int(name.suffix(1)) ?? 1
        let run = try bench.shard(shard, of: 3, bench.folder + "/s.lua")
        #expect(run.status == 0, "seed \(seed): \(run.errors)")
      default: try put(mutant(of: original, random))
      }
      let run = try RunningBinary([binary.path, "--merge", bench.parts]).finish(timeout: 20)
      let isRight = run.output == right.output
      let comment: Comment = "seed \(seed), \(name): \(run.status) \(run.errors.prefix(500))"
      #expect(run.signal == nil, comment)
      switch (run.status, damage) {
      case (0, .rehashed):  // what others computed, as far as anybody can tell
        #expect(run.records.count == right.records.count, comment)
      case (0, _): #expect(isRight, comment)
      case (1, .rehashed): #expect(run.errors.contains("s.lua:"), comment)
      case (65, _), (66, .bytes), (75, .bytes): #expect(!run.errors.isEmpty && !isRight, comment)
      default: Issue.record(comment)
      }
      tally["\(damage) \(run.status)", default: 0] += 1
      for (name, bytes) in whole where contents(bench.parts + "/" + name) != bytes {
        try? files.removeItem(atPath: bench.parts + "/" + name)
        try put(bytes, at: bench.parts + "/" + name)
      }
    }
    print("shards: merges:", tally.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" })
    #expect(tally["bytes 65"] ?? 0 > 0 && tally["begun 0"] ?? 0 > 0)
  }
}
