#if canImport(Glibc)
  internal import Glibc
#endif
import Kramers

/// What a folder of parts belongs to: the run that one process would be.
public struct ShardManifest: Sendable, Equatable {
  /// `kramers 0.2.0`.
  public var program: String
  /// A checksum of the program's file.
  public var build: String
  public var script: String?
  public var scriptChecksum: String?
  public var code: [String]
  public var arguments: [String]
  public var seed: UInt64
  public var shards: Int

  /// - Parameter text: of the script.
  public init(_ options: ProgramOptions, text: [UInt8]?, shards: Int) {
    program = "kramers " + options.version
    build = hexadecimal(programChecksum)
    script = options.script
    scriptChecksum = text.map { hexadecimal($0.withUnsafeBytes(StateHash.of)) }
    code = options.code
    arguments = options.arguments
    seed = options.seed
    self.shards = shards
  }

  private var record: Record {
    [
      "kind": "shards", "program": program, "build": build, "script": script,
      "script_checksum": scriptChecksum, "code": code, "arguments": arguments,
      "seed": hexadecimal(seed), "shards": shards,
    ]
  }

  var bytes: [UInt8] { jsonLineBytes(record) + [UInt8(ascii: "\n")] }

  /// nil for bytes that are no manifest.
  init?(_ bytes: [UInt8]) {
    guard let record = try? bytes.withUnsafeBytes({ try Kramers.record(fromJSON: $0) }),
      case .text(let program)? = record["program"], case .text(let build)? = record["build"],
      case .integer(let shards)? = record["shards"], (1...Shard.most).contains(shards),
      case .text(let seedText)? = record["seed"], let seed = UInt64(seedText, radix: 16)
    else { return nil }
    func text(_ name: String) -> String? {
      if case .text(let words)? = record[name] { words } else { nil }
    }
    func texts(_ name: String) -> [String] {
      guard case .array(let items)? = record[name] else { return [] }
      return items.compactMap { if case .text(let words) = $0 { words } else { nil } }
    }
    self.program = program
    self.build = build
    self.shards = shards
    self.seed = seed
    script = text("script")
    scriptChecksum = text("script_checksum")
    code = texts("code")
    arguments = texts("arguments")
    // What was written by hand or by another version would be read as something else.
    guard self.bytes == bytes else { return nil }
  }

  /// In words, how another run differs from this one; nil where it is the same.
  public func difference(_ now: ShardManifest) -> String? {
    func words(_ name: String, _ was: String?, _ is: String?) -> String? {
      was == `is` ? nil : "its \(name) is \(was ?? "none") there and \(`is` ?? "none") here"
    }
    func list(_ words: [String]) -> String { words.joined(separator: " ") }
    return words("number of shards", "\(shards)", "\(now.shards)")
      ?? words("program", program, now.program) ?? words("program's checksum", build, now.build)
      ?? words("script", script, now.script)
      ?? words("script's checksum", scriptChecksum, now.scriptChecksum)
      ?? words("seed", "\(Int64(bitPattern: seed))", "\(Int64(bitPattern: now.seed))")
      ?? words("arguments", list(arguments), list(now.arguments))
      ?? words("-e code", list(code), list(now.code))
  }
}

/// Of the file that runs.
private let programChecksum: UInt64 = {
  var hash = StateHash()
  guard let file = fopen("/proc/self/exe", "rb") else { return 0 }
  defer { fclose(file) }
  var buffer = [UInt8](repeating: 0, count: 1 << 20)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { return hash.value }
    buffer.withUnsafeBytes { hash.add(bytes: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }
}()
