/// The objective of a deep linear network of hidden width k with all middle layers equal and the
/// first layer minimised away:
///
///     W = X S^(D-2) Y',    F = tr(W L W')/2 - tr(W B') + (b/2) (|X|^2 + |Y|^2 + (D-2) |S|^2)
///     F*(X, S; b) = min_Y F:    (l_i Z'Z + b) Y_i = Z' B_i  for every input i,   Z = X S^(D-2)
///
/// (L = diag(l), B of `ScaledMoments`; S symmetric, k x k.) At fixed W the penalty is least, and
/// equal to (b D/2) sum sigma(W)^(2/D), for balanced layers; so stationary states, their folds and
/// objectives are those of the fully connected network with k learned modes, of any width >= k.
/// Being convex in Y, F has the index that F* has. What does not carry over: stability against
/// swapping a learned mode for an unlearned one.
///
/// Chains that never mix (S diagonal) would have fewer variables, but they fail where two learned
/// modes have the same strength: their singular vectors turn there, the matrices do not.
///
/// Variables z: X row by row, then for D >= 3 the lower triangle of S. Rotations X O, O' S O leave
/// F* as it is.
final class RankObjective {
  let moments: ScaledMoments
  /// k.
  let rank: Int
  let outputs: Int
  /// Number of variables.
  let count: Int
  private let inputs: Int
  private let depth: Int
  private let rows: [Double]  // B', inputs x outputs
  // Of eight inputs together, the last ones filled up with the last input: variances, and rows of
  // B' output by output.
  private let lanes: [(variance: SIMD8<Double>, rows: [SIMD8<Double>])]
  private var right: [Double]  // Y, inputs x rank
  /// Jacobians of the equations at a given l2 and at a given place along the branch.
  let atStrength = KeptJacobian()
  let alongBranch = KeptJacobian()

  init(_ moments: ScaledMoments, rank: Int) {
    self.moments = moments
    self.rank = rank
    depth = moments.depth
    outputs = moments.correlation.rows
    inputs = moments.variances.count
    count = outputs * rank + (depth >= 3 ? rank * (rank + 1) / 2 : 0)
    let rows = moments.correlation.transposed.values
    self.rows = rows
    let (inputs, outputs) = (inputs, outputs)
    lanes = stride(from: 0, to: inputs, by: 8).map { first in
      func gather(_ value: (Int) -> Double) -> SIMD8<Double> {
        var result = SIMD8<Double>()
        for lane in 0..<8 { result[lane] = value(min(first + lane, inputs - 1)) }
        return result
      }
      return (
        gather { moments.variances[$0] },
        (0..<outputs).map { o in gather { rows[$0 * outputs + o] } }
      )
    }
    right = [Double](repeating: 0, count: inputs * rank)
  }

  /// X and S (the identity for D = 2).
  private func layers(_ variables: [Double]) -> (x: Matrix, s: Matrix) {
    let x = Matrix(outputs, rank, Array(variables[..<(outputs * rank)]))
    guard depth >= 3 else { return (x, Matrix.identity(rank)) }
    var s = Matrix(rank, rank)
    var next = outputs * rank
    for i in 0..<rank {
      for j in 0...i {
        s[i, j] = variables[next]
        s[j, i] = variables[next]
        next += 1
      }
    }
    return (x, s)
  }

  private func variables(_ x: Matrix, _ s: Matrix) -> [Double] {
    var result = x.values
    if depth >= 3 { for i in 0..<rank { for j in 0...i { result.append(s[i, j]) } } }
    return result
  }

  /// The variables of the state with the given terms w u v' of W, balanced.
  func variables(strengths: [Double], left: [[Double]]) -> [Double] {
    var x = Matrix(outputs, rank)
    let weights = strengths.map { power($0, 1 / Double(depth)) }
    for j in 0..<rank { for o in 0..<outputs { x[o, j] = weights[j] * left[j][o] } }
    return variables(x, Matrix(rank, rank, diagonal: weights))
  }

  /// F* and its gradient at `variables` for the L2 strength b > 0.
  func value(_ variables: [Double], _ b: Double, _ gradient: inout [Double]) -> Double {
    let (x, s) = layers(variables)
    let powers = powers(of: s)
    let through = powers[powers.count - 1]
    let z = depth >= 3 ? x * through : x
    let explained = solve(z, b)
    // dF/dZ = Z Y'LY - B Y.
    let k = rank
    var spread = Matrix(k, k)
    var slope = Matrix(outputs, k)
    let (inputs, outputs) = (inputs, outputs)
    right.withUnsafeBufferPointer { y in
      spread.values.withUnsafeMutableBufferPointer { spread in
        slope.values.withUnsafeMutableBufferPointer { slope in
          for i in 0..<inputs {
            for j in 0..<k {
              let left = moments.variances[i] * y[i * k + j]
              for m in 0..<k { spread[j * k + m] += left * y[i * k + m] }
            }
            for o in 0..<outputs {
              let entry = rows[i * outputs + o]
              for j in 0..<k { slope[o * k + j] -= entry * y[i * k + j] }
            }
          }
        }
      }
    }
    slope = slope + z * spread
    var gx = b * x
    var value = -0.5 * explained + 0.5 * b * dot(x.values, x.values)
    guard depth >= 3 else {
      gx = gx + slope
      gradient = gx.values
      return value
    }
    gx = gx + slope * through
    // d tr(G' S^n) = sum_m tr((S^m G S^(n-1-m))' dS), with G = X' dF/dZ.
    let inner = x.transposed * slope
    var gs = Matrix(k, k)
    for m in 0..<depth - 2 { gs = gs + powers[m] * inner * powers[depth - 3 - m] }
    var next = outputs * k
    gradient.withUnsafeMutableBufferPointer { g in
      for i in 0..<outputs * k { g[i] = gx.values[i] }
      for i in 0..<k {
        for j in 0...i {
          let penalty = b * Double(depth - 2) * s[i, j]
          g[next] = i == j ? gs[i, i] + penalty : gs[i, j] + gs[j, i] + 2 * penalty
          next += 1
        }
      }
    }
    value += 0.5 * b * Double(depth - 2) * dot(s.values, s.values)
    return value
  }

  /// 1, S, ..., S^(D-2).
  private func powers(of s: Matrix) -> [Matrix] {
    var result = [Matrix.identity(rank)]
    for _ in 0..<max(depth - 2, 0) { result.append(result[result.count - 1] * s) }
    return result
  }

  /// W = Z Y', outputs x inputs.
  func map(_ variables: [Double], _ b: Double) -> Matrix {
    let (x, s) = layers(variables)
    let powers = powers(of: s)
    let z = x * powers[powers.count - 1]
    _ = solve(z, b)
    return z * Matrix(inputs, rank, right).transposed
  }

  /// Fills `right` with Y; returns tr(W B').
  private func solve(_ z: Matrix, _ b: Double) -> Double {
    let gram = (z.transposed * z).values
    let k = rank
    let (inputs, outputs, lanes) = (inputs, outputs, lanes)
    var factor = [SIMD8<Double>](repeating: .zero, count: k * k)
    var solution = [SIMD8<Double>](repeating: .zero, count: k)
    var explained = 0.0
    factor.withUnsafeMutableBufferPointer { l in
      solution.withUnsafeMutableBufferPointer { y in
        for (block, lane) in lanes.enumerated() {
          let first = 8 * block
          let filled = min(8, inputs - first)
          lane.rows.withUnsafeBufferPointer { rows in
            z.values.withUnsafeBufferPointer { z in
              gram.withUnsafeBufferPointer { gram in
                for j in 0..<k {
                  var sum = SIMD8<Double>.zero
                  for o in 0..<outputs { sum += z[o * k + j] * rows[o] }
                  for m in 0...j {
                    var entry = lane.variance * gram[j * k + m] + (j == m ? b : 0)
                    for n in 0..<m { entry -= l[j * k + n] * l[m * k + n] }
                    l[j * k + m] = j == m ? entry.squareRoot() : entry / l[m * k + m]
                  }
                  // L L' y = r, and r.y = |L^-1 r|^2.
                  for m in 0..<j { sum -= l[j * k + m] * y[m] }
                  y[j] = sum / l[j * k + j]
                }
              }
            }
          }
          for i in 0..<filled { for j in 0..<k { explained += y[j][i] * y[j][i] } }
          for j in (0..<k).reversed() {
            var sum = y[j]
            for m in j + 1..<max(k, j + 1) { sum -= l[m * k + j] * y[m] }
            y[j] = sum / l[j * k + j]
          }
          for i in 0..<filled { for j in 0..<k { right[(first + i) * k + j] = y[j][i] } }
        }
      }
    }
    return explained
  }

  /// The Hessian of F* plus t t' for every rotation t, which makes it invertible and leaves Newton
  /// steps as they are. By forward differences of the gradient: relative error about 1e-7, which
  /// Newton's method corrects.
  func hessian(_ variables: [Double], _ b: Double, _ gradient: [Double]) -> Matrix {
    var result = Matrix(count, count)
    var shifted = gradient
    var point = variables
    for k in 0..<count {
      point[k] = variables[k] + 1e-7
      let step = point[k] - variables[k]
      _ = value(point, b, &shifted)
      for i in 0..<count { result.values[i * count + k] = (shifted[i] - gradient[i]) / step }
      point[k] = variables[k]
    }
    for t in rotations(variables) {
      for i in 0..<count where t[i] != 0 {
        for j in 0..<count { result.values[i * count + j] += t[i] * t[j] }
      }
    }
    return result
  }

  /// dX = X A, dS = S A - A S for A = e_i e_j' - e_j e_i', i < j.
  private func rotations(_ variables: [Double]) -> [[Double]] {
    let (x, s) = layers(variables)
    var result: [[Double]] = []
    for i in 0..<rank {
      for j in i + 1..<max(rank, i + 1) {
        var a = Matrix(rank, rank)
        a[i, j] = 1
        a[j, i] = -1
        result.append(self.variables(x * a, s * a - a * s))
      }
    }
    return result
  }
}
