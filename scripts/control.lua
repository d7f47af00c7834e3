-- Question   Is a late escape carried by noise, or does a residual of the trap grow back by itself?
-- Quantity   Verdict of control for thorough and incomplete traps, and for a wide network.
-- Theory     Eyring-Kramers; minibatch noise keeps a collapsed set (arXiv 2305.16038); the delay of
--            a residual is integrated from the stored layers.
-- Run time   about 10 s on two cores (small: 2 s). Output: one control record a case.

local small = arg[1] == "small"
local replicas = small and 16 or 64

local results = {}

local function case(name, result)
  result.name = name
  results[#results + 1] = result
  emit(result)
end

-- Additive noise over a barrier.
experiment { data = data.population { singular = { 0.9, 0.8 } }, depth = 3, width = 2, lr = 0.2 }
trap { rank = 1, release = 0.1 }
case("Langevin noise", control { temperature = small and 4e-4 or 2e-4, replicas = replicas })

-- Minibatch noise in the same trap, complete: nothing ever leaves.
local task = data.gaussian { singular = { 0.9, 0.8 }, samples = 512, seed = 1 }
experiment { data = task, depth = 3, width = 2, lr = 0.08, batch = 64 }
trap { rank = 1, release = 0.1 }
case("thorough trap, minibatches", control {
  replicas = small and 4 or 16, max_steps = small and 2000 or 20000,
})

-- 25 samples, no noise at all, and a trap that was stopped early.
task = data.gaussian { singular = { 0.9, 0.8 }, samples = 25, seed = 22 }
experiment { data = task, depth = 3, width = 10, lr = 0.08, seed = 22 }
for _, steps in ipairs(small and { 300 } or { 240, 300, 340, 480 }) do
  reset { seed = 22 }
  set { lr = 0.08 }
  trap { rank = 1, l2 = 0.37, steps = steps, release = 0.0025 }
  set { lr = 0.1 }
  case("incomplete trap, " .. steps .. " steps", control { max_steps = 2e4, ladder = false })
end

-- A wide network leaves ballistically where one expects activation.
experiment { data = data.population { singular = { 0.9, 0.8 } }, depth = 3, width = 10, lr = 0.2 }
trap { rank = 1, release = 0.1, exact = true }
case("width 10", control { temperature = 3e-4, replicas = replicas, ladder = false })

if arg[2] then plot(results[1], arg[2]) end
