#if canImport(Glibc)
  internal import Glibc
#endif
import Kramers

/// The folder that the shards of one run share:
///
///     manifest.json            the run: script, arguments, seed, program, number of shards
///     script                   the script's text
///     ensemble-2/part-3        what shard 3 computed of the second ensemble
///     ensemble-2/part-3.begun  the same, as far as it was when the shard was stopped
///     ensemble-2/whole         all parts, once a shard found them together
///
/// Every file appears whole (written beside and renamed), so that shards need no other message and no
/// lock.
public final class ShardFolder: Sendable {
  public let path: String
  public let manifest: ShardManifest
  /// The text of the script.
  public let script: [UInt8]?
  /// Parts tell by it which run they are of.
  let run: UInt64

  private init(_ path: String, _ manifest: ShardManifest, _ script: [UInt8]?) {
    self.path = path
    self.manifest = manifest
    self.script = script
    run = manifest.bytes.withUnsafeBytes(StateHash.of)
  }

  /// Of a shard: makes the folder, or finds that of the same run.
  public convenience init(
    at path: String, _ manifest: ShardManifest, script: [UInt8]?
  ) throws {
    guard !path.isEmpty else { throw ShardError(64, "--out needs the name of a folder") }
    try Self.make(path)
    let file = path + "/manifest.json"
    if access(file, F_OK) != 0 {
      do {
        // The script first: whoever finds a manifest finds it too.
        if let script { try writeWhole(script, to: path + "/script") }
        try writeWhole(manifest.bytes, to: file)
      } catch { throw ShardError(74, "\(error)") }
    }
    let found = try Self.manifest(at: path)
    if let difference = found.difference(manifest) {
      throw ShardError(65, "\(shownPath(path)) holds parts of another run: \(difference)")
    }
    self.init(path, manifest, script)
  }

  /// Of a merge: finds the folder that shards have written.
  public convenience init(merging path: String) throws {
    let manifest = try Self.manifest(at: path)
    var script: [UInt8]?
    if let checksum = manifest.scriptChecksum {
      do { script = try readWhole(path + "/script") } catch { throw ShardError(66, "\(error)") }
      guard script.map({ hexadecimal($0.withUnsafeBytes(StateHash.of)) }) == checksum else {
        throw ShardError(
          65, "\(shownPath(path))/script is damaged: its checksum is not that of the manifest")
      }
    }
    self.init(path, manifest, script)
  }

  private static func manifest(at path: String) throws -> ShardManifest {
    let file = path + "/manifest.json"
    let bytes: [UInt8]
    do { bytes = try readWhole(file) } catch {
      throw ShardError(66, "\(error): no shard has written there")
    }
    guard let manifest = ShardManifest(bytes) else {
      throw ShardError(65, "\(shownPath(file)) is damaged: it is not what a shard writes")
    }
    return manifest
  }

  private static func make(_ path: String) throws {
    var made = path.hasPrefix("/") ? "" : "."
    for name in path.split(separator: "/") {
      made += "/" + name
      guard mkdir(made, 0o777) == 0 || errno == EEXIST else {
        throw ShardError(74, "\(shownPath(made)): \(String(cString: strerror(errno)))")
      }
    }
  }

  // MARK: Parts

  private func file(_ ensemble: String, _ name: String) -> String {
    "\(path)/ensemble-\(ensemble)/\(name)"
  }

  /// Writes the part of a shard; an unfinished one goes when the whole one is there.
  func write(_ part: ShardPart, isBegun: Bool = false) throws {
    do {
      try Self.make("\(path)/ensemble-\(part.ensemble)")
      let name = file(part.ensemble, "part-\(part.shard)")
      try writeWhole(part.bytes(run: run), to: isBegun ? name + ".begun" : name)
      if !isBegun { unlink(name + ".begun") }
    } catch let error as FileError { throw ShardError(74, "\(error)") }
  }

  func hasPart(_ shard: Int, of ensemble: String) -> Bool {
    access(file(ensemble, "part-\(shard)"), F_OK) == 0
  }

  /// The part of a shard; nil where there is none.
  ///
  /// - Throws: `ShardError` that names the file and what is wrong with it.
  func part(_ shard: Int, of ensemble: String, isBegun: Bool = false) throws -> ShardPart? {
    let path = file(ensemble, "part-\(shard)" + (isBegun ? ".begun" : ""))
    guard access(path, F_OK) == 0 else { return nil }
    let bytes: [UInt8]
    do { bytes = try readWhole(path) } catch { throw ShardError(66, "\(error)") }
    let again = "; delete it and run shard \(shard) again"
    func wrong(_ words: String) -> ShardError { ShardError(65, shownPath(path) + words + again) }
    let (part, run): (ShardPart, UInt64)
    do { (part, run) = try ShardPart.read(bytes) } catch {
      throw wrong(" is damaged: its checksum does not fit its bytes")
    }
    guard run == self.run else {
      throw wrong(" is foreign: it is of another script, program, seed or number of shards")
    }
    guard part.shard == shard else {
      throw wrong(" is a duplicate of part \(part.shard), under another name")
    }
    guard part.ensemble == ensemble else {
      throw wrong(" is of ensemble \(part.ensemble), under another name")
    }
    return part
  }

  /// The shards whose parts of an ensemble are there, by the names of the files alone.
  func shards(with ensemble: String) -> Set<Int> {
    let names = Self.names(in: "\(path)/ensemble-\(ensemble)").filter { $0.hasPrefix("part-") }
    return Set(names.compactMap { Int($0.dropFirst(5)) }.filter((1...manifest.shards).contains))
  }

  public func isComplete(_ ensemble: String) -> Bool {
    shards(with: ensemble).count == manifest.shards
  }

  /// The numbers of the ensembles that some shard has come to.
  private var ensembles: [String] {
    Self.names(in: path).filter { $0.hasPrefix("ensemble-") }.map { String($0.dropFirst(9)) }
  }

  /// Parts of all ensembles.
  public func partCount() -> Int { ensembles.reduce(0) { $0 + shards(with: $1).count } }

  /// The shards that lack a part of an ensemble to which others have come.
  public func missing() -> [Int] {
    var missing: Set<Int> = []
    for ensemble in ensembles {
      let there = shards(with: ensemble)
      missing.formUnion((1...manifest.shards).filter { !there.contains($0) })
    }
    return missing.sorted()
  }

  /// The shard that lacks most parts, the first of several: what there is to do, it has to do.
  public var neediest: Int {
    var lacks = [Int](repeating: 0, count: manifest.shards)
    for ensemble in ensembles {
      let there = shards(with: ensemble)
      for k in lacks.indices where !there.contains(k + 1) { lacks[k] += 1 }
    }
    return (lacks.firstIndex(of: lacks.max() ?? 0) ?? 0) + 1
  }

  /// A file of whoever starts the shards.
  public func write(note: String, named name: String) throws {
    try Self.write(note: note, to: path + "/" + name)
  }

  public static func write(note: String, to path: String) throws {
    do { try writeWhole(Array(note.utf8), to: path) } catch { throw ShardError(74, "\(error)") }
  }

  private static func names(in path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names
  }

  // MARK: Whole ensembles

  /// All parts joined, for the shards that come later; whoever fails to write it does without.
  func write(whole payload: [UInt8], of ensemble: String, digest: UInt64) {
    let part = ShardPart(
      ensemble: ensemble, shard: 0, digest: digest, inputs: .null, payload: payload)
    try? writeWhole(part.bytes(run: run), to: file(ensemble, "whole"))
  }

  /// nil where there is none, or none of this ensemble: it can be made from the parts.
  func whole(of ensemble: String, digest: UInt64) -> [UInt8]? {
    guard let bytes = try? readWhole(file(ensemble, "whole")),
      let (part, run) = try? ShardPart.read(bytes), run == self.run, part.shard == 0,
      part.ensemble == ensemble, part.digest == digest
    else { return nil }
    return part.payload
  }
}

/// What a shard computed of one ensemble.
struct ShardPart {
  /// The ensemble's number: `2`, or `2.1` within a protocol.
  var ensemble: String
  var shard: Int
  /// Of all that the ensemble depends on: experiment, verb, options.
  var digest: UInt64
  /// The same in words, to tell what differs.
  var inputs: Record
  var payload: [UInt8]

  private static let magic = Array("kramers part 1\n".utf8)

  /// With a checksum at the end.
  func bytes(run: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(run)
    writer.write(ensemble)
    writer.write(shard)
    writer.write(digest)
    writer.write(inputs)
    writer.write(payload)
    let content = Self.magic + writer.bytes
    var end = ByteWriter()
    end.write(Double(bitPattern: content.withUnsafeBytes(StateHash.of)))
    return content + end.bytes
  }

  static func read(_ bytes: [UInt8]) throws(ByteError) -> (part: ShardPart, run: UInt64) {
    guard bytes.starts(with: magic), bytes.count >= magic.count + 8 else { throw ByteError() }
    let content = bytes.dropLast(8)
    var end = ByteReader(Array(bytes.suffix(8)))
    guard try end.double().bitPattern == content.withUnsafeBytes({ StateHash.of($0) }) else {
      throw ByteError()
    }
    var reader = ByteReader(Array(content.dropFirst(magic.count)))
    let run = try reader.word()
    let part = ShardPart(
      ensemble: try reader.text(), shard: try reader.natural(), digest: try reader.word(),
      inputs: try reader.value(), payload: try reader.byteList())
    try reader.end()
    return (part, run)
  }
}
