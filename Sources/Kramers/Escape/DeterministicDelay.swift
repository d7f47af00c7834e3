#if canImport(Glibc)
  internal import Glibc
#endif

/// When a mode comes back by itself after an incomplete trap: no noise, only the residual growing.
public struct DeterministicDelay: Sendable, Equatable {
  /// Steps until sigma_k of the end-to-end map was first seen past the threshold, integrated from the
  /// stored layers; nil if it was not within the steps allowed.
  public let steps: Int?
  /// sigma_k of the end-to-end map at the start.
  public let residual: Double
  /// The delay of a *balanced* residual of that strength, D >= 3, small w:
  ///
  ///     ln[(1 - (b/s) a_f^(2-D)) / (1 - (b/s) a_0^(2-D))] / ((D-2) lr b)       a = w^(1/D)
  ///
  /// Infinite when the residual lies below the critical one, a_0^(D-2) < b/s: it decays. Decay does
  /// not heal an imbalance between layers, so for a random residual this misses: in 11 of 252
  /// cases even whether the mode comes back.
  public let closedForm: Double?
}

extension Experiment {
  /// The noise-free return of mode k from the present layers,
  ///
  ///     W_l <- W_l - lr [ (W_D...W_(l+1))' (W Sxx - Syx) (W_(l-1)...W_1)' + b W_l ]
  ///
  /// on the exact second moments: what every twin of this state without noise must do, by other
  /// code than the trainer's.
  ///
  /// - Parameters:
  ///   - k: the mode, from 1.
  ///   - every: steps between two looks, as in a measurement.
  /// - Throws: `InputError` for networks that are not deep linear and for other optimisers than SGD.
  public func deterministicDelay(
    mode k: Int, threshold: Double, settings: Settings, every: Int, maxSteps: Int,
    monitor: RunMonitor = RunMonitor()
  ) throws -> DeterministicDelay {
    try network.checkMode(k)
    guard isDeepLinear, settings.optimizer.rule.form == .descent, settings.l2Center == nil else {
      throw InputError.sentence(
        "the delay is integrated for deep linear networks under SGD with L2 about the origin")
    }
    var layers = (0..<network.depth).map { network.weights($0, of: state.parameters) }
    let lr = settings.learningRate
    let residual = singularValues(of: network.endToEndMap(of: state.parameters))[k - 1]
    var found: Int?
    var step = 0
    while step < maxSteps, !monitor.shouldStop {
      let below = products(layers)
      let above = products(layers.reversed().map(\.transposed)).map(\.transposed)
      let depth = layers.count
      let error = (below[depth] * data.moments.xx) - data.moments.yx
      for l in 0..<depth {
        let gradient = above[depth - 1 - l].transposed * error * below[l].transposed
        layers[l] = (1 - lr * settings.l2) * layers[l] - lr * gradient
      }
      step += 1
      if step % every == 0 || step == maxSteps {
        let values = singularValues(of: products(layers)[depth])
        if values[k - 1] >= threshold {
          found = step
          break
        }
      }
    }
    return DeterministicDelay(
      steps: found, residual: residual,
      closedForm: balancedDelay(mode: k, from: residual, to: threshold, settings))
  }

  private func balancedDelay(
    mode k: Int, from start: Double, to end: Double, _ settings: Settings
  ) -> Double? {
    let depth = Double(network.depth)
    let b = settings.l2
    let theory = deepLinearTheory(monitor: RunMonitor())
    guard network.depth >= 3, b > 0, theory.modes.count >= k else { return nil }
    let critical = b / theory.modes[k - 1].singular
    func u(_ w: Double) -> Double { 1 - critical * pow(w, (2 - depth) / depth) }
    guard u(start) > 0 else { return .infinity }
    return log(u(end) / u(start)) / ((depth - 2) * settings.learningRate * b)
  }
}

/// 1, W_1, W_2 W_1, ..., W_D ... W_1.
private func products(_ layers: [Matrix]) -> [Matrix] {
  var result = [Matrix.identity(layers[0].columns)]
  for layer in layers { result.append(layer * result[result.count - 1]) }
  return result
}
