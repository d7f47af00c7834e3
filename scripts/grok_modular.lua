-- Question   Does a quadratic network need noise to generalise late on modular addition?
-- Quantity   Steps to 95 % training and test accuracy, and to half of the weights' Fourier power in
--            one frequency a unit, in minibatches and with noise off, both kinds of weight decay.
-- Theory     The solution of Gromov (arXiv 2301.02679): each unit one frequency, its share 1.
-- Run time   about 2 min on two cores (small: 10 s). Output: a grok_modular record an optimiser.

local small = arg[1] == "small"
local p = small and 11 or 31
local width = small and 48 or 128

--- The mean over hidden units of the largest share that one frequency has of the power of weights
--- from the first summand, without their mean.
local function fourier(x)
  local sum, units = 0, 0
  for _, row in ipairs(x:weights(1)) do
    local total, largest = 0, 0
    for k = 1, (p - 1) // 2 do
      local a, b = 0, 0
      for n = 1, p do
        a = a + row[n] * math.cos(2 * math.pi * k * n / p)
        b = b + row[n] * math.sin(2 * math.pi * k * n / p)
      end
      total, largest = total + a * a + b * b, math.max(largest, a * a + b * b)
    end
    if total > 0 then sum, units = sum + largest / total, units + 1 end
  end
  return sum / math.max(units, 1)
end

local function times(options)
  local x = experiment(options)
  local result = {}
  local run = x:train {
    steps = small and 2000 or 4000,
    every = 20,
    observe = function(y) return { fourier = fourier(y) } end,
  }
  for _, row in ipairs(run.trace) do
    if row.accuracy >= 0.95 then result.train = result.train or row.step end
    if row.test_accuracy >= 0.95 then result.test = result.test or row.step end
    if row.fourier >= 0.5 then result.fourier = result.fourier or row.step end
  end
  result.share = run.trace[#run.trace].fourier
  return result, run
end

local curve
for _, decay in ipairs { { "adamw", 1 }, { "adam", 1e-4 } } do
  local rows = {}
  for seed = 1, small and 1 or 5 do
    local options = {
      data = data.modular { p = p, fraction = small and 0.7 or 0.5, seed = seed },
      widths = { 2 * p, width, p },
      activation = "quadratic",
      optimizer = decay[1],
      l2 = decay[2],
      lr = 0.005,
      batch = 64,
      seed = seed,
    }
    local noisy, run = times(options)
    options.batch = "full"
    local quiet = times(options)
    curve = curve or run
    rows[seed] = {
      seed = seed,
      t_train = noisy.train, t_test = noisy.test, t_fourier = noisy.fourier, share = noisy.share,
      quiet_train = quiet.train, quiet_test = quiet.test, quiet_fourier = quiet.fourier,
      quiet_share = quiet.share,
    }
  end
  emit { kind = "grok_modular", optimizer = decay[1], l2 = decay[2], p = p, width = width,
    seeds = rows }
end
if arg[2] then
  plot(curve.trace, arg[2], { x = "step", y = { "accuracy", "test_accuracy", "fourier" },
    title = "Modular addition: accuracies, and the share of one frequency" })
end
