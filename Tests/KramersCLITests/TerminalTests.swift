import Foundation
import Testing

private let work =
  "experiment{data = data.population{singular = {0.9}}, depth = 3, width = 2, lr = 0.1} train(1e12)"

@Suite struct TerminalTests {
  /// Runs with standard error on a terminal until `seen`, then ends it.
  private func watch(
    _ arguments: [String], environment: [String: String] = [:], seconds: Double = 1.5
  ) throws -> Run {
    let run = try RunningBinary(
      [binary.path] + arguments, environment: environment, errorsTo: .terminal)
    usleep(UInt32(seconds * 1e6))
    run.send(SIGTERM)
    return try run.finish(timeout: 20)
  }

  @Test("a terminal sees one progress line, at most ten times a second, erased at the end")
  func progress() throws {
    let run = try watch(["-e", work], seconds: 2)
    let drawn = run.errors.components(separatedBy: "\r\u{1B}[Ktrain  ").dropFirst()
    #expect(drawn.count >= 5 && drawn.count <= 21, "\(run.errors)")
    #expect(drawn.allSatisfy { $0.contains("/1000000000000 steps  ") && $0.contains(" left") })
    #expect(drawn.allSatisfy { $0.count < 130 && !$0.dropLast(60).contains("\n") })
    let end = try #require(run.errors.range(of: "\r\u{1B}[K", options: .backwards))
    #expect(run.errors[end.upperBound...].contains("interrupted"))
    #expect(!run.output.contains("\u{1B}"))
  }

  @Test("the line shows the strongest mode of a run that is traced")
  func orderParameter() throws {
    let traced = work.replacing("train(1e12)", with: "train{steps = 1e10, every = 1e5}")
    let run = try watch(["-e", traced])
    #expect(run.errors.contains(" left  mode 1 "), "\(run.errors)")
  }

  @Test("no progress with --quiet, and none for short work")
  func quiet() throws {
    #expect(try watch(["--quiet", "-e", work]).errors.isEmpty)
    let short = work.replacing("train(1e12)", with: "train(100) log('said')")
    #expect(try watch(["-e", short], seconds: 0.5).errors == "said\r\n")
  }

  @Test("errors are coloured on a terminal, unless NO_COLOR, TERM=dumb or --color forbid it")
  func color() throws {
    let coloured = "\u{1B}[1;31mkramers:\u{1B}[0m"
    #expect(try watch(["-e", "error('x')"], seconds: 0.3).errors.contains(coloured))
    for environment in [["NO_COLOR": "1"], ["TERM": "dumb"]] {
      let run = try watch(["-e", "error('x')"], environment: environment, seconds: 0.3)
      #expect(run.errors.hasPrefix("kramers:"))
    }
    #expect(
      try watch(["--color", "never", "-e", "error('x')"], seconds: 0.3).errors.hasPrefix("kramers:")
    )
    #expect(try kramers("-e", "error('x')").errors.hasPrefix("kramers:"))
    #expect(try kramers("--color", "always", "-e", "error('x')").errors.hasPrefix(coloured))
    let table = try kramers("--color=always", "--format=table", "-e", "emit{kind = 'k', x = 1}")
    #expect(table.output == "\u{1B}[1mk\u{1B}[0m\n  x  1\n")
  }

  @Test("an option behind the script gives a warning on a terminal")
  func lateOption() throws {
    try withFile("print(#arg)") { path in
      let run = try watch([path, "--seed", "3"], seconds: 0.3)
      #expect(run.errors.contains("--seed stands after the script and goes to it"))
      #expect(run.output == "2\n")
      #expect(try kramers(path, "--seed", "3").errors.isEmpty)
      #expect(try watch(["--quiet", path, "--seed", "3"], seconds: 0.3).errors.isEmpty)
    }
  }
}
