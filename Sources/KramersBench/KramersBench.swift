import Foundation
import Kramers

/// Raw rates of the engine for `scripts/bench`: one JSON line a call.
///
///     kramers-bench case a|b|c|d|WIDTHS:B double|single SECONDS [REPLICAS] [THREADS] [EVERY]
///     kramers-bench normals double|single SECONDS
///     kramers-bench peak double|single SECONDS
@main
struct KramersBench {
  static func main() throws {
    let words = Array(CommandLine.arguments.dropFirst())
    func word(_ k: Int, _ otherwise: String) -> String { k < words.count ? words[k] : otherwise }
    switch word(0, "") {
    case "case":
      try runCase(
        word(1, "a"), precision(word(2, "double")), seconds: number(word(3, "1")),
        replicas: Int(word(4, "")), threads: Int(word(5, "1")) ?? 1,
        every: Int(word(6, "10")) ?? 10)
    case "normals":
      let precision = try precision(word(1, "double"))
      let time = KernelRates.secondsPerNormal(precision, seconds: number(word(2, "1")))
      emit(["precision": precision.rawValue, "ns": 1e9 * time])
    case "peak":
      let precision = try precision(word(1, "double"))
      emit([
        "precision": precision.rawValue, "gflops": peak(precision, number(word(2, "0.5"))),
        "kernels": KernelRates.kernelName(precision),
      ])
    default:
      throw Failure("usage: kramers-bench case|normals|peak ...; see KramersBench.swift")
    }
  }

  /// Shapes of the reference cases: widths, batch, samples, replicas.
  private static let cases: [String: (widths: [Int], batch: Int, samples: Int, replicas: Int)] = [
    "a": ([5, 5, 5, 5], 4, 200, 256), "b": ([10, 10, 10, 10], 8, 200, 256),
    "c": ([32, 32, 32, 32], 16, 200, 256), "d": ([64, 128, 128, 10], 32, 1000, 1),
  ]

  /// A linear network such as 24-24-24-24:16, widths and samples a step.
  private static func linearCase(
    _ name: String
  ) -> (widths: [Int], batch: Int, samples: Int, replicas: Int)? {
    let parts = name.split(separator: ":")
    guard parts.count == 2, let batch = Int(parts[1]) else { return nil }
    let widths = parts[0].split(separator: "-").compactMap { Int($0) }
    return widths.count > 1 ? (widths, batch, 200, 256) : nil
  }

  /// Whole steps: drawing, gathering, gradient, update, and the order parameter every `every` steps, at
  /// most 100.
  private static func runCase(
    _ name: String, _ precision: Precision, seconds: Double, replicas: Int?, threads: Int,
    every: Int
  ) throws {
    guard let shape = cases[name] ?? linearCase(name) else { throw Failure("no case '\(name)'") }
    let replicas = replicas ?? shape.replicas
    let inputs = shape.widths[0]
    let outputs = shape.widths[shape.widths.count - 1]
    let isTanh = name == "d"
    let network = try Network(widths: shape.widths, activation: isTanh ? .tanh : .linear)
    let data = try Dataset.teacher(
      singular: (0..<outputs).map { 1 - 0.5 * Double($0) / Double(outputs) }, inputs: inputs,
      outputs: outputs, samples: shape.samples, noise: 0.1, seed: 1)
    var settings = Settings()
    settings.precision = precision
    settings.learningRate = 0.01
    settings.l2 = 0.01
    settings.batch = .size(shape.batch)
    settings.sampling = .replacement
    let start = RandomStream(seed: 1, purpose: .initialization).normals(
      network.parameterCount, scale: 0.5 / Double(inputs).squareRoot())
    // No replica reaches the threshold, but no cheap bound tells so: the map's norm lies above it. For
    // the tanh network the order parameter would be the outputs of all samples; the norm of the
    // weights stands in for it.
    var options = FirstPassageOptions(
      observable: isTanh ? .norm : .mode(1), threshold: isTanh ? 1e6 : 1.3, seed: 1)
    options.replicas = replicas
    options.every = every
    options.maxSteps = 100
    func run(_ steps: Int) throws -> (wall: Double, cpu: Double) {
      options.maxSteps = steps
      let (wall, cpu) = (clock(CLOCK_MONOTONIC), clock(CLOCK_PROCESS_CPUTIME_ID))
      let record = try measureFirstPassage(
        data: data, network: network, settings: settings, from: TrainingState(parameters: start),
        options: options, threads: threads)
      precondition(record.totalSteps == replicas * steps, "a replica left early")
      return (clock(CLOCK_MONOTONIC) - wall, clock(CLOCK_PROCESS_CPUTIME_ID) - cpu)
    }
    var steps = 100
    var time = try run(steps)
    while time.wall < 0.05 {
      steps *= 4
      time = try run(steps)
    }
    steps = max(steps, Int(Double(steps) * seconds / time.wall) / 10 * 10)
    time = try run(steps)
    let total = Double(steps * replicas)
    let operations = Self.operations(shape.widths, shape.batch)
    let rate = total / time.wall
    let cpuRate = total / time.cpu
    let peak = peak(precision, 0.2)
    emit([
      "case": name, "precision": precision.rawValue, "replicas": replicas, "threads": threads,
      "rate": rate, "cpu_rate": cpuRate, "gflops": cpuRate * operations / 1e9,
      "peak_gflops": peak, "share": cpuRate * operations / 1e9 / peak,
      "peak_rss_bytes": peakMemory(),
      "weights_bytes": network.parameterCount * replicas * (precision == .double ? 8 : 4),
      "kernels": KernelRates.kernelName(precision),
    ])
  }

  /// Multiplications and additions of forward, backward and weight gradient, and of the update.
  private static func operations(_ widths: [Int], _ batch: Int) -> Double {
    var sum = 0.0
    for (l, (m, n)) in zip(widths, widths.dropFirst()).enumerated() {
      sum += Double(m * n) * (Double(batch) * (l == 0 ? 4 : 6) + 2)
    }
    return sum
  }

  /// Floating-point operations a second of one core, in 1e9.
  private static func peak(_ precision: Precision, _ seconds: Double) -> Double {
    KernelRates.peakOperations(precision, seconds: seconds) / 1e9
  }

  private static func clock(_ id: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(id, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }

  private static func peakMemory() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  private static func precision(_ word: String) throws -> Precision {
    guard let precision = Precision(rawValue: word) else { throw Failure("no precision '\(word)'") }
    return precision
  }

  private static func number(_ word: String) -> Double { Double(word) ?? 1 }

  private static func emit(_ fields: [String: Any]) {
    guard
      let text = try? JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys])
    else { return }
    FileHandle.standardOutput.write(text + Data("\n".utf8))
  }

  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}
