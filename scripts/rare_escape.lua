-- Question   How long does an escape take that nobody can wait for?
-- Quantity   Mean escape time by adaptive multilevel splitting; brute force where it is affordable.
-- Theory     Eyring-Kramers for the scalar chain (dE = .01389806); none is trusted for 3x3x3.
-- Run time   about 60 s on two cores (small: 2 s). Output: one escape record a case.

local small = arg[1] == "small"
local dE = 0.01389806

experiment { data = data.population { singular = { 1 } }, depth = 3, width = 1, init = "zero",
  l2 = 0.3, lr = 0.2, seed = 3 }
local rows = {}
for _, x in ipairs(small and { 6, 10 } or { 6, 10, 14, 17 }) do
  local e = measure_escape {
    temperature = dE / x,
    method = "splitting",
    threshold = 0.3,
    every = 1,
    replicas = small and 50 or 400,
    runs = small and 6 or 20,
  }
  emit(e)
  rows[#rows + 1] = { barrier_over_T = x, tau = e.tau, tau_low = e.tau_low, tau_high = e.tau_high,
    theory = e.theory }
end

experiment { data = data.population { singular = { 0.9, 0.6, 0.3 } }, depth = 3, width = 3,
  init = "zero", l2 = 0.25, lr = 0.2, seed = 3 }
for _, temperature in ipairs(small and { 1e-3 } or { 9e-4, 4.5e-4 }) do
  emit(measure_escape {
    temperature = temperature,
    method = "splitting",
    replicas = small and 20 or 200,
    runs = small and 4 or 20,
  })
end
if arg[2] then
  plot(rows, arg[2], { x = "barrier_over_T", y = { "tau", "theory" }, log = "y",
    title = "Escape times of the scalar chain by splitting" })
end
