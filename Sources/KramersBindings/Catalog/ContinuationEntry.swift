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
}
