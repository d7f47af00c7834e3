extension Experiment {
  /// A number that two experiments share when they stand at the same weights of the same network
  /// on data of the same moments, with the same centre of the L2 term: what results must agree on
  /// before they are put together. A check against mistakes, not against malice.
  public func fingerprint(l2Center: [Double]? = nil) -> UInt64 {
    var hash = StateHash()
    for width in network.widths { hash.add(UInt64(width)) }
    for word in [network.activation.rawValue, network.loss.rawValue, "\(network.bias)"] {
      hash.add(word)
    }
    hash.add(UInt64(data.sampleCount ?? 0))
    hash.add(data.moments.flat)
    hash.add(state.parameters)
    hash.add(l2Center ?? [])
    return hash.value
  }
}
