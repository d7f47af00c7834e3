--- Several measurements of one escape as one sample: the same state left under the same dynamics,
--- with other seeds or streams. Refuses results that differ in anything else, and replicas that are
--- there twice.
---
---     local a = measure_escape { temperature = 2e-4, seed = 1 }
---     local b = measure_escape { temperature = 2e-4, seed = 2 }
---     print(escape.combine { a, b })
local kramers = ...

-- What must agree; max_steps may differ, because censoring at any time is honest.
local settings = {
  "origin", "l2", "lr", "batch", "replacement", "temperature", "gradient_noise", "label_noise",
  "optimizer", "momentum", "precision", "observable", "mode", "threshold", "every",
}
-- What is taken over from the first result.
local kept = {
  "depth", "widths", "theory", "theory_error", "theory_reason", "barrier", "temperature_power",
  "effective_temperature", "epochs_per_step", "thermal_floor",
}

local refuse = kramers.refuse

local function check(results)
  if #results == 0 then refuse("takes a list of results of measure_escape") end
  local seen = {}
  for i, r in ipairs(results) do
    if type(r) ~= "table" or r.kind ~= "escape" then
      refuse("item %d is no result of measure_escape", i)
    end
    if r.method == "splitting" then
      refuse("result %d is by splitting, which has no escape times to combine", i)
    end
    for _, name in ipairs(settings) do
      if r[name] ~= results[1][name] then
        local what = name == "origin" and "the state that was left (origin)" or name
        refuse("results 1 and %d differ in %s: %s and %s", i, what, results[1][name], r[name])
      end
    end
    local key = ("%s/%s"):format(r.seed, r.stream)
    if seen[key] then
      refuse("results %d and %d have the same seed %s and stream %s: the same replicas twice",
        seen[key], i, r.seed, r.stream)
    end
    seen[key] = i
  end
end

local function combine(results)
  if type(results) ~= "table" then
    refuse("takes a list of results of measure_escape")
  end
  check(results)
  local first, times, escaped, seeds, diverged = results[1], {}, {}, {}, 0
  local outcome = "completed"
  for i, r in ipairs(results) do
    table.move(r.times, 1, #r.times, #times + 1, times)
    table.move(r.escaped, 1, #r.escaped, #escaped + 1, escaped)
    seeds[i] = r.seed
    diverged = diverged + (r.diverged or 0)
    if r.outcome ~= "completed" then outcome = r.outcome end
  end
  local sum = kramers.escape_statistics(times, escaped, first.seed)
  for _, list in ipairs { settings, kept } do
    for _, name in ipairs(list) do sum[name] = first[name] end
  end
  sum.kind, sum.method, sum.outcome = "escape", "direct", outcome
  sum.times, sum.escaped, sum.seeds, sum.combined = times, escaped, seeds, #results
  sum.diverged = diverged > 0 and diverged or nil
  sum.tau_time = sum.tau * first.lr
  sum.tau_epochs = sum.tau * first.epochs_per_step
  return sum
end

return {
  entry = {
    summary =
      "several results of measure_escape as one sample: same state and settings, other "
      .. "seeds or streams; refuses results that differ in anything else",
    plain = true,
    usage = "escape.combine{r1, r2, ...}",
    returns = "kind=\"escape\" over all replicas, with seeds and combined (how many results)",
    example = [[
experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
  l2 = 0.3, lr = 0.2 }
local dE = 0.0139
local a = measure_escape { temperature = dE / 2, replicas = 32, seed = 1 }
local b = measure_escape { temperature = dE / 2, replicas = 32, seed = 2 }
print(escape.combine { a, b }.summary)
]],
    see_also = { "measure_escape" },
  },
  body = combine,
}
