import Foundation
import Testing

private let table = "local t = { {x = 1, y = 2}, {x = 2, y = 3} } "

@Suite("plot") struct PlotTests {
  private func run(_ code: String, _ environment: [String: String] = [:]) throws -> Run {
    try RunningBinary([binary.path, "-e", code], environment: environment).finish(timeout: 120)
  }

  @Test(
    "PNG, SVG and PDF by the file's name, the same bytes each time",
    arguments: ["png", "svg", "pdf"])
  func files(_ suffix: String) throws {
    let folder = PictureFolder()
    let code = table + "print(plot(t, '\(folder.path)/NAME.\(suffix)', { x = 'x', y = 'y' }))"
    #expect(try run(code.replacing("NAME", with: "a")).output == "\(folder.path)/a.\(suffix)\n")
    usleep(1_100_000)
    #expect(try run(code.replacing("NAME", with: "b")).status == 0)
    let bytes = try folder.bytes("a.\(suffix)")
    let starts: [String: [UInt8]] = [
      "png": [0x89, 0x50, 0x4E, 0x47], "svg": Array("<?xml".utf8), "pdf": Array("%PDF".utf8),
    ]
    #expect(bytes.starts(with: starts[suffix] ?? []))
    #expect(try folder.bytes("b.\(suffix)") == bytes)
    #expect(folder.names == ["a.\(suffix)", "b.\(suffix)"])
  }

  @Test("data = true: the script beside the numbers draws the same picture again")
  func data() throws {
    let folder = PictureFolder()
    let made = try run(
      table + "plot(t, '\(folder.path)/a.svg', { x = 'x', y = 'y', data = true, title = \"it's\" })"
    )
    #expect(made.status == 0, "\(made.errors)")
    #expect(folder.names == ["a.dat", "a.gp", "a.svg"])
    let bytes = try folder.bytes("a.svg")
    let again = try shell("cd \(folder.path) && rm a.svg && LC_ALL=C.UTF-8 gnuplot -d a.gp")
    #expect(again.status == 0, "\(again.errors)")
    // The names of gnuplot's groups are those of its data.
    func plain(_ data: Data) -> String {
      String(decoding: data, as: UTF8.self).replacing(/<title>.*<\/title>/, with: "")
    }
    #expect(try plain(folder.bytes("a.svg")) == plain(bytes))
  }

  @Test("a trace of 100,000 points is drawn in under 2 s, into under 1 MB, with its extremes")
  func longTrace() throws {
    let folder = PictureFolder()
    let code = """
      local x, y = linspace(1, 1e5, 100000), {}
      for i = 1, 100000 do y[i] = math.sin(i * 0.37) end
      y[54321], y[999] = 40, -40
      local t = { x = x, y = y }
      for _, f in ipairs { "svg", "png", "pdf" } do plot(t, '\(folder.path)/a.' .. f, { x = 'x', y = 'y' }) end
      """
    let start = Date()
    let made = try run(code)
    #expect(made.status == 0, "\(made.errors)")
    // Three pictures and the start of the program; the machine may be shared.
    #expect(Date().timeIntervalSince(start) < 3 * 2 + 4)
    for name in folder.names { #expect(try folder.bytes(name).count < 1_000_000, "\(name)") }
    #expect(folder.names.count == 3)
  }

  @Test("odd numbers give a picture or a sentence")
  func oddNumbers() throws {
    let folder = PictureFolder()
    for numbers in [
      "{1e300, -1e300}", "{1e-300, 1e300}", "{5}", "{0, 0}", "{0/0, 1}", "{1/0, -1/0}", "{0/0}",
      "{1e308, 1e308}",
    ] {
      for log in ["none", "x", "y", "xy"] {
        let code = """
          local y = \(numbers) local t = {}
          for i, v in ipairs(y) do t[i] = { x = v, y = v } end
          plot(t, '\(folder.path)/a.svg', { x = 'x', y = 'y', log = '\(log)' })
          """
        let made = try run(code)
        #expect(made.status == 0, "\(numbers) \(log): \(made.errors)")
        let svg = String(decoding: try folder.bytes("a.svg"), as: UTF8.self)
        #expect(svg.contains("</svg>"))
        if numbers.contains("/0") { #expect(svg.contains("not drawn"), "\(numbers) \(log)") }
      }
    }
    #expect(
      try run("plot({}, 'a.svg')").errors.contains("the table is empty: there is nothing to draw"))
  }

  @Test("results without anything to draw say why")
  func empty() throws {
    let small =
      "experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 } "
    func words(_ code: String) throws -> String { try run(small + code).errors }
    #expect(
      try words("local r = train(10) r.trace = nil plot(r, 'a.png')")
        .contains("plot: the run has no trace to draw: train"))
    #expect(
      try words(
        "local b = bifurcation { points = 4 } b.stable, b.unstable = {}, {} plot(b, 'a.png')"
      )
      .contains("plot: there is no branch to draw"))
    #expect(
      try words("local r = measure() r.kind = 'mystery' plot(r, 'a.png')")
        .contains("the kind 'mystery' has no picture of its own"))
    #expect(
      try words("plot(train { steps = 20, every = 5 }, 'a.png', { x = 'stepp' })")
        .contains("trace has no column 'stepp' of numbers; it has active_units, balancedness, "))
  }

  @Test("a wrong call is an error at the caller's line, and writes nothing")
  func misuse() throws {
    let folder = PictureFolder()
    for (call, words) in [
      ("plot(3)", "plot: takes a result, a list of results or a table of numbers, got 3"),
      ("plot(t, 'a.gif')", "plot: the file must end in .png, .svg or .pdf, got \"a.gif\""),
      ("plot(t, 'a.png', { titel = 'a' })", "unknown option 'titel'; did you mean 'title'?"),
      (
        "plot(t, 'a.png', { size = {0, 3} })",
        "size must be \"column\", \"page\" or {width, height}"
      ),
      ("plot(t, 'a.png', { log = 'z' })", "log must be one of"),
      ("plot(t, 'a.png', 3)", "got 3 for the options"),
      ("plot(t)", "there is no terminal to draw on: give a file, plot(result, \"NAME.svg\")"),
      ("plot(t, '\(folder.path)/none/a.svg', { x = 'x', y = 'y' })", "No such file or directory"),
    ] {
      let run = try run("\n" + table + call)
      #expect(run.status == 1 && run.errors.contains(words), "\(call): \(run.errors)")
      #expect(run.errors.contains(":2:"), "\(run.errors)")
    }
    #expect(folder.names.isEmpty)
  }

  @Test("without gnuplot: the package's name; a failing one: its message; the old file stays")
  func gnuplot() throws {
    let folder = PictureFolder()
    let code = table + "plot(t, '\(folder.path)/a.svg', { x = 'x', y = 'y' })"
    try "old".write(toFile: folder.path + "/a.svg", atomically: true, encoding: .utf8)
    let missing = try run(code, ["PATH": folder.path])
    #expect(missing.status == 1 && missing.errors.contains("gnuplot-nox"), "\(missing.errors)")
    let fake = folder.path + "/gnuplot"
    // Written by another process: a child that a test beside this one starts could hold our own open
    // file for a moment, and the system does not run what somebody writes.
    let written = try shell(
      """
      printf '#!/bin/sh\\necho "line 3: all is lost" >&2\\nexit 1\\n' > \(fake) && chmod 755 \(fake)
      """)
    #expect(written.status == 0, "\(written.errors)")
    let failing = try run(code, ["PATH": folder.path + ":/bin:/usr/bin"])
    #expect(
      failing.status == 1 && failing.errors.contains("plot: gnuplot failed: line 3: all is lost"),
      "\(failing.errors)")
    #expect(try folder.bytes("a.svg") == Data("old".utf8))
  }

  @Test("--format table writes characters: 7 bits in a C locale, Unicode in UTF-8")
  func characters() throws {
    let code = table + "plot(t, { x = 'x', y = 'y', title = 'τ' })"
    for (locale, isPlain) in [("C", true), ("C.UTF-8", false)] {
      let run = try RunningBinary(
        [binary.path, "--format", "table", "-e", code], environment: ["LC_ALL": locale]
      ).finish(timeout: 60)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.output.hasPrefix(isPlain ? "tau\n" : "τ\n"), "\(run.output)")
      #expect(run.output.unicodeScalars.allSatisfy { $0.isASCII } == isPlain)
      #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
  }

  @Test("a protocol brings its picture along")
  func ownPicture() throws {
    let folder = PictureFolder()
    let own = """
      local function body() return { rows = { 1, 2, 3 } } end
      return {
        entry = { summary = "a test", returns = "rows", example = "print(1)" },
        body = body,
        picture = function(r, options, draw)
          return { title = options.title or "mine", panels = { { x = draw.axis("l2"),
            series = { { draw = "line", name = "own", x = r.rows, y = r.rows } } } } }
        end,
      }
      """
    try own.write(toFile: folder.path + "/mine.lua", atomically: true, encoding: .utf8)
    let made = try run(
      """
      protocol.load '\(folder.path)/mine.lua'
      experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
      plot(mine(), '\(folder.path)/a.svg')
      """)
    #expect(made.status == 0, "\(made.errors)")
    let svg = String(decoding: try folder.bytes("a.svg"), as: UTF8.self)
    #expect(svg.contains(">mine<") && svg.contains(">own<") && svg.contains("L2 strength b"))
    try own.replacing("draw = \"line\"", with: "draw = \"lime\"")
      .write(toFile: folder.path + "/mine.lua", atomically: true, encoding: .utf8)
    let wrong = try run(
      """
      protocol.load '\(folder.path)/mine.lua'
      experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
      plot(mine(), '\(folder.path)/b.svg')
      """)
    #expect(
      wrong.errors.contains("plot: panel 1, series 1: draw must be one of"), "\(wrong.errors)")
  }

  @Test("a word in a result cannot become a command of gnuplot")
  func injection() throws {
    let folder = PictureFolder()
    let evil = "x`touch \(folder.path)/owned`'; system('touch \(folder.path)/owned') #"
    let made = try run(
      table + """
        plot(t, '\(folder.path)/a.svg', { x = 'x', y = 'y', title = [==[\(evil)]==] })
        """)
    #expect(made.status == 0, "\(made.errors)")
    #expect(folder.names == ["a.svg"])
  }
}

@Suite("plot on a terminal", .serialized) struct PlotTerminalTests {
  private let call = "plot({ {x = 1, y = 2}, {x = 2, y = 3} }, { x = 'x', y = 'y' })"

  @Test("Braille within its width; 7 bits with TERM=dumb; no answer is no picture")
  func characters() throws {
    for (width, term) in [(60, "xterm"), (100, "xterm"), (80, "dumb")] as [(UInt16, String)] {
      let run = try ShellSession(
        command: [binary.path, "-e", call], environment: ["TERM": term], columns: width)
      #expect(run.wait { $0.text.split(whereSeparator: \.isNewline).count > 8 })
      #expect(run.finish().status == 0)
      let text = run.text
      let lines = text.split(whereSeparator: \.isNewline)
      #expect(lines.count > 8, "\(text)")
      #expect(lines.allSatisfy { $0.count <= Int(width) }, "\(text)")
      if term == "dumb" {
        #expect(text.unicodeScalars.allSatisfy { $0.isASCII }, "\(text)")
      } else {
        #expect(
          text.unicodeScalars.contains { (0x2800...0x28FF).contains($0.value) }
            || text.contains("●"))
      }
    }
  }

  /// Plots on a terminal that answers the question what it can show.
  private func shown(answer: String, start: String) throws -> [UInt8] {
    let run = try ShellSession(command: [binary.path, "-e", figure], columns: 80)
    #expect(run.wait { $0.raw.contains("\u{1B}[c") })
    run.send(answer)
    #expect(run.wait { $0.raw.contains(start) }, "\(run.raw.prefix(300))")
    #expect(run.finish().status == 0)
    #expect(!run.raw.contains("└"))
    let end = "\u{1B}\\"
    #expect(run.wait { $0.raw.contains(start) && $0.raw.hasSuffix(end + "\r\n") })
    let raw = run.raw
    guard let begin = raw.range(of: start), let last = raw.range(of: end, options: .backwards)
    else { return [] }
    return Array(raw[begin.lowerBound..<last.upperBound].replacing("\r\n", with: "\n").utf8)
  }

  private let figure =
    "local t = {} for i = 1, 50 do t[i] = { x = i, y = math.sin(i / 5) } end "
    + "plot(t, { x = 'x', y = 'y', size = 'page' })"

  /// The same as a file, with its script beside it.
  private func drawn(in folder: PictureFolder) throws {
    let code = figure.replacing("(t, {", with: "(t, '\(folder.path)/a.png', { data = true,")
    #expect(try kramers("-e", code).status == 0)
  }

  @Test("kitty's protocol where the terminal says so: its pieces are the PNG")
  func kitty() throws {
    let folder = PictureFolder()
    try drawn(in: folder)
    let bytes = try shown(
      answer: "\u{1B}_Gi=31;OK\u{1B}\\\u{1B}[?62;c", start: "\u{1B}_Ga=T,f=100,m=")
    let pieces = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\u{1B}\\")
      .dropLast().map { $0.dropFirst(3).split(separator: ";", maxSplits: 1) }
    #expect(pieces.count > 1 && pieces.allSatisfy { $0.count == 2 && $0[1].count <= 4096 })
    #expect(pieces.dropLast().allSatisfy { $0[0].hasSuffix("m=1") })
    #expect(pieces.last?[0] == "m=0")
    let text = pieces.map { String($0[1]) }.joined()
    #expect(try Data(base64Encoded: text) == folder.bytes("a.png"))
  }

  @Test("sixel where the features have it: decoded, the picture is that of gnuplot's PNG")
  func sixel() throws {
    guard try shell("convert -version && convert -list format | grep -q SIXEL").status == 0 else {
      print("skipped: no ImageMagick (convert) that decodes sixel")
      return
    }
    let folder = PictureFolder()
    try drawn(in: folder)
    let bytes = try shown(answer: "\u{1B}[?62;4;22c", start: "\u{1B}Pq")
    try Data(bytes).write(to: URL(fileURLWithPath: folder.path + "/a.six"))
    // By way of a PNG: straight into a PPM ImageMagick 6 loses sixel's palette.
    let converted = try shell("cd \(folder.path) && convert sixel:a.six decoded.png")
    #expect(converted.status == 0, "\(converted.errors)")
    let decoded = try pixels("decoded.png", in: folder)
    // The same script with the library that draws sixels, as a PNG.
    let script = try String(contentsOfFile: folder.path + "/a.gp", encoding: .utf8)
    let size = "\(decoded.width),\(decoded.height)"
    let lines = script.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.hasPrefix("set terminal")
        ? "set terminal png truecolor enhanced size \(size) font 'DejaVuSans,10' linewidth 1.5 "
          + "background 'white'"
        : line.replacing("set pointsize 1.4", with: "set pointsize 0.9")
    }
    try lines.joined(separator: "\n")
      .write(toFile: folder.path + "/b.gp", atomically: true, encoding: .utf8)
    let gnuplot = try shell("cd \(folder.path) && LC_ALL=C.UTF-8 gnuplot -d b.gp")
    #expect(gnuplot.status == 0, "\(gnuplot.errors)")
    let drawn = try pixels("a.png", in: folder)
    #expect(decoded.width == 910 && (drawn.width, drawn.height) == (decoded.width, decoded.height))
    #expect(drawn.colors.contains { $0 < 50 } && drawn.colors.count == decoded.colors.count)
    // Sixel has colours in percent, 256 of them.
    let worst = zip(decoded.colors, drawn.colors).map { abs(Int($0) - Int($1)) }.max() ?? 255
    #expect(worst <= 8, "\(worst)")
  }

  /// A picture as red, green and blue of each pixel.
  private func pixels(
    _ picture: String, in folder: PictureFolder
  ) throws -> (width: Int, height: Int, colors: [UInt8]) {
    let run = try shell("cd \(folder.path) && convert \(picture) -depth 8 ppm:p.ppm")
    #expect(run.status == 0, "\(run.errors)")
    let bytes = try [UInt8](folder.bytes("p.ppm"))
    let head = String(decoding: bytes.prefix(40), as: UTF8.self)
    let match = try #require(head.prefixMatch(of: /P6\s(\d+)\s(\d+)\s255\s/), "\(head)")
    let (width, height) = (Int(match.1) ?? 0, Int(match.2) ?? 0)
    return (width, height, Array(bytes.suffix(3 * width * height)))
  }

  @Test("a terminal that does not answer gets characters after a second")
  func silent() throws {
    let run = try ShellSession(command: [binary.path, "-e", call], columns: 80)
    let start = Date()
    #expect(run.wait { $0.text.contains("└") })
    #expect(Date().timeIntervalSince(start) < 10)
    #expect(run.finish().status == 0)
  }

  @Test("an answer that comes late is no input")
  func late() throws {
    for answer in ["\u{1B}[?62;4;22c", "\u{1B}_Gi=31;OK\u{1B}\\\u{1B}[?62;c"] {
      let shell = try ShellSession()
      shell.enter(call)
      #expect(shell.text.contains("└"))
      shell.send(answer)
      usleep(100_000)
      shell.send("1 + ")
      shell.send(answer)
      usleep(100_000)
      #expect(shell.enter("1") == "2", "\(shell.text.suffix(300))")
      #expect(!shell.text.contains("62;"))
    }
  }
}
