-- Question   Does the escape from a trapped phase follow the Arrhenius law with the exact barrier?
-- Quantity   Slope of ln tau against 1/T, by censored maximum likelihood over several temperatures.
-- Theory     Eyring-Kramers for the rank-1 trap, s = .9, .8, depth 3, width 2, l2 = .1:
--            dE = 7.8317e-4, and no zero-mode correction of the slope at width 2.
-- Run time   about 1 s on two cores (small: less). Output: one arrhenius record.

local small = arg[1] == "small"

experiment {
  data = data.population { singular = { 0.9, 0.8 } },
  depth = 3,
  width = 2,
  lr = 0.2,
  seed = 1,
}
trap { rank = 1, release = 0.1 }
local result = arrhenius {
  temperatures = small and { 3.9e-4, 3e-4 } or { 3.9e-4, 3e-4, 2.4e-4, 2e-4, 1.6e-4 },
  replicas = small and 64 or 256,
}
emit(result)
if arg[2] then plot(result, arg[2]) end
