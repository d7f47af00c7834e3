-- Question   Does plain minibatch noise make a learned feature collapse, and when?
-- Quantity   Mean time until the weakest mode has collapsed, 64 to 1000 replicas a point.
-- Theory     One-dimensional first passage over the saddle with the noise of the data and
--            the fluctuations of the other modes; nothing is fitted.
-- Run time   about 30 s on two cores (small: 2 s). Output: one escape record a point.

local small = arg[1] == "small"
local rows = {}

--- The state with all modes learned at `share` of the last one's spinodal, and its collapse.
local function collapse(name, d, width, mode, share, lr, batch)
  experiment { data = d, depth = 3, width = width, lr = lr, batch = batch, replacement = true }
  set_l2(share * phases().modes[mode].spinodal)
  trap { rank = mode, exact = true }
  local e = measure_escape { mode = mode, replicas = small and 64 or 1000, every = 2 }
  emit(e)
  rows[#rows + 1] = { name = name, l2 = e.l2, lr = lr, batch = batch, phi = e.phi, tau = e.tau,
    tau_low = e.tau_low, tau_high = e.tau_high, theory = e.theory }
end

local chain = data.gaussian { singular = { 0.8 }, samples = 512, seed = 11 }
for _, p in ipairs(small and { { 0.97, 0.1, 8 } } or {
  { 0.97, 0.1, 8 }, { 0.97, 0.1, 16 }, { 0.97, 0.05, 8 }, { 0.93, 0.1, 4 }, { 0.93, 0.2, 8 } }) do
  collapse("chain", chain, 1, 1, p[1], p[2], p[3])
end
local two = data.gaussian { singular = { 0.88, 0.64 }, samples = 512, seed = 3 }:whiten()
for _, p in ipairs(small and { { 0.97, 0.1, 4 } } or {
  { 0.97, 0.1, 8 }, { 0.95, 0.1, 8 }, { 0.95, 0.1, 16 } }) do
  collapse("two modes", two, 2, 2, p[1], p[2], p[3])
end
if arg[2] then
  plot(rows, arg[2], { x = "phi", y = { "tau", "theory" }, log = "y",
    title = "Collapse of a learned mode under minibatch noise" })
end
