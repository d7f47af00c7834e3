import Testing

@testable import Kramers

/// Compares the empirical second moments of zero-mean Gaussian samples, entry by entry, with the
/// exact joint covariance of (x, y).
///
/// For a zero-mean Gaussian, Var(a b) = S_aa S_bb + S_ab^2 (Isserlis), so one entry of the empirical
/// matrix has the standard error sqrt((S_aa S_bb + S_ab^2) / N). Tolerance: z = 5 of them; over
/// the few hundred entries that all the tests compare, a false alarm has probability 1e-4.
func expectMoments(
  _ samples: Samples, equal covariance: Matrix, sourceLocation: SourceLocation = #_sourceLocation
) {
  let (n, p, count) = (samples.inputs, samples.outputs, samples.count)
  let joint = (0..<count).map { r in
    Array(samples.x[r * n..<(r + 1) * n]) + Array(samples.y[r * p..<(r + 1) * p])
  }
  for a in 0..<n + p {
    for b in a..<n + p {
      let mean = joint.reduce(0) { $0 + $1[a] * $1[b] } / Double(count)
      let variance = covariance[a, a] * covariance[b, b] + covariance[a, b] * covariance[a, b]
      let error = (variance / Double(count)).squareRoot()
      #expect(
        abs(mean - covariance[a, b]) <= 5 * error,
        "entry (\(a), \(b)): \(mean), not \(covariance[a, b]) +- \(error)",
        sourceLocation: sourceLocation)
    }
  }
}

/// The largest |a - b| over the entries.
func distance(_ a: Matrix, _ b: Matrix) -> Double { (a - b).values.map { abs($0) }.max() ?? 0 }
