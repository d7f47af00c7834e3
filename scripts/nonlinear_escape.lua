-- Question   Is a feature of a tanh network lost by activation, over the saddle of its own branch?
-- Quantity   Escape times from the learned state at three temperatures, and their Arrhenius slope.
-- Theory     Barrier and both Hessians at the saddle that continuation meets beyond the fold:
--            Eyring-Kramers, nothing fitted. The verdict is that of control.
-- Run time   about 3 min on two cores (small: 20 s). Output: a nonlinear_escape record.

local small = arg[1] == "small"

-- Two features of different strength on a grid of 25 points.
local function tanh(z) return 1 - 2 / (math.exp(2 * z) + 1) end
local x, y = {}, {}
for i = -2, 2 do
  for j = -2, 2 do
    local a, b = 0.75 * i, 0.75 * j
    x[#x + 1], y[#y + 1] = { a, b }, { 1.2 * tanh(1.5 * a), 0.7 * tanh(1.5 * b) }
  end
end
experiment {
  data = data.from { x = x, y = y }, widths = { 2, 3, 3, 2 }, activation = "tanh",
  init = "balanced", l2 = 0.02, lr = 0.2, seed = 1,
}
train { steps = 2000 }
settle()

-- Up to just below the fold of the weaker feature, and the way out of the state there.
local l2 = 0.174
local first = phases().transitions[1]
local followed = continuation { to = l2, branches = 1 }
for i, point in ipairs(followed.points) do
  if point.branch == 1 and point.l2 == l2 then followed:state(i) end
end
local way = barrier { method = "continuation" }
local threshold = way.saddle / 2

local temperatures = {}
for i, ratio in ipairs(small and { 4, 5, 6 } or { 5, 6, 7 }) do
  temperatures[i] = way.height / ratio
end
local law = arrhenius {
  temperatures = temperatures, mode = first.mode, direction = "down", threshold = threshold,
  replicas = small and 32 or 192, max_steps = 100000000,
}
local rows = {}
for i, point in ipairs(law.points) do
  rows[i] = {
    temperature = temperatures[i], dE_over_T = way.height / temperatures[i], tau = point.tau,
    tau_low = point.tau_low, tau_high = point.tau_high, theory = way:time(temperatures[i]),
  }
end
-- The twin without noise is waited for ten times as long.
local longest = law.points[#law.points].tau
set { temperature = temperatures[1] }
local verdict = control {
  mode = first.mode, direction = "down", threshold = threshold, ladder = false,
  temperatures = temperatures, replicas = small and 32 or 128, max_steps = math.ceil(10 * longest),
}
emit {
  kind = "nonlinear_escape", l2 = l2, mode = first.mode, spinodal = first.spinodal,
  barrier = way.height, saddle_index = way.saddle_index, slope = law.barrier,
  slope_low = law.barrier_low, slope_high = law.barrier_high, points = rows,
  simplest = law.simplest, verdict = verdict.verdict, open = verdict.open,
}
if arg[2] then plot(law, arg[2]) end
