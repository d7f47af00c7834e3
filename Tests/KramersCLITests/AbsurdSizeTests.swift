import Foundation
import Testing

@testable import KramersBindings

@Suite("absurd sizes: a sentence before the memory is taken")
struct AbsurdSizeTests {
  /// An experiment that every verb can act on, a data set `g`, a smooth nonlinear network `smooth`.
  private static let scene = """
    g = data.gaussian { singular = {0.9, 0.6}, samples = 32, test = 8, seed = 1 }
    smooth = experiment { data = g, depth = 2, width = 2, lr = 0.2, l2 = 0.01, activation = "tanh" }
    x = experiment { data = g, depth = 3, width = 2, lr = 0.2, l2 = 0.3, temperature = 1e-3 }
    trap { rank = 0, exact = true } set_l2(0.2)

    """

  /// What else a call needs so that its sizes are looked at.
  private static let needed: [String: String] = [
    "data.gaussian": "singular = {0.9}, samples = 8",
    "data.teacher": "singular = {0.9}, samples = 8",
    "data.population": "singular = {0.9}", "data.modular": "p = 5",
    "data.completion": "size = 4, fraction = 0.5", "sweep": "from = 0.2, to = 0.3, points = 3",
    "hysteresis": "from = 0.2, to = 0.3, points = 3",
    "experiment": "data = g, depth = 3, width = 2",
    "bifurcation": "from = 0.2, to = 0.3, points = 3", "barrier": "method = 'string'",
    "hessian": "which = 'density'", "train": "steps = 100000000", "schedule": "steps = 100000000",
    "phase_diagram": "l2 = {0.2}, temperatures = {1e-3}",
    "accelerate": "programmes = {{name = 'a', l2 = 0.1}, {name = 'b', l2 = 0.2}}",
    "arrhenius": "temperatures = {1e-3, 2e-3}", "control": "temperatures = {1e-3, 2e-3}",
    "continuation": "to = 0.5", "deflate": "", "x:weights": "layer = 1",
  ]

  /// Every whole number that the catalogue knows as an option, at 1e9.
  private static let calls: [String] = {
    guard let program = try? Program(ProgramOptions()) else { return [] }
    return program.catalog.all.flatMap { entry -> [String] in
      let sizes = entry.options.filter { option in
        switch option.kind {
        case .integer, .countOrList, .batch: !["seed", "stream"].contains(option.name)
        default: false
        }
      }
      let call =
        entry.name.hasPrefix("d:")
        ? "g" + entry.name.dropFirst() : entry.name
      guard !call.contains("replicate") else { return [] }
      return sizes.map { option in
        let others = (needed[entry.name] ?? "").split(separator: ", ").filter {
          $0.split(separator: " ").first.map(String.init) != option.name
        }
        // What is asked of a long run is its rows: one a step.
        let one = ["train", "schedule"].contains(entry.name) && option.name == "every"
        let options = others + [Substring("\(option.name) = \(one ? "1" : "1e9")")]
        return "\(call) { \(options.joined(separator: ", ")) }"
      }
    }
  }()

  @Test("every whole number of the catalogue at 1e9 takes no more than 128 MB before it ends")
  func catalogue() throws {
    #expect(Self.calls.count > 60)
    let failures = parallel(Self.calls) { call -> String? in
      let start = ContinuousClock.now
      guard
        let run = try? RunningBinary(
          [
            binary.path, "--max-memory", "128M", "--max-seconds", "0.4", "-e", Self.scene, "-e",
            call,
          ], environment: ["XDG_STATE_HOME": "/nonexistent"]
        ).finish(timeout: 20)
      else { return "\(call): not started" }
      let time = start.duration(to: .now)
      if run.signal != nil || time > .seconds(8) { return "\(call): \(time) \(run.errors)" }
      // Too large, or only long: then the clock stops it.
      if run.errors.contains("stopped by --max-memory") { return "\(call): \(run.errors)" }
      if [0, 1].contains(run.status) { return nil }
      return run.status == 75 ? nil : "\(call): \(run.status) \(run.errors)"
    }
    #expect(failures == [])
  }

  @Test(
    "sizes that cannot be held are told with what they would take and the limit",
    arguments: [
      "experiment { data = g, depth = 3, width = 1e5 }",
      "measure_escape { replicas = 1e7 }", "sweep { from = 0.2, to = 0.3, points = 1e7 }",
      "linspace(0, 1, 1e9)", "logspace(1, 2, 1e8)",
      "data.gaussian { singular = {1}, samples = 1e9 }",
      "metastable { quenches = 1e9 }", "smooth:metastable { deflate = 1e9 }",
      "train { steps = 1e9, every = 1 }", "schedule { steps = 1e9, every = 1 }",
      "schedule { steps = 1e9, l2 = function(step) return 0.1 end }",
      "schedule { steps = 1e9, l2 = { pulse = 1, length = 1, period = 2 } }",
      "barrier { method = 'string', paths = 1e9 }", "barrier { method = 'string', images = 1e9 }",
      "hessian { which = 'density', points = 1e9 }", "hessian { which = 'density', probes = 1e9 }",
      "hysteresis { from = 0.1, to = 0.3, points = 1e9 }",
      "accelerate { seeds = 1e9, programmes = {{name = 'a', l2 = 0.1}, {name = 'b', l2 = 0.2}} }",
      "grok { steps = 1e9, every = 1 }",
    ])
  func sentence(call: String) throws {
    let start = ContinuousClock.now
    let run = try kramers("--max-memory", "100M", "-e", Self.scene, "-e", call, timeout: 30)
    #expect(run.status == 1, "\(run.status) \(run.errors)")
    #expect(run.errors.contains("GiB of memory, and the limit here is 0.1 GiB"), "\(run.errors)")
    #expect(run.errors.contains("kramers: (-e 2):1: "), "\(run.errors)")
    #expect(start.duration(to: .now) < .seconds(5))
  }

  /// Two at a time: CI has few cores.
  private func parallel(_ items: [String], _ body: @Sendable @escaping (String) -> String?)
    -> [String]
  {
    let results = Results()
    DispatchQueue.concurrentPerform(iterations: 2) { part in
      for (k, item) in items.enumerated() where k % 2 == part {
        if let failure = body(item) { results.add(failure) }
      }
    }
    return results.all
  }

  private final class Results: @unchecked Sendable {
    // Unchecked: the lock guards the list.
    private let lock = NSLock()
    private var list: [String] = []
    func add(_ item: String) { lock.withLock { list.append(item) } }
    var all: [String] { lock.withLock { list.sorted() } }
  }
}
