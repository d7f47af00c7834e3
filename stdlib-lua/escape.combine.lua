--- Several measurements of one escape as one sample: the same state left under the same dynamics,
--- with other seeds or streams. Looks may differ in length: each time counts as known within its
--- own. Refuses results that differ in anything else, and replicas that are there twice. Where
--- replicas diverged there is no escape time, unless all results were made with allow_diverged.
---
---     local a = measure_escape { temperature = 2e-4, seed = 1 }
---     local b = measure_escape { temperature = 2e-4, seed = 2 }
---     print(escape.combine { a, b })
local kramers = ...

-- What must agree; max_steps and every may differ, because censoring at any time and looks of any
-- length are honest.
local settings = { "origin" }
for _, list in ipairs { kramers.settings, { "observable", "observable_source", "direction",
  "mode", "threshold", "dwell" } } do
  table.move(list, 1, #list, #settings + 1, settings)
end
-- What is taken over from the first result.
local kept = {
  "depth", "widths", "theory", "theory_error", "theory_reason", "theory_method", "theory_others",
  "phi", "phi_frozen", "barrier", "temperature_power",
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
    if r.deterministic then
      refuse("result %d has no noise: its one time is no sample", i)
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
  local first, times, escaped, looks, seeds, diverged = results[1], {}, {}, {}, {}, 0
  local outcome, allowed, coarsest, warnings = "completed", true, 0, {}
  local returns, returned, followed
  for i, r in ipairs(results) do
    table.move(r.times, 1, #r.times, #times + 1, times)
    table.move(r.escaped, 1, #r.escaped, #escaped + 1, escaped)
    for k = #looks + 1, #times do looks[k] = r.every end
    coarsest = math.max(coarsest, r.every)
    seeds[i] = r.seed
    diverged = diverged + (r.diverged or 0)
    -- Where nobody looked in one of them, the number of all is not known.
    if i == 1 or returns then
      returns = r.returns and (returns or 0) + r.returns
    end
    if r.followed then
      followed, returned = (followed or 0) + r.followed, (returned or 0) + r.returned
    end
    allowed = allowed and r.allow_diverged or false
    if r.outcome == "interrupted" then outcome = r.outcome end
    if r.warning then warnings[#warnings + 1] = ("result %d: %s"):format(i, r.warning) end
  end
  if diverged > 0 and not allowed then outcome = "diverged" end
  local sum = kramers.escape_statistics {
    times = times, escaped = escaped, looks = looks, diverged = diverged,
    allow_diverged = allowed, seed = first.seed,
  }
  for _, list in ipairs { settings, kept } do
    for _, name in ipairs(list) do sum[name] = first[name] end
  end
  sum.kind, sum.method, sum.outcome = "escape", "direct", outcome
  sum.times, sum.escaped, sum.seeds, sum.combined = times, escaped, seeds, #results
  sum.returns, sum.returned, sum.followed = returns, returned, followed
  sum.every, sum.allow_diverged = coarsest, allowed or nil
  sum.warning = warnings[1] and table.concat(warnings, "; ") or nil
  sum.tau_time = sum.tau and sum.tau * first.lr
  sum.tau_epochs = sum.tau and sum.tau * first.epochs_per_step
  return sum
end

return {
  entry = {
    summary =
      "several results of measure_escape as one sample: same state and settings, other "
      .. "seeds or streams, looks of any length; refuses results that differ in anything "
      .. "else",
    plain = true,
    usage = "escape.combine{r1, r2, ...}",
    returns = "kind=\"escape\" over all replicas, with seeds and combined (how many results); "
      .. "returns, returned and followed add up",
    example = [[
experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
  l2 = 0.3, lr = 0.2 }
local dE = 0.0139
local a = measure_escape { temperature = dE / 2, replicas = 32, seed = 1 }
local b = measure_escape { temperature = dE / 2, replicas = 32, seed = 2 }
print(escape.combine { a, b }.summary)
]],
    see_also = { "measure_escape", "escape.compare" },
  },
  body = combine,
}
