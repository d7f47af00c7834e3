#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
import Kramers
import Lua

/// `plot`: pictures of results, in files and on the terminal.
extension Program {
  /// plot(result[, file][, options])
  func plot(_ call: LuaCall) throws -> [LuaValue] {
    let (path, options) = try plotArguments(call.arguments)
    // Before anything is drawn: a wrong name must not cost a long picture.
    let format = try path.map(Self.fileFormat)
    if path == nil { try requireTerminal() }
    if isShard { return [path.map { LuaValue($0) } ?? .nil] }
    let figure = try figure(of: call.argument(1), options, isForFile: path != nil)
    guard let path, let format else {
      if showsOutput { try show(figure) }
      return []
    }
    try draw(figure, format, path, keepsData: options.flag("data"))
    return [LuaValue(path)]
  }

  private func plotArguments(
    _ arguments: [LuaValue]
  ) throws -> (path: String?, options: Options) {
    guard let first = arguments.first, first.asTable != nil else {
      throw VerbError(
        "plot",
        "takes a result, a list of results or a table of numbers, got "
          + describe(arguments.first ?? .nil))
    }
    var rest = arguments.dropFirst()
    var path: String?
    if case .string? = rest.first, let text = rest.first?.text {
      path = text
      rest = rest.dropFirst()
    } else if rest.first?.isNil == true {
      rest = rest.dropFirst()
    }
    let options = rest.first ?? .nil
    guard rest.count <= 1, options.isNil || options.asTable != nil else {
      throw VerbError(
        "plot",
        "is called plot(result[, file][, options]), got \(describe(options)) for the "
          + (path == nil ? "file" : "options"))
    }
    return (path, try Options(catalog.entry("plot"), options))
  }

  /// - Throws: `VerbError`, `LuaError`.
  func figure(of value: LuaValue, _ options: Options, isForFile: Bool = true) throws -> Figure {
    let described = try pictures.description(lua).call([value, .table(options.table(self))])
    guard let first = described.first, first.asTable != nil else {
      throw VerbError("plot", described.dropFirst().first?.text ?? "there is no picture")
    }
    let record = try record(of: first, verb: "plot", isOrdered: false)
    let sides = options.word("size") == nil ? try options.numbers("size") : nil
    let size = sides.map { Figure.Size(width: $0[0], height: $0[1]) }
    let named: Figure.Size = options.word("size") == "page" ? .page : .column
    return try blaming("plot") {
      let figure = try Figure(record, size: size ?? named)
      // On a terminal its own size decides.
      if isForFile { try figure.checkSize() }
      return figure
    }
  }

  // MARK: Files

  private static func fileFormat(_ path: String) throws -> Figure.FileFormat {
    let formats: [(suffix: String, format: Figure.FileFormat)] = [
      (".png", .png), (".svg", .svg), (".pdf", .pdf),
    ]
    let name = path.lowercased()
    guard let match = formats.first(where: { name.hasSuffix($0.suffix) }) else {
      throw VerbError("plot", "the file must end in .png, .svg or .pdf, got \"\(path)\"")
    }
    return match.format
  }

  private func draw(
    _ figure: Figure, _ format: Figure.FileFormat, _ path: String, keepsData: Bool
  ) throws {
    if session.isReplaying { return }
    try writeFile(try gnuplotPicture(figure, format), to: path)
    guard keepsData else { return }
    let base = String(path.dropLast(4))
    let name = base.split(separator: "/").last.map(String.init) ?? base
    try writeFile(Array(figure.dataText().utf8), to: base + ".dat")
    let script = figure.gnuplot(
      format, path: name + path.suffix(4), data: .file(name + ".dat"))
    try writeFile(Array(script.utf8), to: base + ".gp")
  }

  // MARK: The terminal

  private func requireTerminal() throws {
    guard output.isOnTerminal || output.format == .table else {
      throw VerbError(
        "plot",
        "there is no terminal to draw on: give a file, plot(result, \"NAME.svg\"), or run "
          + "with --format table for a picture in characters")
    }
  }

  private func show(_ figure: Figure) throws {
    if let showPicture = shell.showPicture {
      var copy = figure
      copy.size.width = max(copy.size.width, 5)
      output.flush()
      return showPicture(try gnuplotPicture(copy, .svg), figure.title)
    }
    let columns = output.width
    let rows = output.isOnTerminal ? Int(ks_output_rows()) : 0
    if output.isOnTerminal, let bytes = pictureForTerminal(figure) {
      output.write(bytes: bytes)
      return output.flush()
    }
    let style = Figure.TextStyle(
      width: columns > 0 ? min(columns, 200) : 80,
      // Room for the line that asked for it and the next prompt.
      height: min(max((rows > 0 ? rows : 24) - 3, 12), 40),
      isPlain: TerminalPicture.isPlain(isTerminal: output.isOnTerminal),
      hasColors: output.isOnTerminal && options.colorsOutput)
    output.write(figure.text(style))
    output.flush()
  }

  /// The real picture, where the terminal says that it can show it and gnuplot can draw it.
  private func pictureForTerminal(_ figure: Figure) -> [UInt8]? {
    guard let way = TerminalPicture.way else { return nil }
    var copy = figure
    copy.size.width = max(copy.size.width, 5)
    switch way {
    case .kitty:
      return (try? gnuplotPicture(copy, .png)).map(TerminalPicture.kitty)
    case .sixel:
      return (try? gnuplotPicture(copy, .sixel)).map { $0 + [0x0A] }
    }
  }
}
