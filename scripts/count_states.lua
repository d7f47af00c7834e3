-- Question   How many metastable states has a deep linear network: K + 1, or 2^K?
-- Quantity   States found by traps, random quenches and all subsets of modes, with their Hessians.
-- Theory     K + 1 for K modes below their spinodal at equal input variances (1 at depth 2); every
--            other subset of modes is a saddle, also a stationary state.
-- Run time   about 1 s (small: less). Output: a states record per L2 strength.

local small = arg[1] == "small"

local rows = {}
for _, l2 in ipairs(small and { 0.1, 0.3 } or { 0.1, 0.2, 0.28, 0.3, 0.4, 0.5 }) do
  experiment {
    data = data.population { singular = { 1, 0.8, 0.6 } }, depth = 3, width = 3, lr = 0.2,
  }
  local m = metastable { l2 = l2, quenches = small and 4 or 16 }
  local saddles = {}
  for i, s in ipairs(m.saddles) do
    saddles[i] = { modes = "{" .. table.concat(s.modes, ", ") .. "}", index = s.index }
  end
  rows[#rows + 1] = { l2 = l2, metastable = m.count, theory = m.theory, stationary = m.stationary }
  emit {
    kind = "states",
    l2 = l2,
    count = m.count,
    theory = m.theory,
    stationary = m.stationary,
    saddles = saddles,
  }
end
if arg[2] then
  plot(rows, arg[2], { x = "l2", y = { "stationary", "metastable", "theory" },
    title = "States of a network with three modes" })
end
