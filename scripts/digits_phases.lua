-- Question   At which L2 strength does a deep linear classifier forget each feature of real digits?
-- Quantity   L2 at which the k-th singular value collapses on a slow upward ramp, per mode.
-- Theory     Spinodals from the empirical second moments: the general formula for the first mode,
--            numerical continuation for the others (their inputs are far from white).
-- Run time   about 60 s (small: 5 s). Output: one record with a row per mode.

local small = arg[1] == "small"
local task = data.digits { classes = small and { 0, 1, 2 } or nil, seed = 1 }
local modes = task.outputs
local x = experiment {
  data = task,
  depth = 3,
  width = modes,
  init = "balanced",
  init_scale = 0.5,
  lr = 0.02,
}
local theory = phases()
-- placeholder: ramp
emit { kind = "digits_phases", modes = theory.modes, experiment = tostring(x) }
