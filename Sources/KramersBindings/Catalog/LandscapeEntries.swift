import Kramers

extension Catalog {
  private static let points: [OptionEntry] = [
    OptionEntry(
      "l2", .numbers(.nonNegative), standard: "from, to, points",
      "the grid, rising or falling throughout"),
    OptionEntry("from", .number(.nonNegative), standard: "none", "first L2 strength"),
    OptionEntry("to", .number(.nonNegative), standard: "none", "last L2 strength"),
    OptionEntry("points", .integer(.positive), standard: "none", "number of points"),
    OptionEntry(
      "scale", .choice(of: Scale.self), standard: "\"linear\"", "spacing between from and to"),
  ]

  private static let ramp: [OptionEntry] = [
    OptionEntry(
      "hold", .integer(.positive), unit: "steps", standard: "none: to convergence",
      "steps at each point"),
    OptionEntry(
      "converged", .number(.positive), standard: "1e-8",
      "gradient norm at which a point is converged, if its Hessian has no negative eigenvalue"),
    OptionEntry(
      "max_steps", .integer(.positive), unit: "steps", standard: "1e6",
      "a point that has not converged by then is left"),
    OptionEntry(
      "floor", .number(.nonNegative), standard: "1e-6",
      "standard deviation of a Gaussian added to every weight once before each point: at depth "
        + "D >= 3 a collapsed mode comes back at l2 of the order s floor^(D-2), and with floor = 0 "
        + "never"),
  ]

  static let landscape: [Entry] = [
    continuation, settle, deflate, distance,
    Entry(
      "sweep", .verb(Program.sweep),
      "a quasi-static ramp: at each L2 strength train to convergence (or hold steps), record, go "
        + "on; the experiment ends at the last point",
      options: points + ramp + [
        OptionEntry(
          "observable", .observable, standard: "none",
          "stands at every point as observable: a name of measure_escape's, or function(x) return "
            + "number end, which may only look")
      ],
      returns: "kind=\"sweep\": points = rows l2, "
        + Observable.fieldNames.joined(separator: ", ")
        + ", rank, modes, converged, steps; transitions = rows mode, direction (of "
        + "the ramp), l2 (middle of two points), uncertainty (their distance), event "
        + "(\"collapse\", \"appearance\"), transition (\"jump\": set back to the point before, the "
        + "mode stays as it is, or its change does not shrink with the step; \"continuous\"; "
        + "\"unresolved\", with its reason), significance (with hold: the change over the "
        + "fluctuation within a hold; below 4 it is unresolved), before, after, theory; jumps = "
        + "those that are jumps; unconverged (points); floor; warning; r:state(i) re-enters point "
        + "i. outcome \"diverged\": the points before, diverged_at (step), diverged_l2, message, "
        + "stable_lr (the largest stable lr by the Hessian); where no point was measured, an error",
      answer: Answer(
        "sweep",
        [
          "floor", "unconverged points", "diverged_l2", "stable_lr", "warning",
          "transitions: mode event transition l2 uncertainty theory",
        ],
        summary: [
          "[message] {message}",
          "{direction}, points: {#points}; transitions: {#transitions}, of them jumps: {#jumps}",
          "points: {#points}; transitions: {#transitions}, of them jumps: {#jumps}",
        ]),
      example: """
        experiment { data = data.population { singular = {1, 0.8} }, depth = 3, width = 2, lr = 0.2 }
        trap { rank = 2, release = 0.2 }
        local s = sweep { from = 0.2, to = 0.5, points = 31 }
        for _, j in ipairs(s.jumps) do print(j.mode, j.l2, j.uncertainty, j.theory) end
        """,
      seeAlso: ["hysteresis", "phases", "r:state"]),
    Entry(
      "barrier", .verb(Program.barrier),
      "the energy barrier from the zero phase of a mode to its learned phase at the present L2 "
        + "strength, and the escape rate over it; the experiment is left as it is",
      positional: "mode",
      options: [
        OptionEntry(
          "mode", .integer(.positive), standard: "the strongest not learned",
          "the mode, by descending singular value"),
        OptionEntry(
          "method", .choice(of: BarrierRequest.Method.self),
          standard: "\"theory\" for deep linear networks",
          "exact states; strings relaxed in the full weight space from random paths, then a "
            + "saddle search; or the saddle on the far side of the fold (or branch point) where the "
            + "present state ends as l2 rises, which is the way out of the present state; or "
            + "\"action\": the states by theory or strings, and the paths of least action to the "
            + "saddle under the noise of the experiment (temperature, gradient_noise, batch), up to "
            + "300 parameters"),
        OptionEntry(
          "from", .snapshot, standard: "the zero phase of the mode", "minimum to leave (string)"),
        OptionEntry(
          "to", .snapshot, standard: "its learned phase; the present state without theory",
          "minimum to reach (string)"),
        OptionEntry("paths", .integer(.positive), standard: "3", "random initial paths"),
        OptionEntry("images", .integer(.positive), standard: "32", "states on a path"),
        OptionEntry(
          "iterations", .integer(.positive), standard: "20000", "of a string at the most"),
        OptionEntry(
          "seed", .integer(.any), standard: "the experiment's", "seed of the random paths"),
      ],
      looks: true,
      returns:
        "kind=\"barrier\": height, theory or theory_reason, minimum, saddle and learned (the "
        + "mode's strength in the three states), their objectives, saddle_index, zero_modes, "
        + "prefactor and temperature_power (rate = prefactor T^-power e^(-height/T) in 1/time) or "
        + "reason, soft_temperature (the softest mode fills the state) and soft_error (stated of r:time, "
        + "a unit of temperature, at isolated saddles); "
        + "path = rows distance, objective, strength; heights (one a path, or a saddle), aligned "
        + "(height and index of the saddle of single units, nonlinear networks); r:time(T), "
        + "r:state(1...3). method = \"action\": phi (quasi-potential of the saddle from the minimum "
        + "left: rates go as e^-phi), phi_error, phi_path, or phi_reason; phi_back and so on from the "
        + "minimum reached. Noise is taken as Gaussian, with the covariance of the gradient at every "
        + "place; minibatch noise alone mostly has a singular one, which gives a reason",
      answer: Answer(
        "barrier",
        [
          "method", "mode", "l2", "saddle_index", "zero_modes", "prefactor", "temperature_power",
          "theory energy", "theory_reason", "reason", "heights", "phi_reason", "phi",
          "phi_back_reason", "phi_back", "height energy",
        ],
        summary: [
          "height {height energy}, theory {theory}", "height {height energy}",
          "{outcome}: no saddle",
        ]),
      example: """
        experiment { data = data.population { singular = {1, 0.8} }, depth = 3, width = 2, l2 = 0.2,
          init = "zero", lr = 0.2 }
        local b = barrier { mode = 1, method = "string" }
        print(b.height, b.theory, b.saddle_index, b.zero_modes)
        """,
      seeAlso: ["phases", "measure_escape", "r:time", "hessian"]),
    Entry(
      "hessian", .verb(Program.hessian),
      "extreme eigenvalues of the objective's Hessian, by Lanczos iteration on exact "
        + "Hessian-vector products; all of them for small networks",
      positional: "k",
      options: [
        OptionEntry("k", .integer(.positive), standard: "5", "number of eigenvalues"),
        OptionEntry(
          "which", .choice(SpectrumEnd.allCases.map(\.rawValue) + ["density"]),
          standard: "\"largest\"",
          "end of the spectrum, the most extreme first; or the density of all eigenvalues by "
            + "stochastic Lanczos quadrature, for networks of any size"),
        OptionEntry(
          "dense", .flag, standard: "false",
          "the full spectrum, ascending; up to 2000 parameters"),
        OptionEntry(
          "tolerance", .number(.positive), standard: "1e-6",
          "bound on |H v - value v| relative to the largest eigenvalue"),
        OptionEntry(
          "layer", .integer(.positive), standard: "all of them",
          "the block of one layer's weights and biases alone, counted from the input side"),
        OptionEntry(
          "vectors", .flag, standard: "false",
          "give the unit eigenvectors too, which go with k"),
        OptionEntry(
          "probes", .integer(.positive), standard: "10",
          "random vectors of a density, at least 2; standard errors are those over them"),
        OptionEntry(
          "steps", .integer(.positive), standard: "100", "Lanczos steps with each of them"),
        OptionEntry(
          "points", .integer(.positive), standard: "101", "points of the density"),
        OptionEntry(
          "seed", .integer(.any), standard: "the experiment's", "of the random vectors"),
      ],
      looks: true,
      returns: "kind=\"hessian\": values, residuals, index (negative ones), zero_modes (within "
        + "tolerance, 1e-6 of the largest) and zero_modes_theory (rotations of linear layers); "
        + "index and zero_modes where the values reach beyond zero; gradient_norm, products; vectors "
        + "(one list a value: x:weights(1) row by row, then the biases of that layer, and so on; of "
        + "a layer's block that layer's alone). density: "
        + "rows value, density (share of the eigenvalues per unit), error; width (standard "
        + "deviation of its smoothing, a hundredth of the spectrum's); trace, squares (sum of the "
        + "squared eigenvalues), negative (eigenvalues below -width, estimated), each with its "
        + "_error, the standard error over the probes",
      answer: Answer(
        "hessian",
        [
          "which", "values", "residuals", "tolerance", "gradient_norm energy/weight",
          "zero_modes_theory", "zero_modes", "index", "probes", "width", "negative",
        ],
        summary: [
          "[trace] {outcome}: trace {trace} of {parameters} eigenvalues",
          "{outcome}: index {index}, {zero_modes} zero modes, theory {zero_modes_theory}",
          "{outcome}: index {index}, {zero_modes} zero modes", "{outcome}",
        ]),
      example: """
        experiment { data = data.population { singular = {0.9, 0.8} }, depth = 3, width = 3, lr = 0.2 }
        trap { rank = 1, release = 0.1 }
        local h = hessian { dense = true }
        print(h.index, h.zero_modes, h.zero_modes_theory, h.values[#h.values])
        """,
      seeAlso: ["barrier", "noise", "learning_coefficient"]),
    Entry(
      "learning_coefficient", .verb(Program.learningCoefficient),
      "local learning coefficient of the present state, by Langevin chains that a Gaussian keeps "
        + "near it: half the number of parameters of a regular minimum, half the Hessian's rank of "
        + "one with flat directions, in between where higher orders decide",
      options: [
        OptionEntry(
          "temperature", .number(.positive), unit: "energy",
          standard: "the experiment's, else ln N / N",
          "T of the posterior e^(-objective/T)"),
        OptionEntry(
          "gamma", .number(.positive), unit: "1/weight^2", standard: "100",
          "precision of the Gaussian about the state"),
        OptionEntry(
          "steps", .integer(.positive), unit: "steps", standard: "20000",
          "of each chain, at least 100; the first quarter is not counted"),
        OptionEntry(
          "chains", .integer(.positive), standard: "8",
          "at least 2; the standard error is that over them"),
        OptionEntry("seed", .integer(.any), standard: "the experiment's", "of the chains"),
      ],
      looks: true,
      returns:
        "kind=\"learning_coefficient\": lambda, lambda_error (standard error over the chains) "
        + "or reason; quadratic (what the chains would give if the objective were quadratic: sum of "
        + "h / (2 (h + gamma T)) over the Hessian's eigenvalues) and rank (eigenvalues above 1e-6 of "
        + "the largest), both up to 600 parameters; lr (half the inverse of the largest curvature), "
        + "objective, lowest, warning",
      answer: Answer(
        "learning_coefficient",
        [
          "temperature energy", "gamma", "steps steps", "chains", "objective energy",
          "lowest energy", "warning",
        ],
        summary: [
          "{outcome}: lambda {lambda} +- {lambda_error}; quadratic {quadratic}, rank {rank} of "
            + "{parameters} parameters",
          "{outcome}: lambda {lambda} +- {lambda_error} of {parameters} parameters",
          "no learning coefficient: {reason}",
        ]),
      example: """
        experiment { data = data.population { singular = {1} }, depth = 3, width = 1, lr = 0.2 }
        train(2000)
        local r = learning_coefficient { temperature = 1e-4, steps = 4000 }
        print(r.lambda, r.lambda_error, r.rank)
        """,
      seeAlso: ["hessian", "barrier"]),
    Entry(
      "noise", .verb(Program.noise),
      "covariance of the gradient over the draw of one minibatch at the present state, and whether "
        + "such noise can leave it",
      options: [
        OptionEntry(
          "batch", .batch, unit: "samples", standard: "the experiment's", "samples a step"),
        OptionEntry(
          "replacement", .choice(Setting.named["replacement"]?.words ?? []),
          standard: "the experiment's",
          "whether samples are drawn independently"),
        OptionEntry(
          "mode", .integer(.positive), standard: "the strongest not learned",
          "the mode whose escape direction is looked along"),
        OptionEntry("k", .integer(.positive), standard: "5", "number of top eigenvalues"),
      ],
      looks: true,
      returns: "kind=\"noise\": factor ((1/B)(N-B)/(N-1), or 1/B with replacement), trace, top, "
        + "projection (variance along the escape direction), effective_temperature (lr times it / "
        + "2), absorbing and absorbing_reason, support_rank, support_residual",
      answer: Answer(
        "noise",
        [
          "batch", "samples", "factor", "trace", "top", "mode", "projection", "projection_reason",
          "effective_temperature energy",
        ],
        summary: [
          "[absorbing=true] absorbing: {absorbing_reason}",
          "not absorbing: {absorbing_reason}", "not absorbing",
        ]),
      example: """
        local task = data.gaussian { singular = {0.9, 0.8}, samples = 512, seed = 1 }
        experiment { data = task, depth = 3, width = 2, lr = 0.2, batch = 64 }
        trap { rank = 1, release = 0.1 }
        local n = noise()
        print(n.trace, n.projection, n.absorbing, n.absorbing_reason)
        """,
      seeAlso: ["hessian", "measure_escape"]),
  ]
}
