import Kramers

extension Catalog {
  /// What serves the person at the prompt. `:time on` there is `shell.time("on")`.
  static let shell: [Entry] = [
    Entry(
      "resume", .call(Program.resume),
      "goes on with the interrupted entry, bit for bit: the last one is run again "
        + "from what it began with, calls of verbs that had ended return what they returned, what "
        + "was printed is not printed again, and the interrupted train, sweep or measure_escape "
        + "continues; other verbs, calls of a few milliseconds and those with observe are computed "
        + "again. io.write writes again",
      usage: "resume()", command: ":resume",
      returns: "what the entry returns",
      example: """
        print(pcall(resume))  -- in a script nothing can have been interrupted
        """,
      seeAlso: ["train", "measure_escape", "arrhenius"]),
    Entry(
      "who", .call(Program.who), "your own globals, with kind and size", usage: "who()",
      command: ":who",
      returns: "nothing",
      example: """
        l2_grid = linspace(0, 0.3, 16)
        who()
        """),
    Entry(
      "apropos", .call(Program.apropos), "the names whose help speaks of a word",
      usage: "apropos(word)",
      command: "??word", returns: "nothing",
      example: """
        apropos("barrier")
        """,
      seeAlso: ["help"]),
    Entry(
      "examples", .call(Program.examples), "examples worth running first", usage: "examples()",
      command: ":examples", returns: "nothing",
      example: """
        examples()
        """,
      seeAlso: ["shell.run"]),
    Entry(
      "exit", .call(Program.leave), "ends the program; so do quit, Ctrl-D and :q",
      usage: "exit([status])",
      command: ":exit", returns: "never",
      example: """
        print("done")
        exit(0)
        """,
      seeAlso: ["quit"]),
    Entry(
      "quit", .call(Program.leave), "ends the program", usage: "quit([status])",
      command: ":quit, :q",
      returns: "never",
      example: """
        print("done")
        quit()
        """,
      seeAlso: ["exit"]),
    Entry(
      "shell.run", .call(Program.shellRun), "runs the example of a public name",
      usage: "shell.run(name)",
      command: ":run name", returns: "what the example returns",
      example: """
        shell.run("linspace")
        """,
      seeAlso: ["examples"]),
    Entry(
      "shell.tour", .call(Program.shellTour),
      "the first five minutes: each step stands at the prompt, to be run with Enter",
      usage: "shell.tour([\"off\"])", command: ":tour [off]", returns: "nothing",
      example: """
        shell.tour()
        """,
      seeAlso: ["examples"]),
    Entry(
      "shell.watch", .call(Program.shellWatch),
      "what the progress line draws while train runs: "
        + Observable.all.map(\.name).joined(separator: ", ")
        + ", or a function of the experiment (on the command line: its name), which may only look; "
        + "without a word it draws nothing",
      usage: "shell.watch([quantity])", command: ":watch [quantity]",
      returns: "the quantity",
      example: """
        print(shell.watch("loss"))
        shell.watch()
        """,
      seeAlso: ["train", "shell.live"]),
    Entry(
      "shell.live", .call(Program.shellLive),
      "a picture of long work above the progress line, while it runs in the shell: of train what is "
        + "watched, or else the loss; of sweep the same, or else the strongest mode over l2; of "
        + "measure_escape the share of replicas that have not escaped. It goes when the work ends; "
        + "plot draws the result",
      usage: "shell.live([on])", command: ":live [on|off]", returns: "whether it is on",
      example: """
        print(shell.live(true))
        """,
      seeAlso: ["shell.watch", "plot"]),
    Entry(
      "shell.time", .call(Program.shellTime), "wall time and steps a second after each entry",
      usage: "shell.time([on])", command: ":time [on|off]", returns: "whether it is on",
      example: """
        print(shell.time(true))
        """),
    Entry(
      "shell.format", .call(Program.shellFormat), "how results leave: table, jsonl or csv",
      usage: "shell.format([format])", command: ":format [table|jsonl|csv]", returns: "the format",
      example: """
        shell.format("csv")
        emit { tau = 1234.5, l2 = 0.1 }
        """,
      seeAlso: ["emit", "shell.once"]),
    Entry(
      "shell.all", .call(Program.shellAll),
      "every field and row of the last result, or of the one that is given",
      usage: "shell.all([result])", command: ":all", returns: "nothing",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
        shell.all(train { steps = 40, every = 10 })
        """,
      seeAlso: ["r:all"]),
    Entry(
      "shell.once", .call(Program.shellOnce),
      "the next entry's output goes into a file instead: written whole, as JSON lines or CSV "
        + "if its name ends so, else in the present format",
      usage: "shell.once(path)", command: ":once file", returns: "nothing",
      example: """
        shell.once("escape.jsonl")
        print("a script goes on writing to standard output")
        """,
      seeAlso: ["shell.format", "r:csv"]),
    Entry(
      "shell.seed", .call(Program.shellSeed),
      "the default seed: of experiments and data that get none, and of math.random",
      usage: "shell.seed([seed])", command: ":seed [n]", returns: "the seed",
      example: """
        print(shell.seed(7))
        """,
      seeAlso: ["experiment", "math.randomseed"]),
    Entry(
      "shell.edit", .call(Program.shellEdit),
      "opens the last entry, or a text, in $EDITOR; it then stands at the prompt",
      usage: "shell.edit([text])", command: ":edit", returns: "nothing",
      example: """
        print(pcall(shell.edit))  -- needs the shell
        """),
    Entry(
      "shell.bt", .call(Program.shellBacktrace), "the traceback of the last error",
      usage: "shell.bt()",
      command: ":bt", returns: "nothing",
      example: """
        shell.bt()
        """),
  ]
}
