-- Question   Is a feature of a tanh network lost by activation, over the saddle of its own branch?
-- Quantity   Escape times from the learned state at four temperatures, and their Arrhenius slope,
--            at two L2 strengths below the fold; thresholds are those of the saddle.
-- Theory     Barrier and both Hessians at the saddle that continuation meets beyond the fold:
--            Eyring-Kramers, nothing fitted. The verdict is that of control.
-- Run time   5 min on two cores (small: 15 s). Output: a nonlinear_escape record.

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
local first = phases().transitions[1]

local places, law = {}, nil
for place, l2 in ipairs(small and { 0.174 } or { 0.168, 0.174 }) do
  set { l2 = l2 }
  settle()
  local way = barrier { method = "continuation" }
  local temperatures = {}
  for i, ratio in ipairs(small and { 5, 6, 7 } or { 5, 6, 7, 8 }) do
    temperatures[i] = way.height / ratio
  end
  law = arrhenius {
    temperatures = temperatures, mode = first.mode, replicas = small and 32 or 400,
    max_steps = 100000000,
  }
  local rows = {}
  for i, point in ipairs(law.points) do
    rows[i] = {
      temperature = temperatures[i], dE_over_T = way.height / temperatures[i], tau = point.tau,
      tau_low = point.tau_low, tau_high = point.tau_high, theory = point.theory,
      theory_error = point.theory_error, reason = point.theory_reason,
    }
  end
  -- The twin without noise is waited for ten times as long.
  local verdict = control {
    temperature = temperatures[1], mode = first.mode, ladder = false, temperatures = temperatures,
    replicas = small and 32 or 128, max_steps = math.ceil(10 * law.points[#law.points].tau),
  }
  places[place] = {
    l2 = l2, barrier = way.height, saddle_index = way.saddle_index, slope = law.barrier,
    slope_low = law.barrier_low, slope_high = law.barrier_high, expected = law.theory.slope,
    simplest = law.simplest, points = rows, verdict = verdict.verdict, open = verdict.open,
  }
end
emit {
  kind = "nonlinear_escape", mode = first.mode, spinodal = first.spinodal, places = places,
}
if arg[2] then plot(law, arg[2]) end
