import Kramers

extension Catalog {
  /// The settings that `experiment` takes and `set` and the measurements change.
  static let settings = Setting.all.map { setting in
    OptionEntry(
      setting.name, OptionKind(setting), unit: setting.unit, standard: setting.standardText,
      setting.summary)
  }

  /// The same for verbs that act on an experiment, whose settings are the defaults.
  static let presentSettings: [OptionEntry] = settings.map {
    OptionEntry(
      $0.name, $0.kind, unit: $0.unit, standard: "the experiment's", $0.summary)
  }

  /// The same for a verb under which they follow programmes.
  static let programmes: [OptionEntry] = settings.map {
    OptionEntry(
      $0.name, .programme, standard: "the experiment's",
      "a value, {{step, value}, ...} with shape = \"steps\" or \"ramp\", "
        + "{pulse =, start =, length =, base =, period =}, or a function of the step")
  }

  static let verbs: [Entry] = [
    Entry(
      "experiment", .options(Program.makeExperiment),
      "data, network, optimiser, noise and random stream; the new one becomes the current one",
      options: [
        OptionEntry("data", .data, standard: "required", "a data set"),
        OptionEntry(
          "depth", .integer(.positive), standard: "from widths", "number of weight matrices"),
        OptionEntry(
          "width", .integer(.positive), standard: "from widths", "width of every hidden layer"),
        OptionEntry(
          "widths", .integers(.positive), standard: "from depth and width",
          "{inputs, ..., outputs}, instead of depth and width"),
        OptionEntry(
          "activation", .choice(of: Activation.self),
          standard: "\"linear\"", "function of the hidden layers"),
        OptionEntry("bias", .flag, standard: "false", "biases in every layer"),
        OptionEntry(
          "loss", .choice(of: Loss.self), standard: "\"mse\"",
          "(1/2N) sum |f(x)-y|^2, or softmax cross-entropy"),
        OptionEntry(
          "init", .choice(of: Initialization.self),
          standard: "\"gaussian\"",
          "initial weights; gaussian: N(0, 1/fan-in), wide: N(0, 1/w) with w the larger of a layer's "
            + "fan-in and fan-out"),
        OptionEntry(
          "init_scale", .number(.nonNegative), standard: "1",
          "gaussian, wide: a factor of the standard deviation; else the layers' singular value"),
      ] + settings + [
        OptionEntry(
          "seed", .integer(.any), standard: "--seed, else 0", "seed of everything random")
      ],
      returns: "an experiment; its settings and state read as fields: x.l2, x.step, x.depth, ...",
      example: """
        local task = data.gaussian { singular = {0.9, 0.8}, samples = 512, seed = 1 }
        local x = experiment { data = task, depth = 3, width = 2, lr = 0.2, seed = 42 }
        print(x, x.lr, x.step)
        """,
      seeAlso: ["use", "train", "trap", "data.gaussian"]),
    Entry(
      "use", .call(Program.use), "makes an experiment the current one, which global verbs act on",
      returns: "the experiment",
      example: """
        local d = data.population { singular = {0.9} }
        local a = experiment { data = d, depth = 3, width = 1 }
        local b = experiment { data = d, depth = 2, width = 1 }
        use(a)
        print(current() == a, a.depth)
        """,
      seeAlso: ["current", "experiment"]),
    Entry(
      "current", .call(Program.presentExperiment), "the current experiment",
      returns: "an experiment, or nil",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
        print(current())
        """,
      seeAlso: ["use"]),
    Entry(
      "train", .verb(Program.train), "runs the optimiser", positional: "steps",
      options: [
        OptionEntry(
          "steps", .integer(.nonNegative), unit: "steps", standard: "1000", "steps to take"),
        OptionEntry(
          "epochs", .number(.nonNegative), unit: "epochs", standard: "none", "instead of steps"),
        OptionEntry(
          "every", .integer(.positive), unit: "steps", standard: "none",
          "steps between two rows of the trace"),
        OptionEntry(
          "until_loss", .number(.nonNegative), standard: "none",
          "stop once the data term is at most this"),
        OptionEntry(
          "until_converged", .number(.positive), standard: "none",
          "stop once the gradient norm of the objective is at most this"),
        OptionEntry(
          "observable", .observable, standard: "none",
          "stands in every row of the trace as observable: a name of measure_escape's, or "
            + "function(x) return number end, which may only look"),
        OptionEntry(
          "observe", .function, standard: "none",
          "called as observe(x) with every row of the trace; the fields of the table it returns "
            + "join the row"),
      ] + presentSettings,
      returns:
        "settings stay as given, like those of set; kind=\"run\": steps, epochs, "
        + Observable.fieldNames.joined(separator: ", ")
        + ", modes, outcome (\"completed\", \"converged\", \"diverged\", \"interrupted\"), trace, "
        + "seconds, steps_per_second. A diverged run leaves the experiment as it was and has "
        + "diverged_at (step), message and stable_lr (the largest stable lr by the Hessian: 2 over "
        + "its largest eigenvalue; nil with adam and adamw)",
      answer: Answer(
        "run",
        [
          "epochs", "loss energy", "test_loss energy", "accuracy", "test_accuracy",
          "objective energy", "modes", "stable_lr", "trace: step loss test_loss test_accuracy",
        ],
        summary: ["[diverged_at] {message}", "{outcome} after {steps steps}: loss {loss}"]),
      example: """
        experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2, lr = 0.2 }
        local r = train { steps = 500, every = 100 }
        print(r.outcome, #r.trace, r.modes[1])
        """,
      seeAlso: ["measure", "trap"]),
    Entry(
      "set", .verb(Program.set), "changes settings of the experiment",
      options: presentSettings,
      returns: "the experiment",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
        set { lr = 0.1, temperature = 1e-3 }
        print(current().lr, current().temperature)
        """,
      seeAlso: ["set_l2", "experiment"]),
    Entry(
      "set_l2", .verb(Program.setL2), "changes the L2 strength", positional: "l2",
      options: [OptionEntry("l2", .number(.nonNegative), standard: "required", "the new strength")],
      returns: "the new and the old value",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1, l2 = 0.1 }
        print(set_l2(0.2))
        """,
      seeAlso: ["set", "phases"]),
    Entry(
      "measure", .verb(Program.measure), "looks at the network without changing it",
      looks: true,
      returns: "kind=\"measurement\": step, epochs, "
        + Observable.fieldNames.joined(separator: ", ")
        + ", modes, effective_rank, balancedness",
      answer: Answer(
        "measurement",
        [
          "epochs", "loss energy", "test_loss energy", "accuracy", "test_accuracy", "norm weight",
          "gradient_norm", "effective_rank", "balancedness", "modes",
        ], summary: ["step {step}: objective {objective energy}"]),
      example: """
        experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2 }
        print(measure())
        """,
      seeAlso: ["train", "phases"]),
    Entry(
      "x:weights", .verb(Program.experimentWeights), "the weight matrix of a layer",
      positional: "layer",
      options: [
        OptionEntry(
          "layer", .integer(.positive), standard: "required", "1 is the layer next to the inputs")
      ],
      looks: true, returns: "a list of rows, n_l x n_(l-1)",
      example: """
        local x = experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 4 }
        print(#x:weights(1), #x:weights(1)[1])
        """,
      seeAlso: ["x:map", "x:predict"]),
    Entry(
      "x:map", .verb(Program.experimentMap),
      "the end-to-end matrix W_D ... W_1 of a linear network",
      looks: true, returns: "a list of rows, outputs x inputs",
      example: """
        local x = experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 4 }
        print(x:map()[1][1], x:map()[2][2])
        """,
      seeAlso: ["x:weights", "measure"]),
    Entry(
      "x:predict", .verb(Program.experimentPredict), "the network's outputs", positional: "x",
      options: [OptionEntry("x", .rows, standard: "required", "inputs, one row a sample")],
      looks: true, returns: "a list of rows, one a sample",
      example: """
        local x = experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 4 }
        print(x:predict({{1, 0}, {0, 1}})[1][1])
        """,
      seeAlso: ["x:map"]),
    Entry(
      "trap", .verb(Program.trap),
      "puts the network into a metastable state on purpose: learns the kept modes, raises L2 "
        + "above the spinodals of the others until they are gone, and releases",
      options: [
        OptionEntry(
          "rank", .integer(.nonNegative), standard: "0", "how many modes stay learned"),
        OptionEntry(
          "modes", .integers(.positive), standard: "1 to rank",
          "the modes that stay learned. The k that appear first as l2 falls (with equal input "
            + "variances the strongest) are trained; another set is built exactly at release, if "
            + "its Hessian there has no negative eigenvalue, else refused as a saddle"),
        OptionEntry(
          "branch", .integer(.positive), standard: "none",
          "instead: the state after this transition of continuation from the present state (any "
            + "smooth network), entered at release, else at the present l2; nothing is trained"),
        OptionEntry(
          "l2", .number(.positive), standard: "from theory", "L2 strength of the trap"),
        OptionEntry(
          "release", .number(.nonNegative), standard: "the trap's", "L2 strength afterwards"),
        OptionEntry(
          "exact", .flag, standard: "false",
          "train nothing: build the stationary balanced state at release, else at the present l2"),
        OptionEntry("noise", .flag, standard: "false", "keep the experiment's noise on"),
        OptionEntry(
          "tolerance", .number(.positive), standard: "1e-9",
          "gradient norm and support residual at which the trap is complete"),
        OptionEntry(
          "steps", .integer(.positive), unit: "steps", standard: "none",
          "stop the trap early on purpose: an incomplete trap"),
        OptionEntry(
          "max_steps", .integer(.positive), unit: "steps", standard: "1e6",
          "give up after so many steps in each phase"),
      ],
      returns: "kind=\"trap\": rank, modes, dropped (how many modes are not kept), l2_trap, l2, "
        + "residual, support_residual, saddle (of the nearest dropped mode; none for a set that "
        + "does not appear first), gradient_norm, hessian_min, zero_modes, steps, certified and, "
        + "when false, reason; warning where nothing was dropped. outcome \"diverged\" leaves the "
        + "experiment as it was: diverged_at, stable_lr",
      answer: Answer(
        "trap",
        [
          "l2_trap", "residual", "support_residual", "saddle", "gradient_norm", "hessian_min",
          "zero_modes", "stable_lr", "modes", "warning",
        ],
        summary: [
          "[certified=true] certified: rank {rank} at l2 = {l2}, modes dropped: {dropped}",
          "[certified=true] certified: rank {rank} at l2 = {l2}",
          "not certified: {reason}",
        ]),
      example: """
        experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2, lr = 0.2 }
        local t = trap { rank = 1, release = 0.1 }
        print(t.certified, t.residual, t.saddle)
        """,
      seeAlso: ["phases", "measure_escape"]),
    Entry(
      "phases", .verb(Program.phases),
      "spinodal and coexistence L2 strength of every mode: theory for deep linear networks; for "
        + "other smooth ones the transitions that are met from the present state as l2 rises",
      options: [
        OptionEntry(
          "l2", .number(.nonNegative), standard: "the experiment's",
          "where state, stability and strengths are asked for; for coupled moments strengths are "
            + "given only with this option")
      ],
      looks: true,
      returns: "kind=\"phases\": l2, depth, modes = rows mode, singular, order, spinodal, "
        + "coexistence, state, stability, learned and saddle (the mode's strength there at this "
        + "l2), method, or reason. Without theory: method = \"continuation\", transitions = rows mode, "
        + "kind (\"fold\", \"branch point\"), order, spinodal, coexistence or reason, before and "
        + "after (the mode's strength), barriers = rows l2, height; left_out (branches)",
      answer: Answer(
        "phases",
        [
          "modes: mode singular order spinodal coexistence state stability reason",
          "transitions: mode kind order spinodal coexistence before after",
        ],
        summary: ["l2 = {l2}, depth {depth}"]),
      example: """
        experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 2, l2 = 0.32 }
        for _, m in ipairs(phases().modes) do print(m.mode, m.spinodal, m.coexistence, m.stability) end
        """,
      seeAlso: ["trap", "bifurcation", "barrier", "continuation"]),
    measureEscape,
    Entry(
      "export", .verb(Program.exportWeights),
      "writes the weights as a safetensors file, which PyTorch's and JAX's loaders read",
      positional: "path",
      options: [OptionEntry("path", .text, standard: "required", "the file, written whole")],
      returns: "the path; tensors are named layers.0.weight, layers.0.bias, ...",
      example: """
        local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 4 }
        local path = os.tmpname()
        x:export(path)
        x:train(100)
        x:import(path)
        os.remove(path)
        print(x)
        """,
      seeAlso: ["import", "snapshot"]),
    Entry(
      "import", .verb(Program.importWeights),
      "reads weights from a safetensors file in F64, F32, F16 or BF16; optimiser moments are "
        + "forgotten",
      positional: "path",
      options: [
        OptionEntry("path", .text, standard: "required", "the file"),
        OptionEntry(
          "map", .names, standard: "by number and shape",
          "the file's layers in the network's order (\"fc1\" for fc1.weight and fc1.bias), or all "
            + "tensors: weight, bias of each layer; weights are [outputs, inputs]"),
      ],
      returns: "the experiment; and, where the file has other names than export writes, which is "
        + "told on stderr, a table of them by ours",
      example: """
        local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 4 }
        local path = os.tmpname()
        x:export(path)
        print(x:clone():import(path))
        os.remove(path)
        """,
      seeAlso: ["export"]),
    Entry(
      "snapshot", .verb(Program.snapshot), "the whole state and settings as a value",
      looks: true,
      returns: "a snapshot: weights, optimiser moments, data order, random streams, settings",
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
        local s = snapshot()
        train(100)
        restore(s)
        print(current().step)
        """,
      seeAlso: ["restore", "clone"]),
    Entry(
      "restore", .verb(Program.restore), "brings a snapshot back exactly", positional: "snapshot",
      options: [
        OptionEntry("snapshot", .snapshot, standard: "required", "what `snapshot()` returned")
      ],
      returns: "the experiment",
      example: """
        local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
        local s = x:snapshot()
        x:train(100)
        x:restore(s)
        print(x.step)
        """,
      seeAlso: ["snapshot"]),
    Entry(
      "reset", .verb(Program.reset), "fresh initial weights at step 0; settings stay",
      positional: "seed",
      options: [
        OptionEntry("seed", .integer(.any), standard: "the experiment's", "the new seed"),
        OptionEntry(
          "keep", .flag, standard: "false",
          "keep the weights: step 0 and fresh random numbers at the present state"),
      ],
      returns: "the experiment",
      example: """
        local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
        x:train(100)
        x:reset { seed = 7 }
        print(x.step, x.seed)
        """,
      seeAlso: ["restore"]),
    Entry(
      "clone", .verb(Program.clone), "an independent copy of the experiment, in its present state",
      looks: true, returns: "an experiment; the current one stays current",
      example: """
        local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 1 }
        local y = x:clone()
        y:train(100)
        print(x.step, y.step)
        """,
      seeAlso: ["snapshot"]),
  ]
}

extension OptionKind {
  fileprivate init(_ setting: Setting) {
    switch setting.kind {
    case .number(let rule): self = .number(rule)
    case .flag: self = .flag
    case .choice: self = .choice(setting.words)
    case .batch: self = .batch
    case .vector: self = .snapshot
    }
  }
}

extension Setting {
  /// The default as a script would write it.
  fileprivate var standardText: String {
    switch record(of: Settings()) {
    case .text(let word): "\"\(word)\""
    case .boolean(let flag): "\(flag)"
    case .number(let x): numberText(x)
    default: "the origin"
    }
  }
}
