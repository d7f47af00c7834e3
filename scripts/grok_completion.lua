-- Question   Does a delay between fitting and generalising need noise?
-- Quantity   Steps at which the training and the test error of matrix completion fall below 5 %.
-- Theory     None needed: full batch, no noise. Train by step 60, test between 2,000 and 12,000.
-- Run time   about 3 s on two cores (small: less than 1 s).
-- Output     One grok record a seed, with the sentence that no noise was involved.

local small = arg[1] == "small"

local results = {}
for seed = 1, small and 1 or 5 do
  experiment {
    data = data.completion { size = small and 10 or 20, rank = 1, fraction = 0.4, seed = seed },
    depth = 3,
    width = small and 10 or 20,
    init = "balanced",
    l2 = 3e-3,
    lr = 0.05,
  }
  results[seed] = grok { steps = small and 3000 or 12000, until_test = true }
  emit(results[seed])
end
if arg[2] then plot(results[1], arg[2]) end
