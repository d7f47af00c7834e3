extension Catalog {
  static let pictures: [Entry] = [
    Entry(
      "plot", .call(Program.plot),
      "draws a result, a list of results in one picture, or any table of numbers: into a PNG, SVG "
        + "or PDF by the file's name (with gnuplot, Debian's gnuplot-nox), without a file on the "
        + "terminal. Every kind of result has its picture; a protocol of your own brings one along "
        + "as picture = function(result, options, draw) beside entry and body",
      options: [
        OptionEntry(
          "x", .columns, standard: "the kind's picture",
          "column of the result's table for the x axis"),
        OptionEntry(
          "y", .columns, standard: "all columns of numbers, with x",
          "columns for the y axis; name_low and name_high become error bars of name"),
        OptionEntry(
          "log", .choice(["x", "y", "xy", "none"]), standard: "the kind's",
          "axes that are logarithmic"),
        OptionEntry("title", .text, standard: "what the result says", "a line above it"),
        OptionEntry(
          "size", .size, standard: "\"column\"",
          "of files: \"column\" is 3.4 inches wide, \"page\" 7, letters have 8 and 9 points"),
        OptionEntry(
          "data", .flag, standard: "false",
          "write the numbers to NAME.dat beside the file, and NAME.gp, the gnuplot script that draws "
            + "them again there"),
        OptionEntry(
          "rivals", .flag, standard: "false",
          "arrhenius: the fitted clock, power and prefactor laws too"),
      ],
      usage: "plot(result[, file][, options])",
      returns:
        "the path of the file; on a terminal nothing. A script without a terminal needs a file, "
        + "or --format table, which writes the picture in characters",
      example: """
        experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1, lr = 0.2 }
        local r = train { steps = 400, every = 4 }
        local path = os.tmpname()
        local ok, why = pcall(plot, r, path .. ".svg", { title = "one mode", log = "y" })
        print(ok or why)
        os.remove(path)
        os.remove(path .. ".svg")
        """,
      seeAlso: ["report", "r:csv", "emit"]),
    Entry(
      "report", .call(Program.report),
      "writes results as one HTML page that needs nothing else to be read, on the screen, in the "
        + "dark and on paper: settings, pictures, tables, theory beside what was measured, the "
        + "journal or the script, and the command that checks it. Without results: all of a "
        + "session, or what the script has emitted",
      options: [
        OptionEntry("title", .text, standard: "of the session or script", "the heading"),
        OptionEntry(
          "text", .text, standard: "none", "what was asked, in paragraphs with empty lines between"),
      ],
      usage: "report(path[, results][, options])",
      returns: "the path. results: one, a list, or a table of results by name",
      example: """
        experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1, lr = 0.2 }
        local path = os.tmpname() .. ".html"
        print(report(path, train { steps = 400, every = 4 }, { title = "One mode" }) == path)
        os.remove(path)
        """,
      seeAlso: ["plot", "session.verify", "r:provenance"]),
  ]
}
