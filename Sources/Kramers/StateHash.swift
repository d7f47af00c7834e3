/// A hash that is the same in every process and on every machine (FNV-1a over 64-bit words, with a
/// shift that brings high bits down): it tells whether a run goes on from where it was. Not for
/// input that somebody might have made to collide.
public struct StateHash: Sendable {
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  public init() {}

  public mutating func add(_ word: UInt64) {
    value = (value ^ word) &* 0x0000_0100_0000_01B3
    value ^= value >> 32
  }

  public mutating func add(_ words: String) {
    for byte in words.utf8 { add(UInt64(byte)) }
    add(UInt64(words.utf8.count))
  }

  public mutating func add(_ values: [Double]) {
    for x in values { add(x.bitPattern) }
    add(UInt64(values.count))
  }

  /// Adds bytes as little-endian words, the last one filled up with zeros, and their number.
  public mutating func add(bytes: UnsafeRawBufferPointer) {
    let whole = bytes.count / 8
    for k in 0..<whole {
      add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * k, as: UInt64.self)))
    }
    if whole * 8 < bytes.count {
      var last: UInt64 = 0
      for (place, byte) in bytes[(whole * 8)...].enumerated() {
        last |= UInt64(byte) << (8 * place)
      }
      add(last)
    }
    add(UInt64(bytes.count))
  }

  /// The hash of an array's bits and length, by which data sets and session files know it.
  public static func of(_ values: [Double]) -> UInt64 { values.withUnsafeBytes(of) }

  /// The same of bytes: an array of doubles hashes like its little-endian bytes.
  public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    var hash = StateHash()
    hash.add(bytes: bytes)
    return hash.value
  }
}

extension Experiment {
  /// Adds all that decides how the experiment goes on: the data by their checksum, the network,
  /// every setting, the seed and the state.
  public func add(to hash: inout StateHash) {
    hash.add(data.checksum)
    hash.add("\(network.widths) \(network.activation) \(network.bias) \(network.loss)")
    hash.add("\(initialization)")
    hash.add([initScale])
    settings.add(to: &hash)
    hash.add(seed)
    hash.add(fieldsOf: state)
  }
}

extension StateHash {
  /// Adds every stored property with its name, so that none can be forgotten: numbers by their
  /// bits, anything else as it prints.
  mutating func add(fieldsOf value: Any) {
    for (name, field) in Mirror(reflecting: value).children {
      add(name ?? "")
      switch field {
      case let values as [Double]: add(values)
      case let values as [Double]?:
        add(values == nil ? 0 : 1)
        add(values ?? [])
      case let x as Double: add(x.bitPattern)
      case let x as Double?:
        add(x == nil ? 0 : 1)
        add(x?.bitPattern ?? 0)
      default: add("\(field)")
      }
    }
  }
}

extension Settings {
  func add(to hash: inout StateHash) {
    for setting in Setting.all {
      hash.add(setting.name)
      switch self[setting] {
      case .number(let x): hash.add([x])
      case .flag(let flag): hash.add(flag ? 1 : 0)
      case .word(let word): hash.add(word)
      case .count(let count): hash.add(UInt64(count ?? 0))
      case .vector(let vector): hash.add(vector ?? [])
      }
    }
  }
}
