-- Question   Which training programme generalises sooner when a rare feature is trapped?
-- Quantity   Steps until the test error is below 10 % of the zero map's, per programme, same seeds.
-- Theory     tau ~ exp(dE/T)/lr, so heat shortens the wait; without L2 there is no trap at all.
-- Run time   about 20 s on two cores (small: 2 s). Output: one accelerate record.

local small = arg[1] == "small"
local dE = 2.0164e-4
local task = data.teacher {
  singular = { 1, 1 },
  samples = 1000,
  test = 1000,
  input_spectrum = { 1, 0.05 },
  test_spectrum = { 1, 1 },
  seed = 1,
}
experiment { data = task, depth = 3, width = 2, l2 = 0.01, lr = 0.3, temperature = dE / 3.5,
  init_scale = 0.1 }
local result = accelerate {
  seeds = small and 4 or 16,
  max_steps = small and 200000 or 1000000,
  below = 0.1,
  programmes = {
    { name = "constant" },
    { name = "half the learning rate", lr = 0.15 },
    { name = "heat pulses", temperature = {
      pulse = dE / 2, base = dE / 3.5, length = 2000, period = 10000 } },
    { name = "L2 ramp", l2 = { { 0, 0.01 }, { 20000, 0.002 }, shape = "ramp" }, grain = 100 },
    { name = "no L2", l2 = 0 },
  },
}
emit(result)
if arg[2] then plot(result, arg[2]) end
