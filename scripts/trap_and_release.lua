-- Question   Does a network trapped by L2 in the zero phase of a feature leave it, and by what?
-- Quantity   Escape times (steps) of mode 2: with additive noise, and with minibatch noise alone.
-- Theory     Spinodals of a deep linear network; Eyring-Kramers for the additive noise; minibatch
--            noise alone cannot leave a collapsed trap (Wang and Jacot, arXiv 2305.16038).
-- Run time   about 1 s on two cores (small: less). Output: phases, certificate, two measurements.

local small = arg[1] == "small"
local replicas = small and 32 or 256

local task = data.gaussian { singular = { 0.9, 0.8 }, samples = 512, test = 512, seed = 1 }
experiment { data = task, depth = 3, width = 2, lr = 0.2, seed = 42 }

emit(phases())
emit(trap { rank = 1, release = 0.1 })

-- Additive noise at a fixed temperature: activated escape, beside its theory.
local escape = measure_escape { temperature = small and 4e-4 or 2e-4, replicas = replicas }
emit(escape)
if arg[2] then plot(escape, arg[2]) end

-- Minibatch noise alone, from the same state: no replica escapes; the rate has an upper end only.
emit(measure_escape { batch = 64, lr = 0.08, replicas = small and 8 or 32, max_steps = 1e5 })
