import Kramers

extension Catalog {
  static let continuation = Entry(
    "continuation", .verb(Program.continuation),
    "follows the stationary states of a smooth network in the L2 strength, from the present state "
      + "(relaxed without noise): past folds as the saddle, over branch points to what meets "
      + "there, over every loss of stability to the state that training goes to; the experiment "
      + "is left as it is",
    positional: "to",
    options: [
      OptionEntry(
        "to", .number(.positive), standard: "up, until nothing is learned",
        "how far l2 goes from the present one; branches are followed back to the present one"),
      OptionEntry(
        "l2", .numbers(.positive), standard: "none",
        "instead of to: strengths at which every branch gets a point; the range is theirs"),
      OptionEntry(
        "max_points", .integer(.positive), standard: "2000", "points on all branches together"),
      OptionEntry(
        "step", .number(.positive), standard: "0.1",
        "the largest step, as a share of the norm, at most 0.5"),
      OptionEntry(
        "stop_at", .choice(of: BranchEventKind.self), standard: "none",
        "end at the first event of this kind"),
      OptionEntry(
        "branches", .integer(.positive), standard: "16",
        "branches that are followed; left_out counts the others"),
      OptionEntry(
        "stable", .flag, standard: "false",
        "follow minima alone: a branch ends where it loses its stability, and no saddles and "
          + "barriers are looked for; a fraction of the time for large networks"),
    ],
    returns: "kind=\"continuation\": l2 (where it begins), branches = rows branch, parent, born "
      + "(\"start\", \"fold\", \"branch point\", \"collapse\"), points, end, trained (whether "
      + "noise-free training comes along there); transitions = rows mode, kind (\"fold\", \"branch "
      + "point\"), order (1 a jump, 2 continuous), spinodal, coexistence (equal objectives) or "
      + "reason, before and after (strength of the mode), branch_before, branch_after, "
      + "branch_saddle, barriers = rows l2, height; folds and branch_points = rows branch, l2, kind "
      + "(\"fold\", \"pitchfork\", \"transcritical\"), mode, objective, residual (gradient norm), "
      + "overlap (|v.theta|/|theta| of the null vector v: a fold where it is not 0), eigenvalue, "
      + "index_before, index_after; points = rows branch, l2, objective, loss, test_loss, accuracy, "
      + "test_accuracy, norm, modes, index (negative Hessian eigenvalues), softest (the eigenvalue "
      + "nearest 0, without rotations of linear layers), arclength, residual; left_out; r:state(i) "
      + "enters point i",
    answer: Answer(
      "continuation",
      [
        "transitions: mode kind order spinodal coexistence", "folds: branch l2 mode",
        "branch_points: branch l2 kind", "left_out",
      ],
      summary: [
        "{outcome}: from l2 = {l2}, branches: {#branches}, points: {#points}, transitions: "
          + "{#transitions}",
        "{outcome}: from l2 = {l2}, branches: {#branches}, points: {#points}",
        "{outcome}: no points",
      ]),
    example: """
      local x, y = {}, {}
      for i = 1, 17 do
        local t = -2 + (i - 1) / 4
        x[i], y[i] = { t }, { 1.5 * t / (1 + math.abs(t)) }
      end
      experiment { data = data.from { x = x, y = y }, widths = {1, 1, 1, 1}, activation = "tanh",
        init = "balanced", l2 = 0.02, lr = 0.2 }
      train { steps = 5000 }
      local c = continuation()
      for _, f in ipairs(c.folds) do print(f.l2, f.mode, f.index_before, f.index_after) end
      """,
    seeAlso: ["phases", "barrier", "sweep", "r:state"])

  static let deflate = Entry(
    "deflate", .verb(Program.deflate),
    "searches for a stationary state of a smooth network that is none of the known ones, nor an "
      + "image of them under permutations and signs of hidden units: Newton's method from the "
      + "present state with the known ones deflated (Farrell, Birkisson, Funke 2015); from a saddle "
      + "both sides are followed down without noise. The experiment is left as it is",
    options: [
      OptionEntry(
        "known", .snapshots, standard: "none", "states to stay away from, as snapshots"),
      OptionEntry(
        "steps", .integer(.positive), standard: "100", "of Newton's method at the most"),
    ],
    returns: "kind=\"deflation\": outcome (\"found\", \"not found\"), reason (why not), index and "
      + "objective of the new state, distance (to the nearest known state), steps; states = rows "
      + "objective, norm, index, softest (the eigenvalue nearest 0), gradient_norm: the new state "
      + "and, of a saddle, the minima that its sides fall to; r:state(i) enters them",
    answer: Answer(
      "deflation", ["reason", "distance weight", "steps", "states: objective norm index softest"],
      summary: [
        "{outcome}: index {index}, objective {objective energy}", "{outcome}: {reason}",
      ]),
    example: """
      experiment { data = data.from { x = {{-1}, {0.5}, {2}}, y = {{-1}, {0.6}, {1}} },
        widths = {1, 1, 1}, activation = "tanh", init = "zero", l2 = 0.05 }
      local zero = snapshot()
      reset(1)
      local d = deflate { known = { zero } }
      print(d.outcome, d.index, d.objective)
      """,
    seeAlso: ["continuation", "metastable", "x:distance", "r:state"])

  static let settle = Entry(
    "settle", .verb(Program.settle),
    "enters the minimum that noise-free training by small steps (the gradient flow of the "
      + "objective) comes to from the present state, by implicit steps that soft directions do not "
      + "hold up: smooth networks at l2 > 0",
    returns:
      "kind=\"settling\": outcome (\"settled\", or \"not settled\": the experiment stays as it "
      + "was), state = objective, norm, index (0), softest (the lowest eigenvalue), gradient_norm",
    answer: Answer(
      "settling", ["l2"],
      summary: [
        "{outcome}: objective {state.objective energy}, lowest eigenvalue {state.softest}",
        "{outcome}",
      ]),
    example: """
      experiment { data = data.from { x = {{-1}, {0.5}, {2}}, y = {{-1}, {0.6}, {1}} },
        widths = {1, 1, 1}, activation = "tanh", l2 = 0.05 }
      local s = settle()
      print(s.outcome, s.state.objective, s.state.softest)
      """,
    seeAlso: ["train", "deflate", "metastable"])

  static let distance = Entry(
    "x:distance", .verb(Program.stateDistance),
    "how far the present state is from another one of the same network, where permutations of hidden "
      + "units and, for odd activations, their signs are no difference; for linear networks, whose "
      + "hidden layers rotate, between the end-to-end maps",
    positional: "to",
    options: [OptionEntry("to", .snapshot, standard: "required", "the other state")],
    looks: true,
    returns: "the distance and the larger of the two norms; exact for images of a stationary state "
      + "under L2, else at most too large",
    example: """
      local x = experiment { data = data.population { singular = {1} }, depth = 3, width = 2 }
      local s = x:snapshot()
      x:train(100)
      print(x:distance(s))
      """,
    seeAlso: ["deflate", "snapshot"])
}
