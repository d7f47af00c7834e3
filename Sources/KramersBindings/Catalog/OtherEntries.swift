extension Catalog {
  static let protocols: [Entry] = [
    Entry(
      "arrhenius", .protocolFile,
      "escape times over several temperatures and the Arrhenius law fitted to all of them, "
        + "censored runs included",
      options: [
        OptionEntry(
          "temperatures", .numbers(.positive), unit: "energy", standard: "required",
          "the temperatures; point i uses the random stream (seed, i)")
      ]
        + (verbs.first { $0.name == "measure_escape" }?.options ?? []).filter {
          $0.name != "temperature" && $0.name != "stream"
        },
      returns: "kind=\"arrhenius\": points (one row a temperature), barrier, barrier_low, "
        + "barrier_high, prefactor, r2, span, theory (barrier, slope expected at these "
        + "temperatures), outcome",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
          l2 = 0.3, lr = 0.2 }
        local dE = 0.0139
        local a = arrhenius { temperatures = {dE / 2, dE / 2.5, dE / 3}, replicas = 64 }
        print(a.barrier, a.barrier_low, a.barrier_high, a.theory.barrier)
        """,
      seeAlso: ["measure_escape", "trap"])
  ]

  static let utilities: [Entry] = [
    Entry(
      "emit", .function,
      "writes a result or a table as one record to standard output, in the current format",
      returns: "nothing",
      example: """
        emit { kind = "point", l2 = 0.1, tau = 1234.5 }
        """,
      seeAlso: ["print"]),
    Entry(
      "print", .function,
      "Lua's print; a result is written as its record in the current format",
      returns: "nothing",
      example: """
        print("l2", 0.1)
        """,
      seeAlso: ["emit"]),
    Entry(
      "help", .function, "what a name does, its options with defaults and units, and an example",
      returns: "nothing; help() lists all names",
      example: """
        help(measure_escape)
        help("data.gaussian")
        """),
  ]
}
