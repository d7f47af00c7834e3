-- Question   At which L2 strength does a deep linear classifier forget each feature of real digits?
-- Quantity   L2 at which the k-th singular value collapses on a slow upward ramp, per mode.
-- Theory     Spinodals from the empirical second moments: the general formula for the first mode,
--            numerical continuation for the others (their inputs are far from white).
-- Run time   about 15 s (small: 1 s). Output: one record with a row per mode.

local small = arg[1] == "small"
local ratio = small and 1.05 or 1.02 -- one grid step of the ramp
local task = data.digits { classes = small and { 0, 1, 2 } or nil, seed = 1 }
experiment {
  data = task,
  depth = 3,
  width = task.outputs,
  init = "balanced",
  init_scale = 0.5,
  lr = 0.1,
}
local theory = phases().modes
local count = #theory

-- Learn everything without L2, then ramp up from below the lowest spinodal.
local weakest = math.huge
for _, mode in ipairs(theory) do weakest = math.min(weakest, mode.spinodal) end
train { steps = 200000, until_converged = 1e-4 }
local l2 = 0.8 * weakest
local last_alive = {} -- the largest L2 at which the k-th singular value had not collapsed
repeat
  set_l2(l2)
  local modes = train { steps = 40000, until_converged = 1e-7 }.modes
  for k = 1, count do
    if modes[k] > 3e-3 then last_alive[k] = l2 end
  end
  l2 = l2 * ratio
until modes[1] < 3e-3

local rows = {}
for k = 1, count do
  local alive = last_alive[k]
  rows[k] = {
    mode = k,
    singular = theory[k].singular,
    collapse_low = alive,
    collapse_high = alive and alive * ratio,
    theory = theory[k].spinodal,
    method = theory[k].method,
    within_one_step = alive
      and theory[k].spinodal > alive / ratio
      and theory[k].spinodal < alive * ratio ^ 2,
  }
end
emit { kind = "digits_phases", samples = task.samples, grid_step = ratio - 1, modes = rows }
if arg[2] then
  for _, row in ipairs(rows) do
    row.collapse = row.collapse_low and row.collapse_low * ratio ^ 0.5
    row.spinodal = row.theory
  end
  plot(rows, arg[2], { x = "mode", y = { "collapse", "spinodal" }, log = "y",
    title = "L2 at which each feature of the digits is forgotten" })
end
