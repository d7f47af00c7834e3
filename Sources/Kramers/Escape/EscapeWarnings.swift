extension EscapeResult {
  /// What a reader should know before believing the numbers; each names the one that it rests on.
  public var warnings: [String] {
    var sentences: [String] = []
    if isDeterministic {
      sentences.append(
        isAtRest
          ? "nothing is random, and the state is stationary: it is never left without noise"
          : "nothing is random (full batch, no other noise): one replica was run for all")
    } else if diverged > 0, allowsDivergence {
      sentences.append(
        "\(diverged) of \(times.count) replicas diverged, a competing end: tau is that of escape among "
          + "those at risk, if divergence came independently of it")
    }
    if case .testLoss = observable, let testCount, testCount < 10 {
      sentences.append(
        "the test set has \(testCount) sample\(testCount == 1 ? "" : "s"): its loss says little about "
          + "generalisation")
    }
    if thermalFloor >= 0.5 * threshold, thermalFloor > 0, case .mode = observable, threshold > 0 {
      sentences.append(
        "the threshold \(plainNumber(rounded(threshold))) stands beside the thermal floor: noise alone "
          + "gives the mode \(plainNumber(rounded(thermalFloor)))")
    }
    if withheld == nil, (1..<10).contains(rate.escapes) {
      sentences.append(
        "tau and median rest on \(rate.escapes) escape\(rate.escapes == 1 ? "" : "s")")
    }
    if withheld == nil, rate.escapes > 0, rate.tau == 0 {
      sentences.append(
        "all \(rate.escapes) escaped by the first look: tau is known to be short against every = "
          + "\(every) only")
    }
    if let words = stayWarning { sentences.append(words) }
    return sentences
  }

  /// Stays past the threshold that looks can miss, or that are no arrival.
  private var stayWarning: String? {
    guard let residence, residence.returned > 0, withheld == nil || isDeterministic else {
      return nil
    }
    let counts =
      "\(residence.returned) of \(residence.followed) escaped replicas that were followed were back "
      + "within \(residence.length) steps, after \(plainNumber(rounded(residence.mean))) on average"
    let isSure = residence.returned > 1 || residence.mean < Double(every)
    if every > 1, isSure, residence.mean < 10 * Double(every) {
      return
        "looks every \(every) steps can miss stays past the threshold, which makes tau too long: "
        + counts
    }
    if 2 * residence.returned >= residence.followed, Double(dwell) < residence.mean {
      return "an escape here is a transient: \(counts); dwell counts only stays of that many steps"
    }
    return nil
  }
}
