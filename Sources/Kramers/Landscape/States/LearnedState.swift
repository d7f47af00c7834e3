/// A stationary state of a deep linear network as full parameters.
public struct StationaryState: Sendable {
  /// Flat, as `Network` lays them out; hidden units 1...rank carry the modes, the rest is zero.
  public let parameters: [Double]
  public let rank: Int
  public let l2: Double
  /// loss + (l2/2) |theta|^2.
  public let objective: Double
  /// |grad(objective)| over all parameters.
  public let gradientNorm: Double
}

/// The balanced, aligned state with the r modes learned that appear first as l2 falls:
///
///     W_1 = sum_j a_j e_j v_j',   W_l = sum_j a_j e_j e_j',   W_D = sum_j a_j u_j e_j'
///
/// Closed form for commuting moments; otherwise the learned branch of rank r, solved by Newton's
/// method in the space of `RankObjective` to a gradient norm of about 1e-15. Units beyond r have
/// exactly zero weights, hence exactly zero gradients, so nothing is left to polish in the full
/// space. Stationary, but not always stable: with very unequal input variances another set of r
/// modes can be the stable one at small l2; the Hessian tells.
///
/// - Throws: `InputError` when the network is not deep linear, has fewer than r units somewhere, or
///   the state does not exist at `l2`.
public func learnedState(
  _ moments: SecondMoments, network: Network, rank: Int, l2: Double,
  shouldStop: @escaping () -> Bool = { false }
) throws -> StationaryState {
  try StateBuilder(moments, network, shouldStop: shouldStop).learned(rank: rank, l2: l2)
}
