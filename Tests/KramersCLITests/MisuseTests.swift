import Foundation
import Testing

@Suite struct MisuseTests {
  static let setup = """
    local function make(t)
      t = t or {}
      t.data = t.data or data.population{singular = {0.9, 0.8}}
      t.depth, t.width, t.lr = 3, t.width or 2, t.lr or 0.2
      return experiment(t)
    end

    """

  /// What is written, and what the error must say.
  static let cases: [(code: String, words: String)] = [
    (
      "make{data = data.from{x = {{1}, {2}}, y = {{1, 0}, {1, 9}}}, loss = 'cross_entropy'}",
      "training row 2 sums to 10"
    ),
    (
      "make{data = data.from{x = {{1}, {2}}, y = {{1, 0}, {-3, 4}}}, loss = 'cross_entropy'}",
      "training row 2 holds -3"
    ),
    (
      "make{data = data.from{x = {{1}, {2}}, y = {{1}, {1}}}, loss = 'cross_entropy'}",
      "at least two outputs"
    ),
    ("make() trap{rank = 1, exact = true, l2 = 0.3}", "l2 is not used with exact = true"),
    ("make().train(5)", "write x:train{...}"),
    ("print(make().temprature)", "did you mean 'temperature'?"),
    ("make():trian(5)", "did you mean 'train'?"),
    ("make{momentum = 0.5}", "momentum is used by optimizer"),
    ("make{lr = 1/0}", "lr must be finite, got inf"),
    ("make{width = 100000}", "GiB of memory"),
    ("make():measure{bad = 1}", "it takes none"),
    ("make{l2 = 0.1} train(5000) measure_escape{temperature = 1e-4}", "none left to appear"),
    ("make{l2 = 0.1, init = 'zero'} arrhenius{temperatures = {1e-4, 1e-4}}", "must differ"),
    (
      "make():train{steps = 5, observe = function() return {loss = 1} end}",
      "'loss', a field that every row has"
    ),
  ]

  @Test("each mistake is a sentence with value and rule, at its line", arguments: cases.indices)
  func sentence(index: Int) throws {
    let (code, words) = Self.cases[index]
    let run = try kramers("-", input: Self.setup + code)
    #expect(run.status == 1)
    #expect(run.errors.contains(words), "\(code): \(run.errors)")
    // Line 5 is where `make` calls `experiment`.
    let isInMake = run.errors.contains(": experiment: ") && !words.contains("did you mean")
    let line = isInMake ? 5 : 7
    #expect(run.errors.hasPrefix("kramers: stdin:\(line): "), "\(code): \(run.errors)")
  }

  @Test("theory is silent beside thresholds that it does not cover and ensembles that blew up")
  func silence() throws {
    let run = try kramers(
      "-",
      input: Self.setup + """
        make() trap{rank = 1, release = 0.1}
        for _, o in ipairs{{threshold = 0.0005}, {threshold = 0.95}, {lr = 4}} do
          o.temperature, o.replicas, o.max_steps = 2e-4, 8, 2000
          emit(measure_escape(o))
        end
        """)
    let records = run.records.dropFirst()
    #expect(records.count == 3, "\(run.errors)")
    for record in records {
      #expect(record["theory"] == nil)
      #expect((record["theory_reason"] as? String)?.isEmpty == false)
    }
    #expect(records.last?["outcome"] as? String == "diverged")
  }

  @Test("a network of width 1 is trapped although the data has more modes")
  func narrow() throws {
    let run = try kramers(
      "-",
      input: Self.setup
        + "make{width = 1} print(trap{rank = 1, release = 0.1}.certified, trap{release = 0.1}.certified)"
    )
    #expect(run.output == "true\ttrue\n", "\(run.errors)")
  }

  @Test("a protocol that failed leaves nothing behind for a later interrupt")
  func forgottenProtocol() throws {
    let program = try RunningBinary(
      [
        binary.path, "-e",
        Self.setup + """
          make() trap{rank = 1, release = 0.1}
          log(pcall(arrhenius, {temperatures = {1e-3, 0.5}, replicas = 4}))
          train{steps = 1e12}
          """,
      ])
    Thread.sleep(forTimeInterval: 2)
    program.send(SIGTERM)
    let run = try program.finish(timeout: 30)
    #expect(run.errors.contains("noise alone gives"), "\(run.errors)")
    #expect(run.records.map { $0["kind"] as? String } == ["header", "run"])
  }

  @Test("an interrupted arrhenius emits the points that it has")
  func partialProtocol() throws {
    let program = try RunningBinary(
      [
        binary.path, "-e",
        Self.setup + """
          make() trap{rank = 1, release = 0.1}
          log("go")
          arrhenius{temperatures = {1e-3, 5e-5}, replicas = 16, max_steps = 1e9}
          """,
      ])
    Thread.sleep(forTimeInterval: 2)
    program.send(SIGTERM)
    let run = try program.finish(timeout: 30)
    #expect(run.signal == SIGTERM)
    let last = try #require(run.records.last, "\(run.errors)")
    #expect(last["kind"] as? String == "arrhenius")
    #expect(last["outcome"] as? String == "interrupted")
    #expect((last["points"] as? [Any])?.count == 1)
  }
}
