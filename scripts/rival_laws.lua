-- Question   Which law do escape times obey: a clock, Arrhenius' law, a power of T, or Arrhenius'
--            with a prefactor? And does the noise enter through lr/B alone?
-- Quantity   Likelihood-ratio tests and AIC weights over the same censored data, in lr * steps.
-- Theory     Eyring-Kramers for the rank-1 trap of width 2 (dE = 7.8317e-4); T = lr sigma^2 / 2B.
-- Run time   about 15 s on two cores (small: 1 s). Output: arrhenius records over T and lr x B.

local small = arg[1] == "small"

-- Two orders of magnitude in the escape time by six temperatures.
experiment { data = data.population { singular = { 0.9, 0.8 } }, depth = 3, width = 2, lr = 0.2 }
trap { rank = 1, release = 0.1 }
local result = arrhenius {
  temperatures = small and { 3.9e-4, 3e-4, 2.3e-4 }
    or { 3.9e-4, 3.1e-4, 2.3e-4, 1.8e-4, 1.45e-4, 1.2e-4 },
  replicas = small and 32 or 128,
}
emit(result)
if arg[2] then plot(result, arg[2], { rivals = true }) end

-- Learning rate and batch varied independently: per-sample gradient noise on a scalar chain.
-- Equal samples have no minibatch noise of their own.
local ones = {}
for i = 1, 8 do ones[i] = { 1 } end
experiment { data = data.from { x = ones, y = ones }, depth = 3, width = 1, init = "zero",
  l2 = 0.3 }
emit(arrhenius {
  lrs = small and { 0.1, 0.2 } or { 0.15, 0.2, 0.25 },
  batches = small and { 3 } or { 3, 4 },
  replacement = true,
  gradient_noise = math.sqrt(0.1),
  threshold = 0.3,
  every = 1,
  replicas = small and 16 or 64,
  max_steps = small and 1e5 or 1e6,
})
