-- Question   By which law do escapes under SGD depend on batch size and learning rate?
-- Quantity   Slope of ln(tau lr) over the quasi-potential, and over an effective temperature.
-- Theory     phi of the saddle, proportional to batch/lr; the effective temperature takes the noise
--            of the learned state for constant, and must miss.
-- Run time   about 60 s on two cores (small: 3 s). Output: one arrhenius record.

local small = arg[1] == "small"

experiment {
  data = data.gaussian { singular = { 0.8 }, samples = 512, seed = 11 },
  depth = 3,
  width = 1,
  lr = 0.1,
  batch = 8,
  replacement = true,
}
set_l2(0.93 * phases().modes[1].spinodal)
trap { rank = 1, exact = true }
local result = arrhenius {
  mode = 1,
  batches = small and { 8, 16, 24 } or { 16, 24, 32 },
  lrs = small and { 0.1 } or { 0.1, 0.2 },
  replicas = small and 64 or 500,
  every = 2,
}
emit(result)
if arg[2] then plot(result, arg[2]) end
