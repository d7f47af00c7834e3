-- Question   Where in (L2, temperature) is the feature of a deep linear network learned?
-- Quantity   Whether the zero and the learned phase survive 20,000 steps of Langevin noise.
-- Theory     Without noise: zero above the spinodal, two phases below it (the learned one is the
--            stable one below coexistence). With noise: Eyring-Kramers escape times from zero.
-- Run time   about 8 s (small: 1 s). Output: one phase_diagram record with a row per point.

local small = arg[1] == "small"

experiment { data = data.population { singular = { 1 } }, depth = 3, width = 1, lr = 0.2, seed = 1 }
local result = phase_diagram {
  l2 = small and { 0.1, 0.3, 0.5 } or linspace(0.05, 0.5, 19),
  temperature = small and { 0, 3e-3 } or { 0, 5e-4, 1e-3, 2e-3, 3e-3, 4e-3 },
  steps = small and 5000 or 20000,
}
emit(result)
if arg[2] then plot(result, arg[2]) end
