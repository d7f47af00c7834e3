#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
public import KramersBindings
internal import Lua

/// What the command line decides about the shell.
public struct ShellOptions: Sendable {
  /// Whether `init.lua` runs first.
  public var readsInit = true
  public var isQuiet = false
  /// Whether the prompt and errors are coloured.
  public var isColored = false
  /// The descriptor of the terminal for prompts.
  public var terminal: Int32 = 2
  /// Whether what was interrupted in the opened session goes on at once.
  public var resumes = false

  public init() {}
}

/// The interactive shell: reads entries, runs them, shows what they are worth.
public final class Shell {
  let program: Program
  let options: ShellOptions
  var sources: SourceLines
  private let history: HistoryFile?
  private var reader: LineReader?
  /// What a notebook gets in place of text on a terminal; nil: there is a terminal.
  var front: ServiceReplies?

  /// - Parameter sources: the chunks that ran before (`-i`), for their errors.
  public init(_ program: Program, _ options: ShellOptions, sources: SourceLines = SourceLines()) {
    self.program = program
    self.options = options
    self.sources = sources
    history = UserDirectories.state.map { HistoryFile(path: $0 + "/history") }
  }

  /// Reads and runs entries until the user leaves.
  /// - Returns: the signal that ended the shell, 0 for none.
  public func run() -> Int32 {
    let reader = LineReader(self, terminal: options.terminal)
    self.reader = reader
    program.shell.edit = { try ChildProgram.edit($0) }
    if !options.isQuiet { banner() }
    openHistory(reader)
    program.session.isShell = true
    program.offerAutosave()
    if options.readsInit { runInit() }
    if options.resumes { take(Array("resume()".utf8), reader) }
    loop: while !LuaSignals.endsProcess {
      prepareForPrompt(reader)
      switch readEntry(reader) {
      case .entry(let text): take(text, reader)
      case .interrupt: program.shell.tourStep = nil
      case .end:
        if LuaSignals.received == 0 { write("\n") }
        break loop
      }
    }
    program.finish()
    program.leaveSession(isStopped: LuaSignals.received != 0)
    return LuaSignals.received
  }

  private func banner() {
    write(
      "Kramers \(program.options.version), Lua 5.4, readline \(LineReader.version)\n"
        + "First steps: :tour, ?train, examples(); Ctrl-D leaves\n")
  }

  private func openHistory(_ reader: LineReader) {
    guard let directory = UserDirectories.state, let history else {
      return program.errors.warn("the history is not kept: no HOME")
    }
    if let reason = UserDirectories.make(directory) {
      program.errors.warn("the history is not kept: \(directory): \(reason)")
    } else {
      history.load()
      if let failure = history.failure {
        program.errors.warn("the history is not kept: \(history.path): \(failure)")
      }
    }
    reader.setHistory(history.entries)
  }

  private func runInit() {
    guard let directory = UserDirectories.configuration else { return }
    let path = directory + "/init.lua"
    guard access(path, F_OK) == 0 else { return }
    work {
      do {
        try program.run(file: path, sources: &sources)
      } catch {
        report(error)
      }
    }
  }

  // MARK: Reading

  private func prepareForPrompt(_ reader: LineReader) {
    program.finish()
    program.progress.rest()
    startLine()
    if history?.takeNews() == true, let history { reader.setHistory(history.entries) }
    if let step = program.shell.tourStep { showTour(step) }
  }

  private func readEntry(_ reader: LineReader) -> LineReader.Outcome {
    let prompt = styledPrompt("> ")
    let prepared = program.shell.prepared
    program.shell.prepared = nil
    guard case .entry(var text) = reader.read(prompt, prepared: prepared) else {
      return interruptOrEnd()
    }
    // Only where the terminal cannot show several lines, Enter returns an incomplete entry.
    while !isComplete(text) {
      guard case .entry(let line) = reader.read(styledPrompt(">> "), prepared: nil) else {
        return interruptOrEnd()
      }
      text += [0x0A] + line
    }
    return .entry(text)
  }

  private func interruptOrEnd() -> LineReader.Outcome {
    guard LuaSignals.received == SIGINT else { return .end }
    LuaSignals.clear()
    program.lua.interrupt.clear()
    return .interrupt
  }

  /// Readline must know which characters take no room.
  private func styledPrompt(_ text: String) -> String {
    options.isColored ? "\u{01}\u{1B}[1;32m\u{02}\(text)\u{01}\u{1B}[0m\u{02}" : text
  }

  private func showTour(_ step: Int) {
    guard step < Tour.steps.count else {
      program.shell.tourStep = nil
      return write("That was the tour. :help lists commands and keys.\n")
    }
    let words = Tour.steps[step].words
    write("\n\(step + 1)/\(Tour.steps.count)  \(words)\n")
    if step == 0 { write("     Enter runs the line, Ctrl-C leaves the tour.\n") }
    program.shell.prepared = Array(Tour.steps[step].code.utf8)
    program.shell.tourStep = step + 1
  }

  // MARK: Running

  private func take(_ text: [UInt8], _ reader: LineReader) {
    guard text.contains(where: { ![0x20, 0x0A, 0x09].contains($0) }) else { return }
    history?.add(text)
    reader.addHistory(text)
    let isEdit = text.starts(with: Array(":edit".utf8))
    work { run(text) }
    if !isEdit { program.shell.lastEntry = text }
  }

  /// Runs `body` with the interrupt armed and the progress line awake.
  func work(_ body: () -> Void) {
    program.progress.wake(inShell: true)
    body()
    program.finish()
    if !LuaSignals.endsProcess {
      LuaSignals.clear()
      program.lua.interrupt.clear()
    }
  }

  func run(_ text: [UInt8]) {
    let line = String(decoding: text, as: UTF8.self).trimmingSpaces()
    do {
      switch line {
      case "exit", "quit", ":exit", ":quit", ":q": try runCode("exit()", shown: text)
      case ":help": program.output.write(HelpText.shell + "\n")
      case _ where line.hasPrefix(":!"): runSystem(String(line.dropFirst(2)))
      case _ where line.hasPrefix(":"):
        try runCode(Commands.call(String(line.dropFirst())), shown: text)
      case _ where line.hasPrefix("?"): try runCode(Commands.question(line), shown: text)
      default: try run(entry: text)
      }
    } catch {
      report(error)
    }
  }

  private func runSystem(_ line: String) {
    program.finish()
    program.session.note("-- :!" + line)
    let status = ChildProgram.run(line)
    if status != 0 { write("status \(status)\n") }
  }

  /// A command shows what its function returns, unless it was told something: `:seed`, `:seed 7`.
  private func runCode(_ code: String, shown text: [UInt8]) throws {
    let shows = ["shell.run", "session.save", "print"].contains { code.hasPrefix($0) }
    let isMuted = !code.hasSuffix("()") && !shows
    try run(code: Array((code + (isMuted ? ";" : "")).utf8), shown: text)
  }

  private func run(entry text: [UInt8]) throws {
    var text = text
    if text.first == UInt8(ascii: "="), text.dropFirst().first != UInt8(ascii: "=") {
      text[0] = 0x20  // `= x`, as in older Luas
    }
    let kept = keepingLocals(LuaText(text)) { program.isPublic($0) }
    try run(code: kept, shown: text)
  }

  private func run(code: [UInt8], shown text: [UInt8]) throws {
    let name = "[\(program.session.journal.count + 1)]"
    sources.add(name, String(decoding: text, as: UTF8.self))
    let start = ContinuousClock.now
    let steps = program.progress.totalSteps
    defer { showTime(since: start, steps: program.progress.totalSteps - steps) }
    try writingOnce {
      let values = try program.run(entry: code, chunkName: "=" + name)
      guard !values.isEmpty else { return }
      try program.remember(values)
      if LuaText(code).endsMuted { return }
      try show(values)
    }
  }

  /// `:once FILE`: the output of this entry goes there.
  private func writingOnce(_ body: () throws -> Void) throws {
    guard let path = program.shell.onceFile else { return try body() }
    program.shell.onceFile = nil
    try program.writeOutput(to: path, body)
  }

  private func showTime(since start: ContinuousClock.Instant, steps: Int) {
    guard program.shell.showsTime else { return }
    let seconds = start.duration(to: .now) / .seconds(1)
    let rate = steps > 0 ? ", \(program.rateText(steps, seconds))" : ""
    write("\(program.secondsText(seconds))\(rate)\n")
  }

  /// What `io.write` left without an end.
  private func startLine() {
    program.finish()
    if isatty(1) == 1, !ks_is_at_line_start() {
      program.output.write("\n")
      program.finish()
    }
  }

  // MARK: Values

  private func show(_ values: [LuaValue]) throws {
    if let front { return try front.show(values, of: program) }
    startLine()
    if program.output.format != .table { return try program.printValues(values) }
    let isBold = program.options.colorsOutput
    program.output.write(
      try program.text(of: values, width: program.output.width, bold: isBold) + "\n")
  }

  private func report(_ error: any Error) {
    program.finish()
    let luaError = error as? LuaError
    program.shell.traceback = luaError?.traceback
    if luaError?.kind == .interrupted {
      let place = luaError?.position.map { " at \($0.chunk):\($0.line)" } ?? ""
      var words = "interrupted" + place
      if let value = program.chronicle.interruptedResult {
        program.chronicle.interruptedResult = nil
        try? program.remember([value])
        words += "; the partial result is in _"
      }
      if program.canResume { words += "; resume() goes on" }
      if let front { return front.fail(words, isInterrupt: true) }
      return program.errors.write(overEcho + words + "\n")
    }
    if let front {
      return front.fail(errorReport(error, sources, colored: false, head: "error:"))
    }
    program.errors.write(
      errorReport(error, sources, colored: options.isColored, head: "error:"))
  }

  /// In place of the terminal's `^C`; behind text without an end of line, below it.
  private var overEcho: String {
    ks_is_at_line_start() && reader?.showsLines == true ? "\r\u{1B}[K" : "\n"
  }

  private func write(_ text: String) { program.errors.write(text) }
}

// MARK: - What the line editor asks

extension Shell: LineReaderDelegate {
  func isComplete(_ entry: [UInt8]) -> Bool {
    guard let first = entry.first(where: { $0 != 0x20 && $0 != 0x0A }) else { return true }
    if first == UInt8(ascii: ":") || first == UInt8(ascii: "?") { return true }
    // A string without its end cannot be completed on another line.
    if let last = LuaText(entry).tokens.last, last.kind == .string, last.isOpen, !last.isLong {
      return true
    }
    return !program.isIncomplete(entry)
  }

  func indentation(_ entry: [UInt8], at point: Int) -> Int {
    max(0, 2 * LuaText(Array(entry[..<point])).depth)
  }

  func excessIndentation(_ entry: [UInt8], at start: Int) -> Int {
    let line = entry[start...]
    let spaces = line.prefix { $0 == 0x20 }.count
    let text = LuaText(Array(line))
    guard let first = text.tokens.first, LuaText.closes(text.words(first)) else { return 0 }
    let wanted = indentation(entry, at: start) - 2
    return spaces == wanted + 2 ? min(2, spaces) : 0
  }

  func completions(_ entry: [UInt8], at point: Int) -> Completions {
    Completer(program: program).completions(entry, at: point)
  }

  func edit(_ entry: [UInt8]) -> [UInt8]? {
    do {
      return try ChildProgram.edit(entry)
    } catch {
      report(error)
      return nil
    }
  }
}

extension LuaText {
  /// A semicolon at the end mutes an entry.
  var endsMuted: Bool {
    tokens.last { $0.kind != .comment }.map { words($0) == ";" && $0.kind == .symbol } ?? false
  }
}
