--- Two measurements of escapes side by side, as those of a drug and of none: whether they have one
--- survival curve, the ratio of their rates, and how many steps their means are apart.
---
---     local a = measure_escape { temperature = 2e-4, seed = 1 }
---     local b = measure_escape { temperature = 3e-4, seed = 2 }
---     print(escape.compare { a, b })
local kramers = ...
local refuse = kramers.refuse

local function check(r, i)
  if type(r) ~= "table" or r.kind ~= "escape" then
    refuse("item %d is no result of measure_escape", i)
  end
  if r.method == "splitting" then
    refuse("result %d is by splitting, which has no escape times to compare", i)
  end
  if r.deterministic then refuse("result %d has no noise: its one time is no sample", i) end
  if r.reason then refuse("result %d has no escape time: %s", i, r.reason) end
  if #r.times == 0 then refuse("result %d was stopped before a replica had ended", i) end
end

local function sample(r)
  local looks = {}
  for k in ipairs(r.times) do looks[k] = r.every end
  return { times = r.times, escaped = r.escaped, looks = looks }
end

--- Whether replicas of both read the same random numbers.
local function shares_numbers(a, b)
  if a.stream ~= b.stream then return false end
  for _, first in ipairs(a.seeds or { a.seed }) do
    for _, second in ipairs(b.seeds or { b.seed }) do
      if first == second then return true end
    end
  end
  return false
end

local function same_times(a, b)
  for k = 1, math.max(#a.times, #b.times) do
    if a.times[k] ~= b.times[k] or a.escaped[k] ~= b.escaped[k] then return false end
  end
  return true
end

--- What they differ in, with both values.
local function differences(a, b)
  local words = {}
  local function look(name, is_named)
    local x, y = a[name], b[name]
    if x ~= y then
      words[#words + 1] = is_named and name
        or ("%s %s and %s"):format(name, tostring(x), tostring(y))
    end
  end
  for _, name in ipairs(kramers.settings) do look(name) end
  for _, name in ipairs { "observable", "direction", "mode", "threshold", "dwell", "every",
    "depth" } do look(name) end
  look("observable_source", true)
  look("origin", true)
  return words
end

local function warnings(a, b, sum)
  local words = {}
  local function warn(...) words[#words + 1] = string.format(...) end
  if shares_numbers(a, b) then
    warn("both have seed %s and stream %s: replicas with the same random numbers are not "
      .. "independent, which test and intervals take for granted", a.seed, a.stream)
  end
  for i, r in ipairs { a, b } do
    if r.exponential_p and r.exponential_p < 0.05 then
      warn("the times of result %d are not exponential (p = %.2g), which the ratio of rates takes "
        .. "for granted", i, r.exponential_p)
    end
    if (r.diverged or 0) > 0 then
      warn("%d replicas of result %d diverged and count as censored", r.diverged, i)
    end
    if r.outcome == "interrupted" then warn("result %d was interrupted", i) end
  end
  if a.lr ~= b.lr then warn("lr differs: a step is not the same time in both") end
  if sum.dropped > 0 then
    warn("%d escapes in looks that not all replicas had count as censored in test and means",
      sum.dropped)
  end
  return words[1] and table.concat(words, "; ") or nil
end

local function compare(results)
  if type(results) ~= "table" or #results ~= 2 then
    refuse("takes a list of two results of measure_escape")
  end
  local a, b = results[1], results[2]
  for i, r in ipairs(results) do check(r, i) end
  if shares_numbers(a, b) and same_times(a, b) then
    refuse("results 1 and 2 are the same replicas: seed %s, stream %s, and equal times", a.seed,
      a.stream)
  end
  local sum = kramers.escape_comparison(sample(a), sample(b))
  if sum.horizon == 0 then -- no look in common: the means are not known
    sum.difference, sum.difference_low, sum.difference_high = nil, nil, nil
  end
  local expected = { sum.expected, a.escapes + b.escapes - sum.expected }
  for i, r in ipairs(results) do
    local row = sum.samples[i]
    row.name = "result " .. i
    for _, name in ipairs { "replicas", "escapes", "censored", "tau", "tau_low", "tau_high",
      "median", "exponential_p", "seed", "stream" } do row[name] = r[name] end
    row.expected = expected[i]
    -- An `_error` is a share of its value wherever results are shown; this one is in steps.
    row.restricted_mean_se, row.restricted_mean_error = row.restricted_mean_error, nil
  end
  local differ = differences(a, b)
  sum.expected = nil
  sum.kind, sum.outcome = "escape_comparison", "completed"
  sum.differ = differ[1] and table.concat(differ, ", ") or nil
  sum.warning = warnings(a, b, sum)
  local test = sum.log_rank_p and ("log-rank p = %.3g"):format(sum.log_rank_p)
    or "no log-rank test: no escape while both were at risk"
  sum.summary = sum.ratio
    and ("ratio of rates %.4g (%.4g ... %.4g), %s"):format(sum.ratio, sum.ratio_low,
      sum.ratio_high, test)
    or "no ratio of rates, " .. test
  return sum
end

return {
  entry = {
    summary = "whether two measurements of escapes differ, and by how much: log-rank test, ratio "
      .. "of rates, difference of restricted means; looks and censoring are taken as they are",
    plain = true,
    usage = "escape.compare{r1, r2}",
    returns = "kind=\"escape_comparison\": log_rank (chi squared, 1 degree of freedom; ties as "
      .. "in grouped data) with log_rank_p; ratio of the rates, first over second, with ratio_low "
      .. "and ratio_high (likelihood ratio, both exponential); difference of the mean times up to "
      .. "horizon, first less second, in steps, with difference_low and difference_high (what "
      .. "looks leave open widens it); samples = rows replicas, escapes, censored, expected (by "
      .. "one curve), tau, median, restricted_mean with restricted_mean_se; differ: the settings "
      .. "that differ; dropped: escapes behind the last look that both had; warning",
    answer = {
      kind = "escape_comparison",
      fields = { "differ", "samples: escapes expected tau median restricted_mean",
        "difference steps", "horizon steps", "log_rank", "warning" },
      summary = { "{summary}" },
    },
    example = [[
experiment { data = data.population { singular = {1} }, depth = 3, width = 1, init = "zero",
  l2 = 0.3, lr = 0.2 }
local a = measure_escape { temperature = 0.006, replicas = 32, seed = 1 }
local b = measure_escape { temperature = 0.005, replicas = 32, seed = 2 }
print(escape.compare { a, b }.summary)
]],
    see_also = { "measure_escape", "escape.combine" },
  },
  body = compare,
}
