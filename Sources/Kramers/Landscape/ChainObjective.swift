/// The objective of k parallel chains, one per learned mode, with the first layer minimised away:
///
///     W = sum_j a_j^(D-2) x_j y_j',        F = tr(W L W')/2 - tr(W B')
///                                             + (b/2) sum_j (|x_j|^2 + |y_j|^2 + (D-2) a_j^2)
///     F*(x, a; b) = min_y F:    (l_i Z'Z + b) Y_i = Z' B_i  for every input i,  Z = X diag(a^(D-2))
///
/// (L = diag(l), B of `ScaledMoments`.) Where F is stationary, B - W L maps y_j to a multiple of x_j
/// and back, so x_j and y_j are its singular vectors and the state is a balanced, aligned state of
/// the fully connected network of any width >= k; the fold of a branch is the same in both. F has
/// no rotation symmetry for D >= 3, hence an invertible Hessian, and being convex in y, F* has the
/// index of F. What does not carry over: stability against swapping a learned mode for an unlearned
/// one, and minima 2^K in number instead of K+1.
///
/// Variables z: for each chain x_j (outputs values) and then, for D >= 3, a_j.
final class ChainObjective {
  let moments: ScaledMoments
  let chains: Int
  let outputs: Int
  /// Values per chain.
  let stride: Int
  var count: Int { chains * stride }
  private let inputs: Int
  private let depth: Int
  private var z: [Double]  // outputs x chains
  private var gram: [Double]  // Z'Z, chains x chains
  private var factor: [Double]  // Cholesky of l_i Z'Z + b
  private var right: [Double]  // Y, inputs x chains
  private var weighted: [Double]  // Y' L Y, chains x chains
  private let rows: [Double]  // B', inputs x outputs

  init(_ moments: ScaledMoments, chains: Int) {
    self.moments = moments
    self.chains = chains
    depth = moments.depth
    outputs = moments.correlation.rows
    inputs = moments.variances.count
    stride = outputs + (moments.depth >= 3 ? 1 : 0)
    z = [Double](repeating: 0, count: outputs * chains)
    gram = [Double](repeating: 0, count: chains * chains)
    factor = gram
    weighted = gram
    right = [Double](repeating: 0, count: inputs * chains)
    rows = moments.correlation.transposed.values
  }

  /// a_j^(D-2).
  private func middle(_ variables: [Double], _ j: Int) -> Double {
    depth >= 3 ? integerPower(variables[j * stride + outputs], depth - 2) : 1
  }

  /// F* and its gradient at `variables` for the L2 strength b > 0.
  func value(_ variables: [Double], _ b: Double, _ gradient: inout [Double]) -> Double {
    let explained = solve(variables, b)
    var value = -0.5 * explained
    // Local names: no exclusivity checks in the loops.
    let (right, rows, z, variances) = (right, rows, z, moments.variances)
    for i in weighted.indices { weighted[i] = 0 }
    for i in 0..<inputs {
      for j in 0..<chains {
        let left = variances[i] * right[i * chains + j]
        for k in 0..<chains { weighted[j * chains + k] += left * right[i * chains + k] }
      }
    }
    let weighted = weighted
    for j in 0..<chains {
      let through = middle(variables, j)
      var along = 0.0
      for o in 0..<outputs {
        var sum = 0.0
        for k in 0..<chains { sum += z[o * chains + k] * weighted[k * chains + j] }
        for i in 0..<inputs { sum -= rows[i * outputs + o] * right[i * chains + j] }
        let x = variables[j * stride + o]
        along += x * sum
        gradient[j * stride + o] = through * sum + b * x
        value += 0.5 * b * x * x
      }
      if depth >= 3 {
        let a = variables[j * stride + outputs]
        let d = Double(depth - 2)
        gradient[j * stride + outputs] = d * (integerPower(a, depth - 3) * along + b * a)
        value += 0.5 * b * d * a * a
      }
    }
    return value
  }

  /// Y, inputs x chains, at the minimum over y.
  func rightFactors(_ variables: [Double], _ b: Double) -> Matrix {
    _ = solve(variables, b)
    return Matrix(inputs, chains, right)
  }

  /// Fills `z`, `gram` and `right`; returns tr(W B').
  private func solve(_ variables: [Double], _ b: Double) -> Double {
    for j in 0..<chains {
      let through = middle(variables, j)
      for o in 0..<outputs { z[o * chains + j] = through * variables[j * stride + o] }
    }
    for j in 0..<chains {
      for k in 0...j {
        var sum = 0.0
        for o in 0..<outputs { sum += z[o * chains + j] * z[o * chains + k] }
        gram[j * chains + k] = sum
      }
    }
    var explained = 0.0
    let (outputs, chains, z, gram, variances) = (outputs, chains, z, gram, moments.variances)
    factor.withUnsafeMutableBufferPointer { l in
      right.withUnsafeMutableBufferPointer { y in
        rows.withUnsafeBufferPointer { rows in
          for i in 0..<inputs {
            let variance = variances[i]
            for j in 0..<chains {
              var sum = 0.0
              for o in 0..<outputs { sum += z[o * chains + j] * rows[i * outputs + o] }
              y[i * chains + j] = sum
              for k in 0...j {
                var entry = variance * gram[j * chains + k] + (j == k ? b : 0)
                for m in 0..<k { entry -= l[j * chains + m] * l[k * chains + m] }
                l[j * chains + k] = j == k ? entry.squareRoot() : entry / l[k * chains + k]
              }
            }
            // L L' y = r, and r.y = |L^-1 r|^2.
            for j in 0..<chains {
              var sum = y[i * chains + j]
              for k in 0..<j { sum -= l[j * chains + k] * y[i * chains + k] }
              sum /= l[j * chains + j]
              explained += sum * sum
              y[i * chains + j] = sum
            }
            for j in (0..<chains).reversed() {
              var sum = y[i * chains + j]
              for k in j + 1..<max(chains, j + 1) {
                sum -= l[k * chains + j] * y[i * chains + k]
              }
              y[i * chains + j] = sum / l[j * chains + j]
            }
          }
        }
      }
    }
    return explained
  }

  /// The Hessian of F* by forward differences of the gradient: relative error about 1e-7, which
  /// Newton's method corrects.
  func hessian(_ variables: [Double], _ b: Double, _ gradient: [Double]) -> Matrix {
    var result = Matrix(count, count)
    var shifted = gradient
    var point = variables
    let h = 1e-7
    for k in 0..<count {
      point[k] = variables[k] + h
      let step = point[k] - variables[k]
      _ = value(point, b, &shifted)
      for i in 0..<count { result[i, k] = (shifted[i] - gradient[i]) / step }
      point[k] = variables[k]
    }
    return result
  }
}
