-- Question   Can noise alone carry a network to generalisation, long after it has fitted?
-- Quantity   t_train and t_test of a task with a rare feature, and its twin with the noise off.
-- Theory     Feature of variance .05: dE = 2.0164e-4 at l2 = .01; ln t_test rises with dE/T.
-- Run time   about 5 s on two cores (small: 1 s).
-- Output     One grok record a temperature, and the escape time of that step by measure_escape.

local small = arg[1] == "small"
local dE = 2.0164e-4
local task = data.teacher {
  singular = { 1, 1 },
  samples = 2000,
  test = 2000,
  input_spectrum = { 1, 0.05 },
  test_spectrum = { 1, 1 },
  seed = 1,
}
local result
for _, x in ipairs(small and { 3 } or { 3, 4, 5 }) do
  local net = experiment {
    data = task, depth = 3, width = 2, l2 = 0.01, lr = 0.3, temperature = dE / x,
    init_scale = 0.1, seed = 2,
  }
  result = grok { steps = small and 200000 or 1000000, until_test = true, below = 0.1 }
  emit(result)
  net:set { temperature = 0 }
  net:trap { rank = 1, release = 0.01, exact = true }
  emit(net:measure_escape { temperature = dE / x, replicas = small and 16 or 64 })
end
if arg[2] then plot(result, arg[2]) end
