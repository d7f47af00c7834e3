import Foundation
import Testing

private let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

@Suite("a thousand shards")
struct ManyShardsTests {
  /// Measured at 1,000 shards of three ensembles: .5 s and 31 MB.
  @Test("are merged in less than 10 s and 200 MB, with about 1 kB a part")
  func merge() throws {
    let count = isLong ? 1000 : 60
    let bench = try ShardBench()
    let script = try bench.script(
      quickChain + """
        for i, T in ipairs { dE / 2, dE / 2.5, dE / 3 } do
          emit(measure_escape { temperature = T, replicas = 4000, stream = i })
        end
        """)
    let shards = try shell(
      "for k in $(seq \(count)); do $KRAMERS --quiet --shard $k/\(count) --out \(bench.parts) "
        + "\(script) || exit; done", timeout: 600)
    #expect(shards.status == 0, "\(shards.errors)")
    // The shards' joint files are of no use to whoever has them not.
    for n in 1...3 {
      try FileManager.default.removeItem(atPath: bench.parts + "/ensemble-\(n)/whole")
    }
    let tree = try #require(FileManager.default.enumerator(atPath: bench.parts))
    let files = tree.allObjects.count
    let start = Date()
    let merge = try RunningBinary([
      binary.path, "--max-memory", "200M", "--merge", bench.parts,
    ]).finish()
    let seconds = Date().timeIntervalSince(start)
    #expect(seconds < 10)
    #expect(try merge.status == 0 && merge.output == kramers(script).output, "\(merge.errors)")
    let folder = bench.parts + "/ensemble-1"
    let parts = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(parts.count == count)
    let bytes = try parts.map { name in
      let attributes = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
      return try #require(attributes[.size] as? Int)
    }
    // The table of docs/clusters.md.
    print(
      "shards: \(count) of 3 ensembles of 4000 replicas: \(bytes.max() ?? 0) bytes a part, "
        + "\(files) files and folders, merged in \((seconds * 100).rounded() / 100) s")
    // Replicas are at most 6 bytes each.
    #expect((bytes.max() ?? 0) < 1000 + 6 * (4000 / count + 1), "\(bytes.max() ?? 0)")
  }
}
