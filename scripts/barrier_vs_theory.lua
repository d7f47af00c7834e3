-- Question   Is the aligned, balanced path over the barrier really the lowest one?
-- Quantity   Barrier by strings from random misaligned paths in the full weight space; index.
-- Theory     Closed form and exact states of deep linear networks: equal, index 1, rotations as
--            zero modes. A tanh network has a lower saddle than the aligned one.
-- Run time   about 15 s (small: 4 s). Output: a barrier_comparison record per network.

local small = arg[1] == "small"

local cases = {
  { singular = { 1, 0.7, 0.4 }, widths = { 3, 3, 3, 3 }, l2 = 0.2, mode = 1 },
  { singular = { 0.9, 0.6 }, widths = { 2, 3, 3, 2 }, l2 = 0.1, mode = 2 },
  { singular = { 0.9, 0.5 }, widths = { 3, 4, 2, 2 }, l2 = 0.1, mode = 1 },
  { singular = { 1.2, 0.4 }, widths = { 2, 3, 2, 3, 2 }, l2 = 0.2, mode = 1 },
}
local first
for i = 1, small and 1 or #cases do
  local case = cases[i]
  local task = data.population {
    singular = case.singular, inputs = case.widths[1], outputs = case.widths[#case.widths],
  }
  experiment {
    data = task, widths = case.widths, l2 = case.l2, init = "zero", lr = 0.1, seed = i,
  }
  local b = barrier { mode = case.mode, method = "string", paths = small and 1 or 4 }
  first = first or b
  emit {
    kind = "barrier_comparison",
    widths = case.widths,
    mode = b.mode,
    height = b.height,
    theory = b.theory,
    relative_difference = b.height / b.theory - 1,
    heights = b.heights,
    saddle_index = b.saddle_index,
    zero_modes = b.zero_modes,
  }
end

-- y = 1.5 tanh(1.2 tanh(1.2 x)), three hidden units a layer: using all of them is cheaper.
local function tanh(z) return 1 - 2 / (math.exp(2 * z) + 1) end
local x, y = {}, {}
for n = 1, 16 do
  local z = -2 + 4 * (n - 0.5) / 16
  x[n], y[n] = { z }, { 1.5 * tanh(1.2 * tanh(1.2 * z)) }
end
experiment {
  data = data.from { x = x, y = y },
  widths = { 1, 3, 3, 1 },
  activation = "tanh",
  init_scale = 2,
  lr = 0.2,
  l2 = 0.02,
  seed = 4,
}
train { steps = 50000, until_converged = 1e-9 }
sweep { l2 = { 0.1, 0.15, 0.2 } }
local b = barrier { paths = small and 1 or 4 }
emit {
  kind = "barrier_comparison",
  widths = current().widths,
  height = b.height,
  heights = b.heights,
  saddle_index = b.saddle_index,
  zero_modes = b.zero_modes,
  aligned = b.aligned,
  theory_reason = b.theory_reason,
}
if arg[2] then plot(first, arg[2]) end
