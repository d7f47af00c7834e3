import ArgumentParser
import KramersBindings

/// The command line: which chunks to run, how records leave, how many threads.
@main
struct KramersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kramers",
    abstract: "An experiment shell for metastable phases of neural networks.",
    usage: "kramers [options] [script | -] [args...]",
    discussion: """
      examples
        kramers script.lua small             run a script; arg[1] is "small"
        kramers -e 'print(help)'             run code, print the value of an expression
        echo 'emit{x = 1}' | kramers | jq .  records leave a pipe as JSON lines

      Lua 5.4 with the verbs of Kramers: help() lists them, help(measure_escape) explains one.
      """,
    version: version)

  static let version = "0.1.0"

  @Option(
    name: .customShort("e"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Run this code; may be repeated. An expression prints its value.", valueName: "code"))
  var code: [String] = []

  @Option(help: ArgumentHelp("Seed of everything random.", valueName: "n"))
  var seed: Int64 = 0

  @Option(
    help: ArgumentHelp(
      "Threads to use; results do not depend on it. Default: all cores.", valueName: "n"))
  var threads: Int?

  @Option(help: "How emit and printed results leave: table, jsonl or csv.")
  var format: String?

  @Flag(help: "The same as --format jsonl.")
  var json = false

  @Flag(help: "Keep the fields that depend on the clock in JSON and CSV.")
  var timings = false

  @Argument(help: "A Lua script, or - for standard input.")
  var script: String?

  @Argument(parsing: .captureForPassthrough, help: "Arguments of the script.")
  var rest: [String] = []

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    if let format, OutputFormat(rawValue: format) == nil {
      let names = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--format must be one of \(names), got '\(format)'")
    }
  }

  func run() throws {
    var options = ProgramOptions()
    options.seed = UInt64(bitPattern: seed)
    options.threads = threads ?? Processors.count
    options.format =
      json
      ? .jsonl
      : format.flatMap(OutputFormat.init(rawValue:)) ?? (Terminal.isOutput ? .table : .jsonl)
    options.timings = timings
    options.luaPath = Environment["KRAMERS_LUA_PATH"]
    options.version = Self.version
    options.script = script
    options.arguments = rest
    let status = Batch(options, code: code, script: script, arguments: rest).run()
    throw ExitCode(status)
  }
}
