import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

private let isLong = getenv("KRAMERS_LONG") != nil

/// X2 with widths 2-3-3-2: the way out of the learned state, before its fold at l2 = .18196, loses
/// the weaker feature over a saddle that breaks a reflection of the data.
@Suite struct ContinuedEscapeTests {
  private struct Escape {
    let barrier: BarrierResult
    /// Per dE/T: tau, its standard error relative to it, tau of Eyring-Kramers and the error that it
    /// states.
    let points: [(x: Double, tau: Double, error: Double, theory: Double, stated: Double)]
  }

  private func escapes(l2: Double, at ratios: [Double], replicas: Int) throws -> Escape {
    var options = ContinuationOptions()
    options.to = l2
    options.branches = 1
    let followed = try ContinuationFigures.square(hidden: 3).continuation(options)
    let place = try #require(followed.points.lastIndex { $0.branch == 1 && $0.l2 == l2 })
    let experiment = followed.states[place]
    var request = BarrierRequest(seed: 1)
    request.method = .continuation
    let barrier = try experiment.barrier(request)
    #expect(barrier.saddleIndex == 1 && barrier.zeroModes == 0 && barrier.mode == 2)
    let points = try ratios.map { x in
      var settings = experiment.settings
      settings.temperature = barrier.height / x
      var escape = EscapeRequest(settings: settings, seed: 7)
      escape.ensemble.replicas = replicas
      escape.ensemble.maxSteps = 100_000_000
      escape.mode = 2
      escape.direction = .down
      escape.threshold = 0.5 * barrier.strengths.saddle
      let rate = try experiment.measureEscape(escape, threads: 2).rate
      let prediction = barrier.rate.prediction(
        temperature: settings.temperature, learningRate: settings.learningRate)
      guard case .time(let tau, let relative, let step) = prediction else {
        Issue.record("no prediction at dE/T = \(x): \(prediction)")
        return (x, rate.tau, 1.0, Double.nan, 0.0)
      }
      return (x, rate.tau, 1 / Double(replicas).squareRoot(), tau, relative + step)
    }
    return Escape(barrier: barrier, points: points)
  }

  /// The exact time is the longer one, by the error that the formula states: tau (1 + error) +- error,
  /// and z = 4 standard errors of the mean of that many exponential times.
  @Test("the escape time is that of Eyring and Kramers over the continued saddle")
  func time() throws {
    let escape = try escapes(l2: 0.174, at: [6], replicas: 300)
    for point in escape.points {
      let ratio = point.tau / point.theory
      #expect(
        abs(ratio - 1 - point.stated) < point.stated + 4 * point.error, "\(ratio) at \(point.x)")
    }
  }

  @Test("soft modes are part of the stated error, and above 30 % there is a reason, no time")
  func softModes() throws {
    let barrier = try escapes(l2: 0.174, at: [], replicas: 1).barrier
    let rate = barrier.rate
    let soft = try #require(rate.softTemperature)
    for x in [6.0, 7, 10] {
      let temperature = barrier.height / x
      guard
        case .time(_, let error, _) = rate.prediction(temperature: temperature, learningRate: 0.2)
      else {
        Issue.record("no time at dE/T = \(x)")
        continue
      }
      #expect(abs(error - (0.5 / x + temperature / soft)) < 1e-12)
    }
    guard
      case .unavailable(let reason) =
        rate.prediction(temperature: barrier.height / 5, learningRate: 0.2)
    else {
      Issue.record("a time at dE/T = 5")
      return
    }
    #expect(reason.contains("soft modes"), "\(reason)")
  }

  /// z = 2 standard errors of the slope beside the 5 %.
  @Test(
    "at two l2 the Arrhenius slope is the continued barrier to 5 %, and the times are theory's",
    .enabled(if: isLong), arguments: [0.17, 0.174])
  func slope(l2: Double) throws {
    let escape = try escapes(l2: l2, at: [7, 8, 9], replicas: 400)
    let points = escape.points
    for point in points {
      let ratio = point.tau / point.theory
      print("l2 = \(l2), dE/T = \(point.x): tau = \(point.tau), theory \(point.theory): \(ratio)")
      #expect(abs(ratio - 1 - point.stated) < point.stated + 3 * point.error, "\(ratio)")
    }
    // Evenly spaced: the middle point has no weight.
    let slope = log(points[2].tau / points[0].tau) / (points[2].x - points[0].x)
    let error = 2.0.squareRoot() * points[0].error / (points[2].x - points[0].x)
    print("l2 = \(l2): slope \(slope) +- \(error) of dE = \(escape.barrier.height)")
    #expect(abs(slope - 1) < 0.05 + 2 * error, "\(slope) +- \(error)")
  }
}
