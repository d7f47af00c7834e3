import Foundation
import KramersStore
import Testing

/// Files: 80 in the normal suite, 3,000 when KRAMERS_LONG is set (each is a run of the program).
private let count = ProcessInfo.processInfo.environment["KRAMERS_LONG"] == nil ? 80 : 3_000

/// Session files whose every hash is right, with variables, calls and progress that no program has
/// written.
@Suite("a hostile session file with the right hashes")
struct HostileSessionTests {
  private let folder: SessionFolder

  init() throws { folder = try SessionFolder() }

  /// Entries that were stopped, each in a verb that can go on where it stood.
  private static let scripts = [
    """
    experiment { data = data.population { singular = {1} }, depth = 3, width = 1, l2 = 0.3, lr = 0.2,
      init = "zero" }
    measure_escape { temperature = 1e-4, replicas = 12, max_steps = 2000000000 }
    """,
    "r = sweep { from = 0.05, to = 0.4, points = 9, hold = 300000 }",
    "x:train { steps = 30000000, every = 100000 }",
    "hysteresis { from = 0.1, to = 0.4, points = 4000 }",
  ]

  private static let start = """
    x = experiment { data = data.population { singular = {1, 0.8} }, depth = 3, width = 2, l2 = 0.2,
      lr = 0.2 }
    t = { 1, "two", { x = x }, s = snapshot(), self = false }
    t.self = t
    r = train { steps = 20000, every = 5000 }
    w = sweep { from = 0.1, to = 0.3, points = 3, hold = 2000 }
    """

  /// A session of which an entry was stopped.
  private func stopped(_ index: Int) throws -> SessionContents {
    let path = folder.path("base\(index).kramers")
    let run = try folder.start(
      [
        "--session", path, "-e", Self.start, "-e",
        "train { steps = 20000 }\n" + Self.scripts[index],
      ])
    _ = run.wait { _ in (try? SessionFile.summary(path))?.interruptedEntry == 1 }
    usleep(300_000)
    run.send(SIGTERM)
    _ = try run.finish()
    let contents = try SessionFile.open(path)
    #expect(contents.interrupted?.calls.contains { !$0.hasEnded } == true, "\(Self.scripts[index])")
    return contents
  }

  @Test("opens or is refused in a sentence, and what opens goes on or says why not")
  func files() throws {
    let bases = try Self.scripts.indices.map(stopped)
    var statuses: [Int32: Int] = [:]
    for seed in 0..<count {
      var random = SeededGenerator(state: UInt64(seed))
      var contents = bases[seed % bases.count]
      for _ in 0...Int.random(in: 0...1, using: &random) { change(&contents, &random) }
      let path = folder.path("h.kramers")
      try? FileManager.default.removeItem(atPath: path)
      // What refers to nothing is not even saved.
      guard (try? SessionFile(path: path).save(contents)) != nil else { continue }
      let run = try folder.start(
        seed % 2 == 0
          ? ["--resume", path]
          : [
            "--session", path, "-e",
            "print(x, t, r, w) print(pcall(function() return r.loss, w:state(1), x:measure() end)) "
              + "print(session.journal()) session.save()",
          ])
      // It need not end: that it goes on is enough.
      _ = run.wait(timeout: 0.2) { $0.hasEnded }
      run.send(SIGTERM)
      let result = try run.finish(timeout: 30)
      #expect(result.signal == nil || result.signal == SIGTERM, "seed \(seed): \(result)")
      #expect(!result.errors.contains("Fatal error"), "seed \(seed): \(result.errors)")
      if result.signal == nil {
        statuses[result.status, default: 0] += 1
        #expect([0, 1, 65].contains(result.status), "seed \(seed): \(result)")
        #expect(result.status == 0 || result.errors.contains("kramers: "), "seed \(seed)")
      } else {
        statuses[-1, default: 0] += 1
      }
    }
    print("hostile sessions: \(statuses.sorted { $0.key < $1.key })")
    #expect(statuses[65] != nil && statuses.count > 1)
  }

  private func change(_ contents: inout SessionContents, _ random: inout SeededGenerator) {
    let calls = contents.interrupted?.calls.count ?? 0
    let call = Int.random(in: 0..<max(calls, 1), using: &random)
    switch Int.random(in: 0..<14, using: &random) {
    case 0, 1: alter(&contents.state.values, &random)
    case 2: if contents.interrupted != nil { alter(&contents.interrupted!.start.values, &random) }
    case 3...7:
      guard calls > 0 else { return }
      // Behind the version of the format.
      var content = Array(contents.interrupted!.calls[calls - 1 - call / 2].content.dropFirst(6))
      alter(&content, &random)
      contents.interrupted!.calls[calls - 1 - call / 2].content = Array("log 2\n".utf8) + content
    case 8:
      guard calls > 0 else { return }
      contents.interrupted!.calls[call].index = [0, 1, 2, 1 << 40, .max].randomElement(
        using: &random)!
    case 9:
      guard calls > 0 else { return }
      contents.interrupted!.calls[call].hasEnded.toggle()
    case 10:
      guard calls > 0 else { return }
      contents.interrupted!.calls[call].experiments.removeAll()
    case 11:
      contents.journal[0].outcome = JournalEntry.Outcome.allCases.randomElement(using: &random)!
      contents.journal[1].chunkName = ["", "=", "@", "@/dev/zero", "\0"].randomElement(
        using: &random)!
      contents.journal[1].kind = JournalEntry.Kind.allCases.randomElement(using: &random)!
    case 12:
      contents.state.random = [[], [0, 0, 0, 0], [1], [.max, .max, .max, .max, 1]].randomElement(
        using: &random)!
      contents.interrupted?.start.random = contents.state.random
    default:
      contents.state.objects.shuffle(using: &random)
      contents.state.current = nil
    }
  }

  private func alter(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    guard !bytes.isEmpty else {
      bytes = [1, 2, 3]
      return
    }
    for _ in 0...Int.random(in: 0...3, using: &random) {
      // The first bytes are counts and clocks.
      let reach = Bool.random(using: &random) ? min(bytes.count, 40) : bytes.count
      let place = Int.random(in: 0..<reach, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[place] = [0, 1, 2, 0x7F, 0x80, 0xFF].randomElement(using: &random)!
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
      case 3:
        bytes.replaceSubrange(
          place..<min(place + 9, bytes.count), with: repeatElement(0xFF, count: 9) + [1])
      default: bytes.removeLast(min(bytes.count - 1, Int.random(in: 1...8, using: &random)))
      }
      if bytes.isEmpty { return }
    }
  }
}
