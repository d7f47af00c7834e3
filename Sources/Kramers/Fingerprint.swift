extension Experiment {
  /// A number that two experiments share when they stand at the same weights of the same network
  /// on data of the same moments, with the same centre of the L2 term: what results must agree on
  /// before they are put together. FNV-1a over bit patterns (Fowler, Noll and Vo, RFC 9923): a
  /// check against mistakes, not against malice.
  public func fingerprint(l2Center: [Double]? = nil) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    func mix(_ word: UInt64) {
      for shift in stride(from: UInt64(0), to: 64, by: 8) {
        hash = (hash ^ (word >> shift & 0xFF)) &* 0x100_0000_01B3
      }
    }
    for width in network.widths { mix(UInt64(width)) }
    for name in [network.activation.rawValue, network.loss.rawValue, "\(network.bias)"] {
      for byte in name.utf8 { mix(UInt64(byte)) }
    }
    mix(UInt64(data.sampleCount ?? 0))
    for value in data.moments.xx.values { mix(value.bitPattern) }
    for value in data.moments.yx.values { mix(value.bitPattern) }
    mix(data.moments.traceYY.bitPattern)
    for value in state.parameters { mix(value.bitPattern) }
    for value in l2Center ?? [] { mix(value.bitPattern) }
    return hash
  }
}
