import ArgumentParser
import Kramers
import KramersBindings
import KramersShell

@main
enum Main {
  static func main() {
    prepareProcess()
    KramersCommand.main(withSandboxFolder(Array(CommandLine.arguments.dropFirst())))
  }
}

/// The command line: which chunks to run, how records leave, how many threads.
struct KramersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kramers",
    abstract: """
      An experiment shell for metastable phases of neural networks.

      examples
        kramers                            the shell; :help there
        kramers script.lua small           run a script; arg[1] is "small"
        kramers -e 'help(train)'           run code; an expression prints its value
        echo 'emit{x=1}' | kramers | jq .  through a pipe, records are JSON lines
        kramers --seed 7 s.lua > 7.jsonl   same seed, same bytes on any --threads
        kramers --format csv s.lua         records as CSV; table is for reading
        kramers --session run1 s.lua       saved as it goes; --resume run1 after a stop
        kramers --shard 3/8 --out D s.lua  one of eight processes; --merge D joins them
        kramers --slurm 8 --out D s.lua    the eight as an array of Slurm, and their merge
        kramers --sandbox hand-in s.lua    a stranger's script: files below hand-in, limits

      Lua 5.4 with the verbs of Kramers. help() lists them, help(train) explains one.
      """,
    usage: "kramers [options] [script | -] [args...]",
    discussion: """
      exit status
        0 done, 1 an error in Lua, 64 usage, 65 a session that is corrupt or cannot go
        on or parts of shards that are damaged or foreign, 66 no such script, session or
        folder, 74 output or the session could not be written, 75 stopped by a limit,
        --resume goes on, or parts of shards are missing;
        SIGINT, SIGTERM and SIGHUP finish the step and end the process themselves
      """,
    version: version)

  static let version = "0.2.0"

  @Option(
    name: .customShort("e"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Run this code; may be repeated. An expression prints its value.", valueName: "code"))
  var code: [String] = []

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of everything random.", valueName: "n"))
  var seed: Int64 = 0

  @Option(
    help: ArgumentHelp(
      "Threads to use; results do not depend on it. Default: all cores.", valueName: "n"))
  var threads: Int?

  @Option(
    help: """
      How emit and printed results leave: table, jsonl or csv. Default: table on a terminal, else \
      jsonl.
      """, completion: .list(OutputFormat.allCases.map(\.rawValue)))
  var format: String?

  @Flag(help: "The same as --format jsonl.")
  var json = false

  @Flag(help: "Keep the fields that depend on the clock in JSON and CSV.")
  var timings = false

  @Flag(name: .customShort("i"), help: "The shell after the script or code.")
  var interactive = false

  @Flag(name: .customLong("no-init"), help: "The shell does not run init.lua first.")
  var noInit = false

  @Option(
    help: ArgumentHelp(
      "Work in this session: open it if it exists, save it as work goes on.", valueName: "name"))
  var session: String?

  @Option(
    help: ArgumentHelp(
      "Open this session, go on with what was interrupted, then run the script if one is given.",
      valueName: "name"))
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "Run the journal of this session again and compare every result and weight.",
      valueName: "name"))
  var verify: String?

  @Flag(help: "List the sessions.")
  var sessions = false

  @Flag(help: "Compare what this machine computes with theory, as check() does; half a minute.")
  var selftest = false

  @Option(
    name: .customLong("new-protocol"),
    help: ArgumentHelp(
      "Write a protocol to begin from into $XDG_DATA_HOME/kramers/protocols; it is a verb from then "
        + "on.", valueName: "name"))
  var newProtocol: String?

  @Option(
    help: ArgumentHelp(
      "install: make Kramers a kernel of Jupyter for this user (needs python3 with ipykernel).",
      valueName: "install"))
  var jupyter: String?

  /// The descriptor of a socket; `python/kramers/kernel.py` is at its other end.
  @Option(help: .hidden)
  var serve: Int32?

  @Flag(help: "Write every name with its options as LuaCATS annotations, for editors.")
  var annotations = false

  @Option(
    name: .customLong("max-seconds"),
    help: ArgumentHelp(
      "Stop a script after so many seconds, at the end of the step under way, with status 75.",
      valueName: "n"))
  var maxSeconds: Double?

  @Option(
    name: .customLong("max-memory"),
    help: ArgumentHelp(
      "Stop a script that takes more memory (64M or more, 2G); begin nothing that would.",
      valueName: "size"), transform: memorySize)
  var maxMemory: MemorySize?

  @Option(
    name: .customLong("max-steps"),
    help: ArgumentHelp(
      "Stop a script after so many millions of Lua's instructions.", valueName: "n"))
  var maxSteps: Double?

  @Option(
    help: ArgumentHelp(
      "Compute part K of N of every ensemble of the script, into --out; docs/clusters.md. auto: the "
        + "place that Slurm or MPI gives.", valueName: "k/n"))
  var shard: String?

  @Option(
    help: ArgumentHelp(
      "The folder that the shards share.", valueName: "folder"), completion: .directory)
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Of a shard: wait so long for the others where the script goes on with what they measure, then "
        + "go on.", valueName: "seconds"))
  var wait: Double?

  /// Seconds: how long would the shard take? Of `--slurm`.
  @Option(help: .hidden)
  var probe: Double?

  @Option(
    help: ArgumentHelp(
      "Write what one process would have written, from the parts of all shards.",
      valueName: "folder"), completion: .directory)
  var merge: String?

  @Option(
    help: ArgumentHelp(
      "Submit N shards as an array of Slurm, watch it, run what is lost again, and write the merge; "
        + "needs --out.", valueName: "n"))
  var slurm: Int?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "With --slurm: an option of sbatch without its dashes, as time=2:00:00; may be repeated.",
      valueName: "words"))
  var sbatch: [String] = []

  @Flag(name: .customLong("dry-run"), help: "With --slurm: show the batch script, submit nothing.")
  var dryRun = false

  @Option(
    name: .customLong("max-output"),
    help: ArgumentHelp(
      "Stop a script that writes more: on standard output and error, and into files.",
      valueName: "size"), transform: memorySize)
  var maxOutput: MemorySize?

  @Option(
    name: .customLong("max-session"),
    help: ArgumentHelp(
      "Stop a script whose session's file would be larger.", valueName: "size"),
    transform: memorySize)
  var maxSession: MemorySize?

  @Option(
    help: ArgumentHelp(
      """
      For a stranger's script: Lua without files, programs and bytecode; verbs read and write below \
      this folder alone (default: the working directory); --max-seconds 600 --max-memory 1G \
      --max-steps 20000 --max-output 64M --max-session 64M unless given.
      """, valueName: "folder"), completion: .directory)
  var sandbox: String?

  @Flag(help: "No progress line, no warnings, no banner.")
  var quiet = false

  @Option(help: ArgumentHelp("Colour: auto, always or never.", valueName: "when"))
  var color = ColorChoice.auto

  @Flag(help: .hidden)
  var reference = false

  @Flag(help: .hidden)
  var man = false

  @Argument(help: "A Lua script, or - for standard input.", completion: .file(extensions: ["lua"]))
  var script: String?

  @Argument(parsing: .captureForPassthrough, help: "Arguments of the script.")
  var rest: [String] = []

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    if let format, OutputFormat(rawValue: format) == nil {
      let names = OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--format must be one of \(names), got '\(format)'")
    }
    if interactive, !Terminal.isInput || script == "-" {
      throw ValidationError("-i needs a terminal on standard input")
    }
    if let serve, !Stream.isSocket(serve) {
      throw ValidationError("--serve takes the descriptor of a socket, got \(serve)")
    }
    if let jupyter, jupyter != "install" {
      throw ValidationError("--jupyter takes install, got '\(jupyter)'")
    }
    let choices = [
      shard.map { _ in "--shard" }, slurm.map { _ in "--slurm" }, merge.map { _ in "--merge" },
      session.map { _ in "--session" },
      resume.map { _ in "--resume" },
      verify.map { _ in "--verify" }, sessions ? "--sessions" : nil,
      selftest ? "--selftest" : nil,
    ].compactMap(\.self)
    if choices.count > 1 {
      throw ValidationError("give either \(choices.joined(separator: " or "))")
    }
    if verify != nil || sessions || selftest || merge != nil, script != nil || !code.isEmpty {
      throw ValidationError(
        "\(choices[0]) runs no script" + (merge == nil ? "" : " but that of its folder"))
    }
    try validateShard()
    for (name, value) in [("--max-seconds", maxSeconds), ("--max-steps", maxSteps)] {
      if let value, !(value > 0 && value <= 1e9) {
        throw ValidationError("\(name) must be in 0...1e9 and not 0, got \(value)")
      }
    }
    if let maxMemory, maxMemory.bytes < 1 << 26 {
      throw ValidationError("--max-memory must be at least 64M, got \(maxMemory)")
    }
    let isUnlimited = interactive || sessions || newProtocol != nil || serve != nil
    if !limits.isEmpty, isUnlimited || selftest && sandbox != nil {
      throw ValidationError(
        (sandbox == nil ? "limits are" : "--sandbox is")
          + " for scripts, -e, standard input, --resume and --verify")
    }
    if let name = Environment["KRAMERS_ISA"], !name.isEmpty, hasInstructionSet(name) != true {
      throw ValidationError(
        "KRAMERS_ISA must be avx2 or avx512, got '\(name)'"
          + (hasInstructionSet(name) == false ? ", which this processor does not have" : ""))
    }
    if json, let format, format != "jsonl" {
      throw ValidationError("give either --json or --format \(format)")
    }
  }

  private func validateShard() throws {
    if probe != nil, shard == nil { throw ValidationError("--probe goes with --shard") }
    if let probe, !(probe > 0 && probe <= 1e9) {
      throw ValidationError("--probe must be in 0...1e9 and not 0, got \(probe)")
    }
    if wait != nil, shard == nil { throw ValidationError("--wait goes with --shard") }
    if out != nil, shard == nil, slurm == nil {
      throw ValidationError("--out goes with --shard or --slurm")
    }
    for (name, isGiven) in [("--sbatch", !sbatch.isEmpty), ("--dry-run", dryRun)] {
      if isGiven, slurm == nil { throw ValidationError("\(name) goes with --slurm") }
    }
    for words in sbatch where words.hasPrefix("-") || words.contains("\n") {
      throw ValidationError(
        "--sbatch takes an option without its dashes, as time=2:00:00, got '\(words)'")
    }
    if let wait, !(wait >= 0 && wait <= 1e9) {
      throw ValidationError("--wait must be in 0...1e9, got \(wait)")
    }
    if merge != nil, sandbox != nil {
      throw ValidationError("--sandbox does not go with --merge")
    }
    if merge != nil, seed != 0 {
      throw ValidationError("--merge has the seed of its folder; --seed goes with --shard")
    }
    if let slurm, !(1...Shard.most).contains(slurm) {
      throw ValidationError("--slurm must be in 1...\(Shard.most), got \(slurm)")
    }
    guard let name = shard.map({ _ in "--shard" }) ?? slurm.map({ _ in "--slurm" }) else { return }
    if out == nil { throw ValidationError("\(name) needs --out FOLDER, the same for all shards") }
    if script == nil && code.isEmpty || script == "-" {
      throw ValidationError("\(name) needs a script in a file, or -e")
    }
    if sandbox != nil {
      throw ValidationError(
        "--sandbox does not go with \(name): shards write into a folder that they share")
    }
    if interactive { throw ValidationError("a shard has no shell: -i does not go with \(name)") }
    if slurm != nil, !limits.isEmpty {
      throw ValidationError("limits go with shards; give --slurm --sbatch time=... and mem=...")
    }
    guard let shard else { return }
    do { _ = try Shard(words: shard) { Environment[$0] } } catch {
      throw ValidationError(error.description)
    }
  }

  func run() throws {
    let catalog =
      man || reference || annotations ? try Program(ProgramOptions()).catalog : nil
    if man, let catalog {
      let page = try ManPage.text(of: Self.self, version: Self.version, catalog)
      return print(page, terminator: "")
    }
    if let catalog {
      let text = annotations ? annotationsFile(catalog) : referencePage(catalog)
      return print(text, terminator: "")
    }
    if jupyter != nil { throw ExitCode(JupyterKernel.install()) }
    if let newProtocol { throw ExitCode(NewProtocol.write(newProtocol)) }
    warnAboutLateOptions()
    var confined = programOptions
    if let sandbox { try enter(sandbox, &confined) }
    let options = confined
    if sessions { throw ExitCode(SessionChoice.list(options)) }
    if let shard, let out {
      throw ExitCode(ShardRun(options: options, words: shard, folder: out, wait: wait).run())
    }
    if let slurm, let out {
      let run = slurmRun(options, slurm, out, sbatch)
      throw ExitCode(dryRun ? run.dryRun() : run.run())
    }
    if let merge { throw ExitCode(ShardRun.merge(merge, options)) }
    if let verify { throw ExitCode(SessionChoice.verify(verify, options)) }
    let choice = SessionChoice(name: session ?? resume, resumes: resume != nil)
    if isInteractive || serve != nil {
      throw ExitCode(
        Interactive(options: options, shell: shellOptions, session: choice, requests: serve).run())
    }
    var batch = Batch(options: options, session: choice)
    batch.options.slurm = { request in
      slurmRun(options, request.shards, request.folder, request.directives).run()
    }
    throw ExitCode(batch.run())
  }

  private func slurmRun(
    _ options: ProgramOptions, _ shards: Int, _ folder: String, _ directives: [String]
  ) -> SlurmRun {
    SlurmRun(
      options: options, shards: shards, folder: folder, directives: directives,
      outputOptions: ["--format", options.format.rawValue] + (timings ? ["--timings"] : []))
  }

  /// A terminal and nothing to run: the shell.
  private var isInteractive: Bool {
    interactive
      || (Terminal.isInput && script == nil && code.isEmpty && !selftest && limits.isEmpty)
  }

  private var limits: RunLimits {
    var limits = sandbox == nil ? RunLimits() : Sandbox.limits
    if let maxSeconds { limits.seconds = maxSeconds }
    if let maxMemory { limits.memory = maxMemory.bytes }
    if let maxSteps { limits.instructions = Int(maxSteps * 1e6) }
    if let maxOutput { limits.output = maxOutput.bytes }
    if let maxSession { limits.session = maxSession.bytes }
    return limits
  }

  /// From now on the process is in the sandbox; nothing of the user's own is read beside the script.
  private func enter(_ folder: String, _ options: inout ProgramOptions) throws {
    options.luaPath = nil
    options.protocolFolders = []
    do {
      let sandbox = try Sandbox(
        folder, script: script == "-" ? nil : script, session: session ?? resume ?? verify)
      options.sandbox = sandbox
      if let warning = sandbox.warning, !quiet { writeError("kramers: warning: \(warning)\n") }
    } catch {
      writeError("kramers: --sandbox: \(error)\n")
      throw ExitCode(66)
    }
  }

  private var shellOptions: ShellOptions {
    var options = ShellOptions()
    options.readsInit = !noInit
    options.isQuiet = quiet
    options.isColored = color.isOn(terminal: Terminal.isErrors)
    options.terminal = Terminal.isErrors || !Terminal.isOutput ? 2 : 1
    return options
  }

  private var programOptions: ProgramOptions {
    var options = ProgramOptions()
    options.seed = UInt64(bitPattern: seed)
    options.threads = threads ?? Processors.count
    options.format =
      json
      ? .jsonl
      : format.flatMap(OutputFormat.init(rawValue:)) ?? (Terminal.isOutput ? .table : .jsonl)
    options.timings = timings
    options.luaPath = Environment["KRAMERS_LUA_PATH"]
    options.protocolFolders = [UserDirectories.protocols].compactMap(\.self)
    options.version = Self.version
    options.script = script
    options.arguments = rest
    let check = options.format == .table ? "check():all()" : "check()"
    options.code = selftest ? [check] : code
    options.limits = limits
    options.probe = probe
    options.isQuiet = quiet
    options.showsProgress = Terminal.isErrors && Environment["TERM"] != "dumb"
    options.colorsOutput = color.isOn(terminal: Terminal.isOutput)
    options.colorsErrors = color.isOn(terminal: Terminal.isErrors)
    return options
  }

  /// Options end at the script; one that was meant for the program is easily put behind it.
  private func warnAboutLateOptions() {
    guard Terminal.isErrors, !quiet, let script, rest.contains(where: { $0.hasPrefix("-") })
    else { return }
    let words = Self.helpMessage().split { $0 == " " || $0 == "," || $0 == "\n" }
    let own = Set(words.filter { $0.hasPrefix("-") && $0 != "-" }.map(String.init))
    let late = rest.map { String($0.prefix { $0 != "=" }) }.first { own.contains($0) }
    guard let late else { return }
    writeError(
      "kramers: warning: \(late) stands after the script and goes to it; "
        + "for kramers itself: kramers \(late) ... \(script)\n")
  }
}

/// For `--max-memory`.
private func memorySize(_ words: String) throws -> MemorySize {
  guard let size = MemorySize(words: words) else {
    throw ValidationError("a size is 64M, 2G or a number of bytes, got '\(words)'")
  }
  return size
}

enum ColorChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, always, never

  func isOn(terminal: Bool) -> Bool {
    switch self {
    case .always: true
    case .never: false
    case .auto: terminal && (Environment["NO_COLOR"] ?? "").isEmpty && Environment["TERM"] != "dumb"
    }
  }
}
