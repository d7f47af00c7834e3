import Kramers

extension Catalog {
  static let measureEscape = Entry(
    "measure_escape", .verb(Program.measureEscape),
    "first-passage times out of the present state, over independent replicas; the experiment "
      + "itself is left untouched",
    options: [
      OptionEntry(
        "replicas", .integer(.positive), standard: "64; splitting: 200",
        "independent runs; splitting: trajectories of one run"),
      OptionEntry(
        "max_steps", .integer(.positive), unit: "steps", standard: "1e6",
        "a replica that has not escaped by then is censored"),
      OptionEntry(
        "mode", .integer(.positive),
        standard: "the strongest dropped one; direction = \"down\": the weakest learned one",
        "the mode that must appear, or collapse if it is learned now: watches the singular value of "
          + "that rank"),
      OptionEntry(
        "observable", .observable, standard: "\"mode\"",
        "what is watched: "
          + Observable.all.map { "\($0.name) (\($0.summary))" }
          .joined(separator: ", ")
          + "; or function(x) return number end, of the weights alone: x is the experiment with "
          + "the weights of that look (its step is that of the state that is left), may only be "
          + "looked at, and slow: one thread calls it, and resume() runs the call again from its "
          + "start"),
      OptionEntry(
        "direction", .choice(Observable.Direction.allCases.map(\.rawValue)),
        standard: "the observable's",
        "far side of the threshold: down for "
          + Observable.all.filter { $0.direction == .down }.map(\.name).joined(separator: ", ")
          + " and for a mode that is learned now and named unless threshold is above it, else up"),
      OptionEntry(
        "threshold", .number(.any),
        standard: "midpoint of saddle and learned value; of a collapse half the saddle's",
        "value at which a replica counts as escaped. A mode that a smooth nonlinear network loses, "
          + "from a settled state: midway from the saddle that continuation finds to the state beyond"
      ),
      OptionEntry(
        "every", .integer(.positive), unit: "steps", standard: "10",
        "steps between two looks at the observable; times are known within a look, and the "
          + "likelihood says so"),
      OptionEntry(
        "dwell", .integer(.nonNegative), unit: "steps", standard: "0",
        "an escape must stay past the threshold at every look for this long; its time is that of "
          + "the first"),
      OptionEntry(
        "allow_diverged", .flag, standard: "false",
        "fit a time although replicas diverged, as if that came independently of escape"),
      OptionEntry(
        "method", .choice(of: EscapeMethod.self), standard: "\"direct\"",
        "wait for escapes, or adaptive multilevel splitting for rare ones"),
      OptionEntry(
        "runs", .integer(.positive), standard: "20",
        "splitting: independent runs, which give the interval"),
      OptionEntry(
        "level", .number(.any), standard: "90 % quantile of a pilot run",
        "splitting: edge of the metastable state, in the observable's unit"),
      OptionEntry(
        "frozen", .flag, standard: "false",
        "take minibatch noise as it is at the present state: additive, same covariance"),
      OptionEntry(
        "seed", .integer(.any), standard: "the experiment's",
        "equal calls give equal results"),
      OptionEntry(
        "stream", .integer(.nonNegative), standard: "0",
        "independent family of random streams under the same seed"),
    ] + presentSettings,
    looks: true,
    returns: "kind=\"escape\": summary, times, escaped, replicas, escapes, censored, diverged, "
      + "tau, tau_low, tau_high, median with median_low and median_high (Brookmeyer-Crowley; the "
      + "lower end is the look before), exponential_p, lag, mean_after_lag, exposure (tau * "
      + "escapes), survival (at looks), tau_epochs, tau_time, theory (at this lr) with theory_error, "
      + "of which theory_error_lr is what lr does, or theory_reason; theory_method: "
      + "\"Eyring-Kramers\" under additive noise (the error lengthens the time), \"one dimension\" "
      + "where noise depends on the weights (of either sign), with phi (quasi-potential of the saddle, "
      + "proportional to batch/lr for minibatch noise), phi_frozen (if the noise stayed as it is in "
      + "the learned state) and theory_others (the factor of the other directions' fluctuations, "
      + "included in theory); threshold, "
      + "settings, warning, outcome. No escape is a result: tau = inf. residence (steps): mean "
      + "stay past the threshold of some escaped replicas that were followed, returned of "
      + "followed; its lower end where none came back. returns: how often a replica was seen past "
      + "the threshold and back, in stays that did not last dwell (all replicas) or after its escape "
      + "(returned); nil without dwell and followed replicas. outcome = \"diverged\": no time is "
      + "fitted, reason says why. Without any noise one replica is run: deterministic, delay. "
      + "Splitting "
      + "has no times but probability, flux, level, relative_error, ties, and overlap: the same "
      + "escape by brute force where that is affordable",
    answer: Answer(
      "escape",
      [
        "median steps", "lag steps", "exponential_p", "probability", "flux",
        "relative_error", "overlap_reason", "barrier energy", "phi", "theory steps",
        "theory_reason", "reason", "warning", "tau steps",
      ]),
    example: """
      experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
        l2 = 0.3, lr = 0.2 }
      local e = measure_escape { temperature = 0.0139 / 3, replicas = 64, max_steps = 1e5 }
      print(e.tau, e.tau_low, e.tau_high, e.theory)
      """,
    seeAlso: ["trap", "arrhenius", "control", "escape.combine", "escape.compare"])
}
