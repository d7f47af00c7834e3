import Kramers

extension Catalog {
  /// What protocols take over from `measure_escape`.
  private static func escapeOptions(except left: Set<String>) -> [OptionEntry] {
    (verbs.first { $0.name == "measure_escape" }?.options ?? []).filter { !left.contains($0.name) }
  }

  private static let escapeSetup = """
    experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
      l2 = 0.3, lr = 0.2 }
    local dE = 0.0139
    """

  static let protocols: [Entry] = [
    Entry(
      "arrhenius", .protocolFile,
      "escape times over temperatures, learning rates, batch sizes or any grid of the three, and "
        + "four rival laws fitted to all of them in lr * steps, censored runs included",
      options: [
        OptionEntry(
          "temperatures", .numbers(.positive), unit: "energy", standard: "none",
          "the temperatures; point i of the grid uses the random stream (seed, i)"),
        OptionEntry("lrs", .numbers(.positive), standard: "none", "learning rates"),
        OptionEntry(
          "batches", .integers(.positive), unit: "samples", standard: "none",
          "batch sizes; with lrs the two vary independently"),
      ] + escapeOptions(except: ["stream", "method", "runs", "level"]),
      returns: "kind=\"arrhenius\": points (one row each, with the numbers censored and diverged), "
        + "barrier, "
        + "barrier_low, barrier_high, prefactor (tau_0 in lr * steps), r2, span, laws (rows clock, arrhenius, power, "
        + "prefactor: log_likelihood, aic_weight, p, rejected), simplest (law not rejected), best "
        + "(the same, but nil where these points could not tell it from a rival, with a warning that "
        + "names the temperatures that could), warning, fit_p, theory (barrier, temperature_power, "
        + "slope expected at these temperatures), outcome; points with dE/T < 2 are marked shallow; "
        + "times count as known within a look. Where replicas diverged no law is fitted (outcome = "
        + "\"diverged\", reason)",
      example: escapeSetup + """

        local a = arrhenius { temperatures = {dE / 2.5, dE / 4, dE / 5.5}, replicas = 256 }
        print(a.best, a.barrier, a.barrier_low, a.barrier_high, a.theory.barrier)
        """,
      seeAlso: ["measure_escape", "control", "trap"]),
    Entry(
      "escape.combine", .protocolFile,
      "several results of measure_escape as one sample: same state and settings, other seeds or "
        + "streams, looks of any length; refuses results that differ in anything else",
      usage: "escape.combine{r1, r2, ...}",
      returns: "kind=\"escape\" over all replicas, with seeds and combined (how many results)",
      example: escapeSetup + """

        local a = measure_escape { temperature = dE / 2, replicas = 32, seed = 1 }
        local b = measure_escape { temperature = dE / 2, replicas = 32, seed = 2 }
        print(escape.combine { a, b }.summary)
        """,
      seeAlso: ["measure_escape"]),
    Entry(
      "control", .protocolFile,
      "is an escape carried by noise, and over a barrier? Twins from one state with common random "
        + "numbers: noise off, the experiment's own noise, minibatches with and without replacement, "
        + "label noise, additive noise, and additive noise of the minibatch covariance; then the own "
        + "noise at several strengths (temperatures, label noise or batch sizes), which choose "
        + "between rival laws",
      options: [
        OptionEntry(
          "snapshots", .snapshots, standard: "the present state",
          "a list of snapshots: adds the correlation of log times between twins"),
        OptionEntry(
          "ladder", .flag, standard: "true",
          "run the other noises too; the verdict needs noise off and own noise alone"),
        OptionEntry(
          "temperatures", .numbers(.positive), unit: "energy",
          standard: "until the laws are told apart, in at most 80 times the steps of the own noise",
          "strengths of additive noise to measure beside the own one, for the rung \"arrhenius\""),
        OptionEntry(
          "label", .number(.positive), standard: "0.1", "label noise of that twin"),
      ] + escapeOptions(except: ["stream", "method", "runs", "level", "frozen"]),
      returns: "kind=\"control\": verdict (\"activated\", \"noise_driven\", \"deterministic\", "
        + "\"absorbed\", \"undecided\"), reason, rungs (rows rung = \"noise needed\", "
        + "\"exponential\", \"arrhenius\", \"saddle matched\"; holds = true, false or nil when not "
        + "tried; evidence), open (rungs missing under noise_driven), points (the own noise at "
        + "other strengths), laws, barrier, barrier_low, barrier_high (of the fit), twins (rows with "
        + "escapes, censored, tau, median, exponential_p, lag), delay (noise off), predicted (integrated from the stored layers), closed_form "
        + "(balanced residual), residual, absorbing; with snapshots states, counts, correlation",
      example: escapeSetup + """

        local c = control { temperature = dE / 4, replicas = 32 }
        print(c.verdict, c.reason)
        """,
      seeAlso: ["measure_escape", "trap", "grok"]),
    Entry(
      "grok", .protocolFile,
      "a grokking curve with its noise-off twin beside it: when training and test error become small",
      options: [
        OptionEntry(
          "n", .integer(.positive), unit: "samples", standard: "all",
          "train on n of the samples, from fresh weights; without a test set the rest becomes one"),
        OptionEntry(
          "trap", .table, standard: "none", "options of trap, run before the curve begins"),
        OptionEntry("l2", .number(.nonNegative), standard: "the experiment's", "during the curve"),
        OptionEntry("steps", .integer(.positive), unit: "steps", standard: "10000", "to follow"),
        OptionEntry(
          "every", .integer(.positive), unit: "steps", standard: "each look 2 % later",
          "steps between two looks"),
        OptionEntry(
          "below", .number(.positive), standard: "0.05",
          "relative error, loss / loss of the zero map, that counts as small"),
        OptionEntry(
          "accuracy", .number(.fraction), standard: "none", "instead of below, for classes"),
        OptionEntry(
          "until_test", .flag, standard: "false", "stop once the test error is small"),
        OptionEntry(
          "seed", .integer(.any), standard: "the experiment's", "of the choice of n samples"),
      ],
      returns: "kind=\"grok\": t_train, t_test, delay, ratio, censored (how many of the two times "
        + "were not reached), verdict, curve, control (the same with noise off), control_curve",
      example: """
        local task = data.completion { size = 8, fraction = 0.5, seed = 1 }
        experiment { data = task, depth = 3, width = 8, init = "balanced", l2 = 3e-3, lr = 0.05 }
        local g = grok { steps = 2000 }
        print(g.t_train, g.t_test, g.verdict)
        """,
      seeAlso: ["control", "data.completion", "data.teacher"]),
    Entry(
      "schedule", .protocolFile,
      "trains while settings follow programmes: steps, ramps, pulses, or functions of the step",
      options: [
        OptionEntry("steps", .integer(.positive), unit: "steps", standard: "1000", "to take"),
        OptionEntry(
          "every", .integer(.positive), unit: "steps", standard: "none", "between two trace rows"),
        OptionEntry(
          "grain", .integer(.positive), unit: "steps", standard: "10",
          "over which ramps and functions are held constant"),
      ]
        + programmes + [
          OptionEntry(
            "until_loss", .number(.positive), standard: "none", "stop at this data term"),
          OptionEntry(
            "until_test_loss", .number(.positive), standard: "none", "stop at this test loss"),
          OptionEntry(
            "until_test_accuracy", .number(.fraction), standard: "none",
            "stop at this test accuracy"),
        ],
      returns: "kind=\"schedule\": steps, time (sum of lr), losses, outcome (\"completed\", "
        + "\"reached\", \"diverged\" with diverged_at, message and stable_lr), trace with the "
        + "settings of each row",
      example: """
        local task = data.population { singular = {0.9, 0.8} }
        experiment { data = task, depth = 3, width = 2, lr = 0.2 }
        local s = schedule { steps = 2000, every = 500, l2 = { {0, 0}, {1000, 0.37}, {2000, 0.1},
          shape = "ramp" } }
        for _, row in ipairs(s.trace) do print(row.step, row.l2, row.modes[2]) end
        """,
      seeAlso: ["accelerate", "train", "set"]),
    Entry(
      "accelerate", .protocolFile,
      "which programme generalises sooner: schedules compared on the same seeds, with intervals",
      options: [
        OptionEntry(
          "programmes", .table, standard: "required",
          "a list of tables of schedule's options, each with a name; the first is the reference"),
        OptionEntry("seeds", .countOrList, standard: "8", "how many seeds, or which"),
        OptionEntry(
          "max_steps", .integer(.positive), unit: "steps", standard: "1e5",
          "a run that has not generalised by then is censored"),
        OptionEntry(
          "every", .integer(.positive), unit: "steps", standard: "100", "between two looks"),
        OptionEntry(
          "below", .number(.positive), standard: "0.05",
          "test loss / test loss of the zero map that counts as generalised"),
        OptionEntry(
          "test_accuracy", .number(.fraction), standard: "none", "instead of below, for classes"),
        OptionEntry(
          "keep", .flag, standard: "false",
          "start every seed from the present weights instead of fresh ones"),
      ],
      returns:
        "kind=\"accelerate\": programmes (rows name, seeds, reached, censored, diverged, tau, "
        + "tau_low, tau_high, median, median_time, speedup, speedup_low, speedup_high: what seeds "
        + "and looks leave open), warning, outcome",
      example: """
        local task = data.completion { size = 8, fraction = 0.5, seed = 1 }
        experiment { data = task, depth = 3, width = 8, init = "gaussian", l2 = 3e-3, lr = 0.05 }
        local a = accelerate { seeds = 3, max_steps = 3000, programmes = {
          { name = "constant" }, { name = "more decay", l2 = 1e-2 } } }
        for _, p in ipairs(a.programmes) do print(p.name, p.median, p.censored, p.speedup) end
        """,
      seeAlso: ["schedule", "grok"]),
  ]
}
