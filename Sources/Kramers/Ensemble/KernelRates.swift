#if canImport(Glibc)
  internal import Glibc
#endif

/// What the kernels of this processor can do, measured on the calling thread in its own time.
public enum KernelRates {
  public static func kernelName(_ precision: Precision) -> String {
    LaneKernels.best(precision).name
  }

  /// Floating-point operations a second in independent fused multiply-adds (two each).
  public static func peakOperations(_ precision: Precision, seconds: Double) -> Double {
    let kernels = LaneKernels.best(precision)
    return rate(seconds) { kernels.peak(100_000).operations }
  }

  /// Seconds for one standard normal of an ensemble in lanes.
  public static func secondsPerNormal(_ precision: Precision, seconds: Double) -> Double {
    // The weights of a small network: what is drawn stays in the first-level cache.
    let count = 128
    guard let network = try? Network(widths: [count, 1]) else { return .nan }
    var settings = Settings()
    settings.precision = precision
    settings.temperature = 1
    let task = Batch(count: 1, inputs: count, outputs: 1, weight: 1)
    let plan = LanePlan(network: network, settings: settings, full: task)
    let trainer = LaneTrainer(plan, key: RandomKey(seed: 1))
    return 1
      / rate(seconds) {
        // Reading the clock takes as long as drawing once.
        for _ in 0..<64 { trainer.drawNoise() }
        return Double(64 * count * trainer.lanes)
      }
  }

  /// The best of the rates of short runs: what a busy machine does not take away.
  private static func rate(_ seconds: Double, _ work: () -> Double) -> Double {
    let end = time() + seconds
    var best = 0.0
    repeat {
      let start = time()
      var done = 0.0
      while time() - start < 0.01 { done += work() }
      best = max(best, done / (time() - start))
    } while time() < end
    return best
  }

  private static func time() -> Double {
    var now = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now)
    return Double(now.tv_sec) + 1e-9 * Double(now.tv_nsec)
  }
}
