-- Question   Has a nonlinear network on digits one metastable state more than it keeps features?
-- Quantity   Minima at three L2 strengths that quenches, branches, deflation come to, states that
--            permutations and signs of hidden units make of each other being one: a lower bound.
-- Theory     Deep linear networks: K + 1, the K features that can be kept and nothing in between.
-- Run time   about 15 min on two cores (small: 10 s).
-- Output     A nonlinear_states record: rows l2, features, states, how they were found.

local small = arg[1] == "small"
local task = data.digits { classes = small and { 0, 1, 2 } or nil, seed = 1 }
local width = small and 4 or 16

local rows = {}
for i, l2 in ipairs(small and { 0.03, 0.1 } or { 0.03, 0.045, 0.07 }) do
  experiment {
    data = task, widths = { task.inputs, width, width, task.outputs }, activation = "tanh",
    init = "balanced", l2 = l2, lr = 0.1, seed = 1,
  }
  local m = metastable {
    quenches = small and 4 or 5, branches = small and 4 or 6, deflate = small and 2 or 3,
  }
  local most, minima = 0, {}
  for k, state in ipairs(m.states) do
    most = math.max(most, state.rank)
    minima[k] = { rank = state.rank, objective = state.objective, accuracy = state.accuracy,
      found = state.found, zero_modes = state.zero_modes }
  end
  rows[i] = {
    l2 = l2, features = most, expected = most + 1, states = m.count, lower_bound = m.lower_bound,
    found_once = m.found_once, failures = m.failures, saddles = #(m.saddles or {}), minima = minima,
  }
end
local more, said = 0, {}
for i, row in ipairs(rows) do
  if row.states > row.expected then more = more + 1 end
  said[i] = ("%d states at l2 = %g, where up to %d features are kept (one per feature: %d)"):format(
    row.states, row.l2, row.features, row.expected)
end
emit {
  kind = "nonlinear_states", widths = { task.inputs, width, width, task.outputs }, rows = rows,
  sentence = "at least " .. table.concat(said, "; "),
  verdict = more > 0 and "more states than one per feature" or "no more than one per feature found",
}
if arg[2] then
  local picture = {}
  for i, row in ipairs(rows) do
    picture[i] = { l2 = row.l2, states = row.states, expected = row.expected }
  end
  plot(picture, arg[2], { x = "l2", y = { "states", "expected" },
    title = "Minima of a tanh network on digits" })
end
