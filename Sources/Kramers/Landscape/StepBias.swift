#if canImport(Glibc)
  internal import Glibc
#endif

/// What the step lr does to an escape time. The update
///
///     theta <- theta - lr grad U + sqrt(2 lr T) xi
///
/// follows, to first order in lr, the diffusion of drift -grad(U + (lr/4)|grad U|^2 - (lr T/2) lap U)
/// and diffusivity T (1 + lr Hess U). Its density is that of U - (lr/4)|grad U|^2 + (lr T/2) lap U.
/// The first term leaves minimum and saddle as high as they are and changes their curvatures h by
/// -lr h^2/2, the second tilts the barrier; with what the diffusivity does to the flux,
///
///     ln tau(lr) - ln tau(0) = (lr/4) (sum over the saddle of |h| - sum over the minimum of h)
///
/// in units of lr * steps. The exponent itself changes at order lr^2: minimising the action of the
/// discrete chain, sum |theta' - theta + lr grad U|^2 / (4 lr T), about the steepest path gives
///
///     dE(lr) - dE = -(lr^2/6) integral of |Hess U grad U|^2 dt along it
///
/// which for the modes of deep linear networks (depth 3 to 5, any l2 below the spinodal) is at most
/// .21 lr^2 kappa^2 dE/6, kappa the larger curvature of the two ends along the way. That, and the
/// second order of the determinants and of the way itself (.2 lr^2 kappa^2 in a cubic potential), is
/// the error stated.
///
/// Source: expansion of the generator as in K. Zygalakis, SIAM J. Sci. Comput. 33 (2011) 102; the
/// local factors agree with P. Talkner, P. Hanggi, E. Freidkin, D. Trautmann, J. Stat. Phys. 48
/// (1987) 231. Checked against the chain's integral equation in one dimension and simulation in
/// three (`StepBiasTests`).
public struct StepBias: Sendable, Equatable {
  /// d ln tau / d lr at lr = 0, 1/energy * weight^2.
  public var slope: Double
  /// Second order of the determinants: (1/16) |sum over the saddle of h^2 - sum over the minimum|.
  public var bend: Double
  /// The largest curvature at either end. At lr times it = 2 the update is unstable there.
  public var stiffness: Double

  public init(slope: Double, bend: Double, stiffness: Double) {
    self.slope = slope
    self.bend = bend
    self.stiffness = stiffness
  }

  /// Zero modes take no part.
  public init(minimum: HessianSpectrum, saddle: HessianSpectrum) {
    func sum(_ spectrum: HessianSpectrum, _ power: (Double) -> Double) -> Double {
      spectrum.values.reduce(0) { abs($1) > spectrum.tolerance ? $0 + power(abs($1)) : $0 }
    }
    slope = 0.25 * (sum(saddle) { $0 } - sum(minimum) { $0 })
    bend = abs(sum(saddle) { $0 * $0 } - sum(minimum) { $0 * $0 }) / 16
    stiffness = max(minimum.values.last ?? 0, saddle.values.last ?? 0)
  }
}
