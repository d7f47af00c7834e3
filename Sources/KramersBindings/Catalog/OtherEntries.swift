import Kramers

extension Catalog {
  static let utilities: [Entry] = [
    Entry(
      "emit", .call(Program.emit),
      "writes a result or a table as one record to standard output, in the current format",
      returns: "nothing",
      example: """
        emit { kind = "point", l2 = 0.1, tau = 1234.5 }
        """,
      seeAlso: ["print"]),
    Entry(
      "print", .call(Program.print),
      "Lua's print; a result is written as its record in the current format, a table as its "
        + "content, cut where it is long",
      returns: "nothing",
      example: """
        print("l2", 0.1)
        """,
      seeAlso: ["emit"]),
    Entry(
      "help", .call(Program.help),
      "what a name does, its options with defaults and units, and an example",
      usage: "help([name])", command: ":help [name], ?name",
      returns: "nothing; help() lists all names",
      example: """
        help(measure_escape)
        help("data.gaussian")
        """),
    Entry(
      "log", .call(Program.log), "print to standard error: words for a person, apart from the data",
      usage: "log(...)", returns: "nothing",
      example: """
        log("starting at", os.date("%Y"))
        emit { kind = "point", tau = 1234.5 }
        """,
      seeAlso: ["print", "emit"]),
    Entry(
      "linspace", .call(Program.linspace), "n evenly spaced numbers from a to b, both ends exact",
      usage: "linspace(a, b, n)", returns: "a list of numbers",
      example: """
        for _, l2 in ipairs(linspace(0, 0.3, 4)) do print(l2) end
        """,
      seeAlso: ["logspace"]),
    Entry(
      "logspace", .call(Program.logspace),
      "n numbers from a to b in geometric progression, both ends exact; a and b themselves, not "
        + "their logarithms",
      usage: "logspace(a, b, n)", returns: "a list of numbers",
      example: """
        for _, temperature in ipairs(logspace(1e-5, 1e-2, 4)) do print(temperature) end
        """,
      seeAlso: ["linspace"]),
    Entry(
      "r:all", .result(Program.resultAll),
      "writes every field and every row; printing a result shows first what answers the question",
      usage: "r:all()", returns: "nothing",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
        train { steps = 40, every = 10 }:all()
        """,
      seeAlso: ["r:csv", "print"]),
    Entry(
      "r:csv", .result(Program.resultCSV),
      "writes a result's main table (points, trace, survival, curve, ...) as CSV, a result without one "
        + "as a single row of its plain fields; nested columns are left out and named on standard "
        + "error. The file appears whole or not at all",
      usage: "r:csv(path)", returns: "nothing",
      example: """
        experiment { data = data.population { singular = {0.9} }, depth = 3, width = 1, lr = 0.2 }
        local path = os.tmpname()
        train { steps = 200, every = 50 }:csv(path)
        for line in io.lines(path) do print((line:match("^[^,]*"))) end
        os.remove(path)
        """,
      seeAlso: ["r:json", "emit"]),
    Entry(
      "r:json", .result(Program.resultJSON),
      "a result as one line of JSON, as emit writes it; with a path, into a file that appears whole "
        + "or not at all",
      usage: "r:json([path])", returns: "a string; with a path nothing",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
        print(measure():json())
        """,
      seeAlso: ["r:csv", "emit"]),
    Entry(
      "r:provenance", .result(Program.resultProvenance),
      "how a result came about: the verb and its options, settings, seed and step of the experiment "
        + "at the call, data with checksum, program, instruction set, time; kept with it in sessions",
      usage: "r:provenance()", returns: "a table; nil for a result that was put together by hand",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
        local p = measure():provenance()
        print(p.verb, p.settings.lr, p.data.checksum)
        """,
      seeAlso: ["session.save", "r:json"]),
    Entry(
      "r:state", .result(Program.resultState),
      "puts the experiment back into state i of a result: point i of a sweep; for hysteresis the "
        + "points up and then those down; for a barrier 1 the minimum left, 2 the saddle, 3 the "
        + "minimum reached. States live as long as the result and the program, not in files",
      usage: "r:state(i)", returns: "the experiment",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
        trap { rank = 1, release = 0.1 }
        local r = sweep { l2 = {0.1, 0.2, 0.3} }
        print(r:state(2).l2, measure().modes[1], r.points[2].modes[1])
        """,
      seeAlso: ["sweep", "hysteresis", "barrier"]),
    Entry(
      "r:time", .result(Program.resultTime),
      "the escape time over a barrier at a temperature, by Eyring and Kramers with zero modes, for "
        + "the optimiser that the experiment had",
      usage: "r:time(temperature)",
      returns: "steps and the relative error that the formula states; or nil and the reason",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1, l2 = 0.3,
          lr = 0.2, init = "zero" }
        local b = barrier()
        print(b:time(b.height / 5))
        print(b:time(b.height))
        """,
      seeAlso: ["barrier", "measure_escape"]),
    Entry(
      "passage_time", .options(Program.passageTime),
      "the exact mean first-passage time of one-dimensional motion dx = -V'(x) dt + sqrt(2 T) dW "
        + "from a to b > a, by quadrature; divide by lr for steps",
      options: [
        OptionEntry("potential", .function, standard: "required", "V(x), a function"),
        OptionEntry(
          "temperature", .number(.positive), unit: "energy", standard: "required", "T"),
        OptionEntry("from", .number(.any), standard: "required", "where the motion starts"),
        OptionEntry("to", .number(.any), standard: "required", "where it is absorbed"),
        OptionEntry(
          "wall", .number(.any), standard: "none: V confines by itself",
          "a reflecting wall left of the start"),
      ],
      returns: "a time, to a relative error of 1e-10",
      example: """
        local function V(x) return (x * x - 1) ^ 2 / 4 end
        local T = 0.02
        local tau = passage_time { potential = V, temperature = T, from = -1, to = 1 }
        print(tau, math.sqrt(2) * math.pi * math.exp(1 / (4 * T)))
        """,
      seeAlso: ["barrier"]),
    Entry(
      "protocol.load", .options(Program.protocolLoad),
      "makes a verb of a protocol's file, as those in $XDG_DATA_HOME/kramers/protocols are when "
        + "the program starts: kramers --new-protocol NAME writes one to begin from",
      positional: "path",
      options: [
        OptionEntry("path", .text, standard: "required", "NAME.lua; NAME becomes the verb")
      ],
      returns: "the name of the verb",
      example: """
        local path = os.tmpname() .. "_escape_count.lua"
        local file <close> = assert(io.open(path, "w"))
        file:write([[
        local function body(x, options)
          local e = x:measure_escape { temperature = options.temperature, replicas = 8 }
          return { escapes = e.escapes, replicas = e.replicas }
        end
        return {
          entry = {
            summary = "counts escapes", returns = "escapes", example = "print(1)",
            options = {
              { name = "temperature", type = "number", range = "positive", default = 0.004,
                help = "T" },
            },
          },
          body = body,
        }
        ]])
        file:flush()
        local name = protocol.load(path)
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1,
          init = "zero", l2 = 0.3, lr = 0.2 }
        print(name ~= nil, current()[name](current()).escapes)
        """,
      seeAlso: ["protocol.check"]),
    Entry(
      "protocol.check", .options(Program.protocolCheck),
      "tries a protocol as a test would: its entry is complete, wrong options are refused, its "
        + "example runs, and prints the same bytes twice",
      positional: "name",
      options: [OptionEntry("name", .text, standard: "required", "of the protocol")],
      returns: "kind=\"protocol_check\": passes, checks (rows check, passes, reason)",
      answer: Answer(
        "protocol_check", ["checks: check passes reason", "name"],
        summary: ["[passes=true] {name} passes", "{name} fails"]),
      example: """
        print(protocol.check("bifurcation").passes)
        """,
      seeAlso: ["protocol.load"]),
    Entry(
      "pairs", .lua,
      "Lua's pairs in a fixed order: integers, other numbers, strings by their bytes, false, true, "
        + "then objects. Experiments, data sets and snapshots come in the order in which they were "
        + "made, functions by their line, other objects in the order in which a traversal first "
        + "met them; only tables and coroutines that one traversal meets together for the first "
        + "time come in an order that another run may not repeat. Fields may be changed and "
        + "cleared on the way. A list costs what it costs in Lua, other tables about 0.2 us a "
        + "field more; next is Lua's own",
      usage: "pairs(t)", returns: "an iterator of keys and values",
      example: """
        for name, value in pairs { tau = 2, l2 = 0.1, [1] = "first" } do print(name, value) end
        """,
      seeAlso: ["math.random"]),
    Entry(
      "math.random", .lua,
      "Lua's math.random (xoshiro256**), seeded from --seed: every run draws the same numbers. "
        + "The verbs do not use it: their random streams depend on their own seeds alone",
      usage: "math.random([m [, n]])",
      returns:
        "a float in [0, 1), or an integer in 1...m or m...n; math.random(0) is 64 random bits",
      example: """
        print(math.random(6), math.random(6), math.random())
        """,
      seeAlso: ["math.randomseed"]),
    Entry(
      "math.randomseed", .lua,
      "starts math.random from another seed; without arguments from --seed again, not from the "
        + "clock",
      usage: "math.randomseed([seed])", returns: "the two integers of the seed",
      example: """
        math.randomseed(7)
        local first = math.random(100)
        math.randomseed(7)
        print(first == math.random(100))
        """,
      seeAlso: ["math.random"]),
  ]
}
